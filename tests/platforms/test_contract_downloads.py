"""What every platform promises about download counts: a number comes only from a clear answer of its source.

As in `test_contract`, every platform that the registry finds is checked; one that counts needs a source in
`tests.support.counts`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Kind
from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.effects.http import is_loopback
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.server import Reply, Request
from tests.platforms.test_contract import NAMES, UNCLEAR
from tests.support.canaries import found_in
from tests.support.cases import running
from tests.support.counts import SOURCES, Counted, counted, numbers
from tests.support.faults import OUTAGE_PAGE
from tests.support.jobs import make_job

COUNTING = sorted(SOURCES)
GARBAGE = {
    "nothing": b"",
    "html": OUTAGE_PAGE,
    "object": b"{}",
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"ok"',
    "half": b'{"downloads": [{"downloads": 1',
}
#: Numbers of one answer that are tried: those of a year of days are all alike.
_MOST = 12
#: Their answers hold counts as texts and have tests of their own.
_NO_JSON_NUMBERS = ("chocolatey", "homebrew")
#: What must not stand where a count belongs.
NO_COUNTS = [-1, 10**30, "12", None, True, 1.5, [], 1e999]


@pytest.fixture(params=COUNTING)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counted]:
    with counted(request.param, tmp_path) as case:
        yield case


def said(case: Counted) -> list[Any]:
    """What a platform says; nothing where it refuses with a next step."""
    try:
        return numbers(case.series())
    except NotImplementedError:
        return []
    except DeployForgeError as error:
        return [] if error.hint and error.message else [error]


# --- what it says of itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_it_counts_is_told_in_one_sentence(name: str) -> None:
    told = platforms()[name].counts
    assert told.endswith(".")
    assert ". " not in told


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(SOURCES)))
def test_a_platform_without_a_source_counts_nothing_and_says_why(name: str, tmp_path: Path) -> None:
    assert platforms()[name].counts.startswith("No counts: ")
    with pytest.raises(NotImplementedError):
        list(platforms()[name].downloads(make_job(platforms()[name], tmp_path), None))


# --- numbers ------------------------------------------------------------------------------------------------------


def test_every_number_comes_with_its_time_its_meaning_and_its_address(case: Counted) -> None:
    series = case.series()
    assert series
    for told in series:
        assert told.readings
        assert all(reading.count >= 0 and reading.at.tzinfo is not None for reading in told.readings)
        assert [r.at for r in told.readings] == sorted({r.at for r in told.readings})
        assert told.meaning
        assert told.url
        assert told.counter.source
        assert told.counter.subject


def test_each_counter_is_told_once(case: Counted) -> None:
    counters = [told.counter for told in case.series()]
    assert len(set(counters)) == len(counters)


def test_days_are_midnights_and_windows_have_a_length(case: Counted) -> None:
    for told in case.series():
        assert (told.counter.window_days > 0) == (told.counter.kind is Kind.WINDOW)
        if told.counter.kind is Kind.DAILY:
            assert {(r.at.hour, r.at.minute, r.at.second) for r in told.readings} == {(0, 0, 0)}
            assert told.settled is not None


def test_its_headline_never_holds_a_download_twice(case: Counted) -> None:
    headline = [told.counter for told in case.series() if told.counter.headline]
    assert len({(c.kind, c.unit, c.audience, c.source) for c in headline}) <= 1
    assert sum(c.kind is Kind.WINDOW for c in headline) <= 1
    parts = {(c.version, c.target, c.country) != ("", "", "") for c in headline}
    assert len(parts) <= 1, "a whole and its parts"
    assert Kind.LEVEL not in {c.kind for c in headline}


def test_every_platform_that_counts_downloads_has_a_headline(case: Counted) -> None:
    has = any(told.counter.headline for told in case.series())
    assert has == (not platforms()[case.platform].counts.startswith("No "))


def test_no_day_before_the_wanted_one_is_told(case: Counted) -> None:
    since = date(2026, 6, 13)
    for told in case.series(since):
        if told.counter.kind is Kind.DAILY:
            assert all(r.at.date() >= since for r in told.readings)


def test_asking_changes_nothing(case: Counted) -> None:
    case.series()
    reads = {"POST": ("/dev/api/snaps/metrics", "/_apis/public/gallery/extensionquery")}
    assert [r for r in case.source.asked if r.method != "GET" and r.path not in reads.get(r.method, ())] == []


# --- no clear answer, no number -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*UNCLEAR, 404, 301, 204])
def test_a_status_that_nobody_wants_gives_no_number(case: Counted, code: int) -> None:
    case.source.spoil = lambda request, reply: Reply(code, {"message": "no"})
    assert said(case) == []


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_body_that_is_no_answer_gives_no_number(case: Counted, body: bytes) -> None:
    case.source.spoil = lambda request, reply: Reply(200, body, {"Content-Type": "text/html"})
    assert said(case) == []


def test_when_one_of_its_answers_fails_nothing_is_counted(case: Counted) -> None:
    case.series()
    for path in dict.fromkeys(case.source.paths):
        case.source.spoil = partial(_failing, path)
        with pytest.raises(DeployForgeError) as caught:
            case.series()
        assert caught.value.hint


def _failing(path: str, request: Request, reply: Reply) -> Reply:
    return Reply(503) if request.path == path else reply


@pytest.mark.parametrize("wrong", NO_COUNTS, ids=repr)
def test_what_is_no_count_is_never_taken_for_one(case: Counted, wrong: Any) -> None:
    good = numbers(case.series())
    tried = 0
    for path in dict.fromkeys(case.source.paths):
        for number in range(_MOST):
            spoiled = _Spoiled(path, number, wrong)
            case.source.spoil = spoiled
            seen = said(case)
            if not spoiled.done:
                break
            assert seen in ([], good) or _without_one(seen, good), (path, number)
            tried += 1
    assert tried or case.platform in _NO_JSON_NUMBERS


@dataclass
class _Spoiled:
    """Puts something in the place of the number-th number of the answers to a path."""

    path: str
    number: int
    by: Any
    done: bool = False

    def __call__(self, request: Request, reply: Reply) -> Reply:
        if request.path != self.path or isinstance(reply.body, bytes | str):
            return reply
        body = copy.deepcopy(reply.body)
        self.done |= _replace(body, self.number, self.by)
        return Reply(reply.status, body, dict(reply.headers))


def _replace(value: Any, number: int, by: Any) -> bool:
    """Whether the document has so many numbers; then something stands in its place."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, item in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(item, dict | list):
                walk(item)
            elif isinstance(item, int | float) and not isinstance(item, bool):
                places.append((node, key))

    walk(value if isinstance(value, dict | list) else [])
    if number >= len(places):
        return False
    node, key = places[number]
    node[key] = by
    return True


