"""Delivery: tried again while there is time, never twice within a while, recorded, and never in anybody's way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from deployforge_tasks.ledger.deliveries import Deliveries, Delivery, opened
from deployforge_tasks.notify import pending
from deployforge_tasks.notify.courier import Courier
from deployforge_tasks.notify.happening import Happening
from deployforge_tasks.notify.tell import tell
from deployforge_tasks.project.load import Loaded
from deployforge_tasks.rehearsal.server import Reply
from tests.notify.conftest import Load
from tests.notify.services import Services

FAILURE = Happening("failure", "1.0.0", ("pypi",), "DF4010 refused after 12.3s")


def book(loaded: Loaded) -> str:
    return f"sqlite:///{loaded.root / 'ledger.db'}"


def begun(loaded: Loaded, *happenings: Happening) -> Courier:
    courier = tell(loaded, book(loaded), *happenings)
    assert courier is not None
    return courier


def told(loaded: Loaded, *happenings: Happening) -> list[Delivery]:
    return list(begun(loaded, *happenings).wait())


def to(*channels: str, **more: Any) -> dict[str, Any]:
    return {"routes": [{"channels": list(channels)}], **more}


def test_a_busy_service_is_asked_again_after_the_time_that_it_names(services: Services, load: Load) -> None:
    services.first = [Reply(429, "slow down", {"Retry-After": "1"})]
    start = time.monotonic()

    (delivery,) = told(load(to("slack")), FAILURE)

    assert (delivery.outcome, delivery.tries) == ("delivered", 2)
    assert time.monotonic() - start >= 1.0


@pytest.mark.parametrize(
    ("service", "body"),
    [("discord", {"retry_after": 1.0}), ("telegram", {"ok": False, "parameters": {"retry_after": 1}})],
)
def test_the_time_to_wait_is_read_from_the_body_where_only_that_tells_it(
    services: Services, load: Load, service: str, body: dict[str, Any]
) -> None:
    services.first = [Reply(429, body)]
    start = time.monotonic()

    (delivery,) = told(load(to(service, channels={"telegram": {"api": services.url}})), FAILURE)

    assert delivery.outcome == "delivered"
    assert time.monotonic() - start >= 1.0


def test_a_longer_wait_than_there_is_time_for_is_given_up_at_once(services: Services, load: Load) -> None:
    services.first = [Reply(429, "slow down", {"Retry-After": "3600"})]
    start = time.monotonic()

    (delivery,) = told(load(to("slack")), FAILURE)

    assert (delivery.outcome, delivery.tries) == ("failed", 1)
    assert "slack answered 429: slow down" in delivery.reason
    assert time.monotonic() - start < 5


def test_a_repeat_has_the_same_id(services: Services, load: Load) -> None:
    services.first = [Reply(503), Reply(502)]

    (delivery,) = told(load(to("webhook")), FAILURE)

    assert delivery.tries == 3
    assert len(services.got["webhook"]) == 1
    assert len(services.ids) == 3
    assert len(set(services.ids)) == 1


def test_what_is_refused_for_good_is_not_tried_again(services: Services, load: Load) -> None:
    services.first = [Reply(410, "no_service")]

    (delivery,) = told(load(to("slack")), FAILURE)

    assert (delivery.outcome, delivery.tries) == ("failed", 1)


def test_a_service_that_sends_elsewhere_is_not_followed(services: Services, load: Load) -> None:
    services.first = [Reply(307, "", {"Location": f"{services.url}/hook"})]

    (delivery,) = told(load(to("slack")), FAILURE)

    assert delivery.outcome == "failed"
    assert "webhook" not in services.asked


def test_a_channel_that_hangs_is_given_up_at_the_limit_and_keeps_no_other_from_being_told(
    services: Services, load: Load, tmp_path: Path
) -> None:
    other = Services(tmp_path / "other")
    other.start()
    try:
        services.held.clear()
        loaded = load(to("slack", "webhook", limit=1.5), environ={"WEBHOOK_URL": f"{other.url}/hook"})
        start = time.monotonic()

        courier = begun(loaded, FAILURE)
        assert time.monotonic() - start < 0.5, "telling returns at once"
        slack, webhook = courier.wait()

        assert time.monotonic() - start < 5
        assert (slack.outcome, webhook.outcome) == ("failed", "delivered")
        assert "no answer" in slack.reason
    finally:
        services.held.set()
        other.stop()


def test_a_service_that_is_down_is_told_with_its_reason(services: Services, load: Load) -> None:
    loaded = load(to("slack", limit=1), environ={"SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/x"})

    (delivery,) = told(loaded, FAILURE)

    assert delivery.outcome == "failed"
    assert delivery.tries >= 2
    assert "127.0.0.1:9 got no answer" in delivery.reason


def test_the_same_is_not_told_again_on_that_channel_for_a_while(services: Services, load: Load) -> None:
    loaded = load(to("slack", "discord"))
    again = Happening("failure", "1.0.0", ("pypi",), "DF4010 refused after 45s")  # only a duration differs

    assert [d.outcome for d in told(loaded, FAILURE)] == ["delivered", "delivered"]
    assert [d.outcome for d in told(loaded, again)] == ["quiet", "quiet"]
    assert (len(services.got["slack"]), len(services.got["discord"])) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        Happening("failure", "1.0.1", ("pypi",), FAILURE.reason),
        Happening("failure", "1.0.0", ("npm",), FAILURE.reason),
        Happening("failure", "1.0.0", ("pypi",), "DF4500 no answer"),
        Happening("degraded", "1.0.0", ("pypi",), FAILURE.reason),
    ],
    ids=["version", "platform", "reason", "event"],
)
def test_whatever_differs_is_told(services: Services, load: Load, other: Happening) -> None:
    loaded = load(to("slack"))
    told(loaded, FAILURE)

    assert [d.outcome for d in told(loaded, other)] == ["delivered"]


def test_the_same_is_told_again_after_that_time(services: Services, load: Load) -> None:
    loaded = load(to("slack", quiet="1ms"))
    told(loaded, FAILURE)

    assert [d.outcome for d in told(loaded, FAILURE)] == ["delivered"]


def test_what_did_not_arrive_is_no_reason_for_silence(services: Services, load: Load) -> None:
    loaded = load(to("slack"))
    services.first = [Reply(404)]
    assert [d.outcome for d in told(loaded, FAILURE)] == ["failed"]

    assert [d.outcome for d in told(loaded, FAILURE)] == ["delivered"]


def test_everything_is_recorded_in_the_ledger(services: Services, load: Load) -> None:
    loaded = load(to("slack", "discord"), environ={"DISCORD_WEBHOOK_URL": ""})
    told(loaded, FAILURE)
    told(loaded, FAILURE)

    with opened(book(loaded)) as deliveries:
        rows = deliveries.newest("hello-forge", "")
        last = deliveries.last("hello-forge", "", "slack")
    assert sorted((r.channel, r.outcome, r.tries) for r in rows) == [
        ("discord", "failed", 0),
        ("discord", "failed", 0),
        ("slack", "delivered", 1),
        ("slack", "quiet", 0),
    ]
    assert {(r.event, r.version, r.platform) for r in rows} == {("failure", "1.0.0", "pypi")}
    assert last is not None
    assert (last.outcome, last.reason) == ("delivered", "ok")


def test_a_ledger_that_cannot_be_opened_keeps_nobody_from_being_told(services: Services, load: Load) -> None:
    courier = tell(load(to("slack")), "sqlite:////dev/null/ledger.db", FAILURE)

    assert courier is not None
    assert [d.outcome for d in courier.wait()] == ["delivered"]


def test_a_ledger_that_is_busy_for_long_does_not_hold_the_end(services: Services, load: Load) -> None:
    loaded = load(to("slack", limit=1))
    Deliveries.open(book(loaded)).close()

    with FileLock(f"{loaded.root / 'ledger.db'}.setup"):  # another process sets it up, for ever
        start = time.monotonic()
        told(loaded, FAILURE)
        assert time.monotonic() - start < 10


def test_waiting_for_all_returns_what_was_lost_once(services: Services, load: Load) -> None:
    begun(load(to("slack"), environ={"SLACK_WEBHOOK_URL": ""}), FAILURE)

    assert pending.lines(pending.wait_for_all()) == [
        "slack was not told: SLACK_WEBHOOK_URL is not set (`deployforge notify test slack` tries it)"
    ]
    assert pending.wait_for_all() == []


def test_two_threads_may_tell_at_once(services: Services, load: Load) -> None:
    loaded = load(to("webhook"))
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda n: told(loaded, Happening("drift", "1.0.0", (f"p{n}",))), range(4)))

    assert [d.outcome for (d,) in ended] == ["delivered"] * 4
