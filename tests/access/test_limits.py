"""Limits on guessing, one-time links, and whom a header is believed from."""

from __future__ import annotations

import pytest

from deployforge_tasks.access.attempts import LIMIT, Attempts
from deployforge_tasks.access.links import LASTS, Link
from deployforge_tasks.access.proxy import Proxies
from deployforge_tasks.access.way_in import check_way_in, in_the_clear
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.project.schema_dashboard import Dashboard


class Hands:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_some_failed_tries_an_address_has_to_wait_until_the_first_is_forgotten() -> None:
    clock = Hands()
    attempts = Attempts(clock)
    for _ in range(LIMIT):
        assert attempts.wait("192.0.2.7") == 0
        attempts.failed("192.0.2.7")
    assert attempts.wait("192.0.2.7") == 300
    clock.now += 300
    assert attempts.wait("192.0.2.7") == 0


def test_another_address_does_not_wait() -> None:
    attempts = Attempts()
    for _ in range(LIMIT):
        attempts.failed("192.0.2.7")
    assert attempts.wait("192.0.2.8") == 0


def test_the_many_addresses_of_one_visitor_count_together() -> None:
    attempts = Attempts()
    for number in range(LIMIT):
        attempts.failed(f"2001:db8::{number}")
    assert attempts.wait("2001:db8::ffff") > 0
    assert attempts.wait("2001:db8:0:1::1") == 0


def test_signing_on_makes_failed_tries_forgotten() -> None:
    attempts = Attempts()
    for _ in range(LIMIT):
        attempts.failed("192.0.2.7")
    attempts.succeeded("192.0.2.7")
    assert attempts.wait("192.0.2.7") == 0


def test_a_link_is_good_once() -> None:
    link = Link()
    value = link.new()
    assert not link.use("guess")
    assert link.use(value)
    assert not link.use(value)


def test_a_link_is_good_for_minutes() -> None:
    clock = Hands()
    link = Link(clock)
    value = link.new()
    clock.now += LASTS
    assert not link.use(value)


def test_a_new_link_ends_the_one_before() -> None:
    link = Link()
    first, second = link.new(), link.new()
    assert not link.use(first)
    assert link.use(second)


def test_before_the_first_link_nothing_is_good() -> None:
    assert not Link().use("")


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("192.0.2.7", "10.0.0.1", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "1.1.1.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ("", "192.0.2.7", ""),
    ],
)
def test_a_visitor_comes_from_the_last_address_that_is_no_proxy_of_ours(peer: str, forwarded: str, origin: str) -> None:
    assert Proxies(["10.0.0.0/24"]).origin(peer, forwarded) == origin


def test_an_address_of_a_proxy_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match=r"`proxy\.example`") as caught:
        Proxies(["proxy.example"])
    assert caught.value.code == "DF3513"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_on_this_machine_alone_the_terminal_is_enough(host: str) -> None:
    check_way_in(Dashboard(), host)


@pytest.mark.parametrize(("auth", "code"), [("oidc", "DF3511"), ("proxy", "DF3512"), ("local", "DF3510")])
def test_a_way_in_that_is_not_written_is_told(auth: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_way_in(Dashboard.model_validate({"auth": auth}), "0.0.0.0")
    assert caught.value.code == code


def test_signing_on_over_a_network_without_encryption_is_noticed() -> None:
    assert in_the_clear(Dashboard(auth="token"), "0.0.0.0")
    assert not in_the_clear(Dashboard(auth="token", url="https://deploy.example"), "0.0.0.0")
    assert not in_the_clear(Dashboard(), "127.0.0.1")
