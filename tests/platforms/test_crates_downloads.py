"""crates.io: days of the crate and its versions, and their totals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from deployforge_tasks.core.downloads import Kind, Series
from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.platforms._crates_downloads import PAUSE, series
from tests.support.counts import CRATE_DAYS, Counted, FixedClock, counted, days


@pytest.fixture
def crates(tmp_path: Path) -> Iterator[Counted]:
    with counted("crates", tmp_path) as case:
        yield case


def daily(series: list[Series], version: str = "") -> Series:
    return next(s for s in series if s.counter.kind is Kind.DAILY and s.counter.version == version)


def test_a_day_of_the_crate_is_the_sum_of_all_its_versions(crates: Counted) -> None:
    whole = daily(crates.series())
    assert whole.counter.headline
    assert days(whole) == {"2026-06-10": 3, "2026-06-11": 0, "2026-06-12": 26}


def test_the_days_of_each_version_have_its_number(crates: Counted) -> None:
    found = crates.series()
    assert days(daily(found, "1.1.0")) == {"2026-06-10": 3, "2026-06-11": 0, "2026-06-12": 4}
    assert days(daily(found, "1.0.0")) == {"2026-06-12": 2}


def test_days_behind_the_newest_row_are_not_there_yet_and_no_zeros(crates: Counted) -> None:
    whole = daily(crates.series())
    assert whole.settled == date(2026, 6, 12)
    assert max(days(whole)) == "2026-06-12"


def test_a_week_without_a_row_is_one_without_downloads(crates: Counted) -> None:
    rows = [{"version": 71, "downloads": 3, "date": "2026-06-01"}]
    answer = {"version_downloads": rows, "meta": {"extra_downloads": []}}
    crates.source.answers[r"/api/v1/crates/hello-forge/downloads"] = answer
    whole = daily(crates.series())
    assert (days(whole)["2026-06-08"], max(days(whole)), whole.settled) == (0, "2026-06-08", date(2026, 6, 8))


def test_yesterday_may_still_grow(crates: Counted) -> None:
    rows = [*CRATE_DAYS["version_downloads"], {"version": 71, "downloads": 1, "date": "2026-06-14"}]
    crates.source.answers[r"/api/v1/crates/hello-forge/downloads"] = {**CRATE_DAYS, "version_downloads": rows}
    whole = daily(crates.series())
    assert (days(whole)["2026-06-14"], whole.settled) == (1, date(2026, 6, 13))


def test_a_day_that_is_not_over_is_not_told(crates: Counted) -> None:
    rows = [*CRATE_DAYS["version_downloads"], {"version": 71, "downloads": 1, "date": "2026-06-15"}]
    crates.source.answers[r"/api/v1/crates/hello-forge/downloads"] = {**CRATE_DAYS, "version_downloads": rows}
    whole = daily(crates.series())
    assert "2026-06-15" not in days(whole)
    assert whole.settled == date(2026, 6, 13)


def test_totals_stand_beside_the_headline(crates: Counted) -> None:
    totals = [s for s in crates.series() if s.counter.kind is Kind.TOTAL]
    assert {s.counter.version: s.readings[0].count for s in totals} == {"": 412, "1.1.0": 100, "1.0.0": 312}
    assert not any(s.counter.headline for s in totals)


def test_two_questions_are_enough_and_say_who_asks(crates: Counted) -> None:
    crates.series()
    assert crates.source.paths == ["/api/v1/crates/hello-forge", "/api/v1/crates/hello-forge/downloads"]
    assert all("deployforge" in r.headers["User-Agent"] for r in crates.source.asked)


def test_crates_io_is_asked_no_more_than_once_a_second(crates: Counted) -> None:
    clock = FixedClock()
    assert series(replace(crates.job(), clock=clock), crates.source.url, "hello-forge", None, pause=PAUSE)
    assert clock.slept == [1.0]


def test_days_of_a_version_that_nobody_knows_are_no_answer(crates: Counted) -> None:
    rows = [{"version": 99, "downloads": 1, "date": "2026-06-10"}]
    crates.source.answers[r"/api/v1/crates/hello-forge/downloads"] = {**CRATE_DAYS, "version_downloads": rows}
    with pytest.raises(NetworkError):
        crates.series()


def test_a_crate_that_is_not_published_yet_has_no_series(crates: Counted) -> None:
    assert crates.series(package_name="unknown") == []


def test_a_registry_that_has_the_crate_and_no_counts_does_not_tell(crates: Counted) -> None:
    del crates.source.answers[r"/api/v1/crates/hello-forge"]
    line = b'{"name": "hello-forge", "vers": "1.0.0", "cksum": "00", "yanked": false, "deps": [], "features": {}}\n'
    crates.source.answers[r"/index/he/ll/hello-forge"] = line
    with pytest.raises(NotImplementedError, match="does not tell"):
        crates.series()
