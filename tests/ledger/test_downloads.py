"""Download counters in the ledger: what is kept and corrected, what does not pile up, and who may write at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from deployforge_tasks.core.differences import Lump
from deployforge_tasks.core.downloads import Counter, Gap, Kind, Reading, Series
from deployforge_tasks.ledger.counted import StoredCounter
from deployforge_tasks.ledger.model import Scope, Try
from deployforge_tasks.ledger.store import Ledger

HERE = Scope("hello")
DAY = timedelta(days=1)
MARCH = date(2026, 3, 1)
NOW = datetime(2026, 3, 20, 0, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def daily(first: date, *counts: int, settled: date | None = None, gaps: tuple[Gap, ...] = (), **more: Any) -> Series:
    counter = replace(Counter("npm", "hello", Kind.DAILY, headline=True), **more)
    readings = tuple(Reading(midnight(first + n * DAY), count) for n, count in enumerate(counts))
    return Series(counter, readings, "what it says", "http://127.0.0.1/", settled, gaps)


def total(count: int, at: datetime, **more: Any) -> Series:
    counter = replace(Counter("hub", "hello", Kind.TOTAL, headline=True), **more)
    return Series(counter, (Reading(at, count),), "what it says", "http://127.0.0.1/")


def keep(ledger: Ledger, at: datetime, *series: Series) -> int:
    return ledger.downloads().keep(HERE, "npm", series, at)


def days(ledger: Ledger, since: date, until: date) -> list[int | None]:
    (found,) = ledger.reader().counted().days(HERE, since, until).values()
    return found


def the_one(ledger: Ledger) -> StoredCounter:
    (found,) = ledger.reader().counted().counters(HERE)
    return found


def lumps(ledger: Ledger) -> list[Lump]:
    return [
        lump for found in ledger.reader().counted().lumps(HERE, MARCH, MARCH + 365 * DAY).values() for lump in found
    ]


# Daily counters


def test_days_are_told_as_they_were_stored_and_unknown_ones_are_no_zero(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(MARCH, 5, 0, 7))
    assert days(ledger, MARCH - DAY, MARCH + 3 * DAY) == [None, 5, 0, 7, None]


def test_days_across_a_new_year_are_one_series(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(date(2024, 12, 30), 1, 2, 3, 4))
    assert days(ledger, date(2024, 12, 29), date(2025, 1, 3)) == [None, 1, 2, 3, 4, None]


def test_the_last_day_of_a_leap_year_has_its_place(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(date(2024, 12, 31), 9))
    assert days(ledger, date(2024, 12, 31), date(2024, 12, 31)) == [9]


def test_newer_figures_take_the_place_of_older_ones(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(MARCH, 5, 6))
    assert keep(ledger, NOW + DAY, daily(MARCH + DAY, 8, 9)) == 2
    assert days(ledger, MARCH, MARCH + 2 * DAY) == [5, 8, 9]


def test_who_asked_earlier_and_stores_later_fills_gaps_and_corrects_nothing(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(MARCH + DAY, 6, 7))
    keep(ledger, NOW - HOUR, daily(MARCH, 5, 1, 1))
    assert days(ledger, MARCH, MARCH + 2 * DAY) == [5, 6, 7]
    assert the_one(ledger).read_at == NOW


def test_the_same_figures_again_are_nothing_new(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(MARCH, 5, 6))
    assert keep(ledger, NOW + DAY, daily(MARCH, 5, 6)) == 0


def test_a_gap_is_kept_with_its_reason_until_the_day_is_told(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(MARCH, 5, gaps=(Gap(MARCH + DAY, MARCH + 2 * DAY, "an outage"),)))
    assert [(lump.first, lump.last, lump.reason) for lump in lumps(ledger)] == [
        (MARCH + DAY, MARCH + 2 * DAY, "an outage")
    ]
    keep(ledger, NOW + DAY, daily(MARCH, 5, 6, 7))
    assert lumps(ledger) == []


def test_a_source_is_asked_again_from_the_last_day_that_is_final(ledger: Ledger) -> None:
    counted = ledger.reader().counted()
    assert counted.since(HERE, "npm") is None
    keep(ledger, NOW, daily(MARCH, 5, 6, 7, settled=MARCH + DAY))
    assert counted.since(HERE, "npm") == MARCH + DAY
    keep(ledger, NOW + DAY, daily(MARCH + DAY, 6, 7, 8))
    assert counted.since(HERE, "npm") == MARCH + 3 * DAY


def test_what_a_source_no_longer_tells_does_not_make_it_tell_everything_again(ledger: Ledger) -> None:
    keep(ledger, NOW, daily(MARCH, 5), daily(MARCH, 1, version="0.1"))
    keep(ledger, NOW + DAY, daily(MARCH, 5, 6))
    assert ledger.reader().counted().since(HERE, "npm") == MARCH + DAY


# Totals


def test_days_of_a_total_are_differences(ledger: Ledger) -> None:
    for n, count in enumerate([100, 130, 131]):
        keep(ledger, NOW + n * DAY, total(count, NOW + n * DAY))
    assert days(ledger, NOW.date(), NOW.date() + DAY) == [30, 1]
    assert (the_one(ledger).newest, the_one(ledger).read_at) == (131, NOW + 2 * DAY)


def test_days_without_a_collection_are_a_sum_that_says_what_went_wrong(ledger: Ledger) -> None:
    keep(ledger, NOW, total(100, NOW))
    ledger.downloads().record(HERE, Try("npm", NOW + DAY, "failed", "npm answered 503", None))
    keep(ledger, NOW + 3 * DAY, total(130, NOW + 3 * DAY))
    (lump,) = lumps(ledger)
    assert (lump.first, lump.last, lump.count) == (NOW.date(), NOW.date() + 2 * DAY, 30)
    assert lump.reason == "not collected from 2026-03-20 to 2026-03-23: 30 in all (npm answered 503)"


def test_a_reading_that_turns_up_later_tells_the_days_of_a_sum(ledger: Ledger) -> None:
    keep(ledger, NOW, total(100, NOW))
    keep(ledger, NOW + 2 * DAY, total(130, NOW + 2 * DAY))
    keep(ledger, NOW + DAY, total(110, NOW + DAY))
    assert lumps(ledger) == []
    assert days(ledger, NOW.date(), NOW.date() + DAY) == [10, 20]
    assert the_one(ledger).newest == 130


def test_hourly_readings_do_not_pile_up_and_the_days_stay_right(ledger: Ledger) -> None:
    for hour in range(24 * 3 + 1):
        keep(ledger, NOW + hour * HOUR, total(100 + hour, NOW + hour * HOUR))
    assert len(ledger.reader().counted().readings(the_one(ledger).id)) <= 5
    assert days(ledger, NOW.date(), NOW.date() + 2 * DAY) == [24, 24, 24]


def test_a_total_that_stays_keeps_two_readings_and_every_day_is_a_zero(ledger: Ledger) -> None:
    for n in range(10):
        keep(ledger, NOW + n * DAY, total(100, NOW + n * DAY))
    assert len(ledger.reader().counted().readings(the_one(ledger).id)) == 2
    assert days(ledger, NOW.date(), NOW.date() + 8 * DAY) == [0] * 9


def test_a_window_is_kept_with_its_moment_and_has_no_days(ledger: Ledger) -> None:
    series = replace(total(1876, NOW), counter=Counter("npm", "hello", Kind.WINDOW, window_days=30))
    keep(ledger, NOW, series)
    assert ledger.reader().counted().days(HERE, MARCH, NOW.date()) == {}
    assert ledger.reader().counted().readings(the_one(ledger).id) == [Reading(NOW, 1876)]


def test_a_level_that_is_told_by_days_keeps_each_of_them(ledger: Ledger) -> None:
    level: dict[str, Any] = {"kind": Kind.LEVEL, "headline": False}
    keep(ledger, NOW, daily(MARCH, 30, 30, 30, settled=MARCH + DAY, **level))
    keep(ledger, NOW + DAY, daily(MARCH + 2 * DAY, 31, 40, settled=MARCH + 2 * DAY, **level))
    assert days(ledger, MARCH, MARCH + 3 * DAY) == [30, 30, 31, 40]
    assert (the_one(ledger).newest, the_one(ledger).settled) == (31, MARCH + 2 * DAY)
    assert ledger.reader().counted().readings(the_one(ledger).id) == []


def test_a_level_that_is_told_now_keeps_its_moment(ledger: Ledger) -> None:
    keep(ledger, NOW, replace(total(7, NOW), counter=Counter("aur", "hello", Kind.LEVEL)))
    keep(ledger, NOW + DAY, replace(total(5, NOW + DAY), counter=Counter("aur", "hello", Kind.LEVEL)))
    assert ledger.reader().counted().days(HERE, MARCH, NOW.date()) == {}
    assert (the_one(ledger).newest, len(ledger.reader().counted().readings(the_one(ledger).id))) == (5, 2)


def test_a_new_version_of_a_source_that_was_asked_before_begins_at_zero(ledger: Ledger) -> None:
    keep(ledger, NOW, total(100, NOW, version="1.0"))
    keep(ledger, NOW + DAY, total(110, NOW + DAY, version="1.0"), total(40, NOW + DAY, version="1.1"))
    found = ledger.reader().counted().days(HERE, NOW.date(), NOW.date())
    assert sorted(count for (count,) in found.values() if count is not None) == [10, 40]


def test_a_total_that_ends_before_it_is_read_has_the_days_up_to_its_end(ledger: Ledger) -> None:
    ends = [midnight(MARCH + n * DAY) for n in range(3)]
    for end, count in zip(ends, (100, 110, 125), strict=True):
        keep(ledger, end + 40 * HOUR, total(count, end, country="DE"))
    assert days(ledger, MARCH, MARCH + 2 * DAY) == [10, 15, None]
    assert the_one(ledger).newest == 125


def test_a_new_country_of_such_a_total_begins_at_zero(ledger: Ledger) -> None:
    first, second = midnight(MARCH), midnight(MARCH + DAY)
    keep(ledger, first + 40 * HOUR, total(100, first, country="DE"))
    keep(ledger, second + 40 * HOUR, total(110, second, country="DE"), total(4, second, country="SE"))
    found = ledger.reader().counted().days(HERE, MARCH, MARCH)
    assert sorted(found.values()) == [[4], [10]]


def test_a_counter_of_a_new_kind_does_not_begin_at_zero(ledger: Ledger) -> None:
    keep(ledger, NOW, total(100, NOW))
    keep(ledger, NOW + DAY, total(110, NOW + DAY), total(90, NOW + DAY, version="1.0"))
    assert days(ledger, NOW.date(), NOW.date()) == [10]


# All of them


def test_counters_of_other_projects_and_profiles_are_others(ledger: Ledger) -> None:
    store = ledger.downloads()
    for scope in (HERE, Scope("hello", "staging"), Scope("other")):
        store.keep(scope, "npm", [daily(MARCH, 5)], NOW)
    assert len(ledger.reader().counted().counters(Scope("hello", "staging"))) == 1


def test_collectors_at_the_same_time_do_no_harm(ledger_url: str) -> None:
    first = Ledger.open(ledger_url)
    series = [daily(MARCH, *range(20), version=f"1.{n}") for n in range(10)]
    barrier, errors = threading.Barrier(4), []

    def collect(number: int) -> None:
        ledger = Ledger.open(ledger_url)
        try:
            barrier.wait(timeout=30)
            told = [*series, total(100, NOW, version="1.0")]
            for turn in range(3):
                ledger.downloads().keep(HERE, "npm", told if number % 2 else told[::-1], NOW + turn * HOUR)
        except Exception as error:
            errors.append(error)
        finally:
            ledger.close()

    threads = [threading.Thread(target=collect, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    counted = first.reader().counted()
    assert len(counted.counters(HERE)) == 11
    assert all(found == list(range(20)) for found in counted.days(HERE, MARCH, MARCH + 19 * DAY).values())
    first.close()


@pytest.mark.parametrize("outcome", ["collected", "failed"])
def test_tries_are_remembered_for_a_while(ledger: Ledger, outcome: str) -> None:
    store, counted = ledger.downloads(), ledger.reader().counted()
    for n in range(200):
        store.record(HERE, Try("npm", NOW + n * DAY, outcome, f"try {n}", None))
    last = counted.last_attempts(HERE)["npm"]
    assert (last.reason, last.at) == ("try 199", NOW + 199 * DAY)
    assert bool(counted.last_asked(HERE)) == (outcome == "collected")
