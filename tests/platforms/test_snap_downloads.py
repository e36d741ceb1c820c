"""Snap store: new and lost devices by day, and the devices that have the snap, for its publisher."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Kind, Series, Unit
from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.rehearsal.server import Reply
from tests.support.counts import SNAP_METRICS, Counted, counted, days, snap

METRICS = r"/dev/api/snaps/metrics"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Counted]:
    with counted("snap", tmp_path) as case:
        yield case


def level(series: list[Series], **part: str) -> Series:
    ((name, value),) = part.items()
    return next(s for s in series if getattr(s.counter, name) == value)


def test_new_devices_a_day_are_the_headline(store: Counted) -> None:
    (new,) = (s for s in store.series() if s.counter.headline)
    assert (new.counter.kind, new.counter.unit) == (Kind.DAILY, Unit.DEVICES)
    assert days(new) == {"2026-06-12": 3, "2026-06-13": 5}
    assert new.settled == date(2026, 6, 13)


def test_lost_devices_stand_beside_it(store: Counted) -> None:
    (lost,) = (s for s in store.series() if s.counter.kind is Kind.DAILY and not s.counter.headline)
    assert days(lost) == {"2026-06-12": 1, "2026-06-13": 0}


def test_devices_by_version_country_and_architecture_are_levels_with_their_days(store: Counted) -> None:
    series = store.series()
    assert days(level(series, country="DE")) == {"2026-06-12": 10, "2026-06-13": 12}
    assert days(level(series, target="linux/arm64")) == {"2026-06-12": 3, "2026-06-13": 3}
    assert level(series, version="1.0.0").counter.kind is Kind.LEVEL


def test_all_devices_are_the_new_ones_and_those_that_had_it_before(store: Counted) -> None:
    (everything,) = (s for s in store.series() if s.counter.kind is Kind.LEVEL and not _part(s))
    assert days(everything) == {"2026-06-12": 23, "2026-06-13": 27}


def test_what_is_no_country_is_left_out(store: Counted) -> None:
    told: dict[str, Any] = {**SNAP_METRICS, "installed_base_by_country": {"DE": [1, 2], "unknown": [3, 4], "": [5, 6]}}
    store.source.answers[METRICS] = partial(snap, told=told)
    assert {s.counter.country for s in store.series()} == {"", "DE"}


def test_a_day_of_which_the_store_knows_nothing_is_left_out(store: Counted) -> None:
    assert days(level(store.series(), version="1.1.0")) == {"2026-06-13": 25}


def test_days_that_the_store_has_not_told_yet_are_asked_for_again(store: Counted) -> None:
    told = {name: {part: values[:1] for part, values in parts.items()} for name, parts in SNAP_METRICS.items()}
    first = partial(snap, told=told)
    store.source.answers[METRICS] = lambda request: _with(first(request), buckets=["2026-06-12"])
    assert {s.settled for s in store.series() if s.readings} == {date(2026, 6, 12)}


def test_only_the_wanted_days_are_asked_for(store: Counted) -> None:
    store.series(date(2026, 6, 13))
    (asked,) = (r.json()["filters"] for r in store.source.asked if r.path == METRICS)
    assert {(f["snap_id"], f["start"], f["end"]) for f in asked} == {("id-of-hello", "2026-06-13", "2026-06-14")}


def test_the_public_api_gets_no_login(store: Counted) -> None:
    store.series()
    assert [bool(r.headers.get("Authorization")) for r in store.source.asked] == [False, True]


def test_a_snap_that_users_do_not_see_has_no_series(store: Counted) -> None:
    absent = Reply(404, {"error-list": [{"code": "resource-not-found", "message": "No snap named 'unknown' found."}]})
    store.source.answers[r"/v2/snaps/info/unknown"] = absent
    assert store.series(name="unknown") == []


def test_without_a_login_nobody_is_asked(store: Counted) -> None:
    with pytest.raises(CredentialError) as caught:
        store.series(secrets={})
    assert "SNAPCRAFT_STORE_CREDENTIALS" in caught.value.hint
    assert store.source.asked == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_may_not_ask_is_told_which_permission_it_needs(store: Counted, status: int) -> None:
    refusal = {"error-list": [{"code": "macaroon-permission-required", "message": "Permission is required"}]}
    store.source.answers[METRICS] = Reply(status, refusal)
    with pytest.raises(CredentialError, match="does not tell this login") as caught:
        store.series()
    assert caught.value.code == "DF3231"
    assert "package_metrics" in caught.value.hint


def test_a_metric_without_data_has_no_series(store: Counted) -> None:
    store.source.answers[METRICS] = lambda request: _with(snap(request), status="NO_DATA", buckets=[], series=[])
    assert store.series() == []


@pytest.mark.parametrize(
    "change",
    [{"status": "FAIL"}, {"buckets": ["2026-06-12"]}, {"buckets": ["yesterday", "today"]}, {"metric_name": "other"}],
    ids=str,
)
def test_a_metric_that_failed_or_does_not_fit_is_no_answer(store: Counted, change: dict[str, Any]) -> None:
    store.source.answers[METRICS] = lambda request: _with(snap(request), **change)
    with pytest.raises(NetworkError):
        store.series()


def test_a_count_below_nothing_is_no_answer(store: Counted) -> None:
    told: dict[str, Any] = {**SNAP_METRICS, "daily_device_change": {"new": [3, -5]}}
    store.source.answers[METRICS] = partial(snap, told=told)
    with pytest.raises(NetworkError):
        store.series()


def _part(series: Series) -> str:
    return series.counter.version or series.counter.target or series.counter.country


def _with(answer: dict[str, Any], **change: Any) -> dict[str, Any]:
    return {"metrics": [{**metric, **change} for metric in answer["metrics"]]}