def _without_one(seen: list[Any], good: list[Any]) -> bool:
    """Whether only readings are missing (the snap store says null for a day of which it knows nothing)."""
    known = {(counter, reading) for counter, readings in good for reading in readings}
    return {(counter, reading) for counter, readings in seen for reading in readings} < known


# --- whose numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COUNTING)
def test_another_registry_is_never_counted_by_the_public_service(name: str, tmp_path: Path) -> None:
    with running(name, tmp_path) as case:
        options = {key: value for key, value in case.options().items() if key != "counts"}
        job = make_job(case.platform, tmp_path, options=options, secrets=case.registry.secrets().get(name, {}))
        if SOURCES[name].own:  # the client would refuse to leave this machine
            assert list(case.platform.downloads(job, None)) == []
            return
        with pytest.raises(NotImplementedError, match="does not"):
            list(case.platform.downloads(job, None))


# --- secrets ------------------------------------------------------------------------------------------------------


def test_a_service_beside_the_registry_gets_no_credential(case: Counted) -> None:
    if SOURCES[case.platform].own:
        pytest.skip("not on a platform whose own registry counts")
    canary = "canary-53c1d0-never-to-be-sent"
    case.series(secrets={c.name: canary for c in platforms()[case.platform].credentials})
    sent = b"".join(r.raw_path.encode() + bytes(r.headers) + r.body for r in case.source.asked)
    assert found_in(sent, [canary]) == []
    assert not any(r.headers.get("Authorization") for r in case.source.asked)


def test_a_refusal_that_repeats_the_credential_is_masked(case: Counted) -> None:
    secrets = SOURCES[case.platform].secrets or {
        c.name: "canary-a81f00-never-to-be-shown" for c in platforms()[case.platform].credentials
    }
    case.source.spoil = lambda request, reply: Reply(403, {"message": f"no: {request.headers.get('Authorization')}"})
    with pytest.raises(DeployForgeError) as caught:
        case.series(secrets=secrets)
    assert found_in(json.dumps(caught.value.as_json()).encode(), secrets.values()) == []


def test_the_addresses_are_on_this_machine(case: Counted) -> None:
    for told in case.series():
        assert is_loopback(told.url)
