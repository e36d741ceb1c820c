"""From readings of a total to days, and to the sums of days that nobody knows one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployforge_tasks.core.differences import by_day, midnight
from deployforge_tasks.core.downloads import Reading


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "day"),
    [(at(2, 23, 55), 3), (at(3, 0, 10), 3), (at(3, 11, 59), 3), (at(3, 12), 4)],
)
def test_a_reading_stands_for_the_midnight_that_is_nearest(moment: datetime, day: int) -> None:
    assert midnight(moment) == date(2026, 3, day)


def test_a_midnight_is_one_by_universal_time() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert midnight(datetime(2026, 3, 3, 9, 5, tzinfo=tokyo)) == date(2026, 3, 3)


def test_between_two_midnights_lies_one_day() -> None:
    days, lumps = by_day([Reading(at(2, 0, 5), 100), Reading(at(2, 23, 50), 130), Reading(at(4), 131)])
    assert (days, lumps) == ({date(2026, 3, 2): 30, date(2026, 3, 3): 1}, [])


def test_days_between_readings_that_are_further_apart_are_known_together_only() -> None:
    days, (lump,) = by_day([Reading(at(2), 100), Reading(at(5), 130)])
    assert days == {}
    assert (lump.first, lump.last, lump.count) == (date(2026, 3, 2), date(2026, 3, 4), 30)
    assert lump.reason == "not collected from 2026-03-02 to 2026-03-05: 30 in all"


def test_a_total_that_did_not_grow_is_a_zero_for_every_day_between() -> None:
    days, lumps = by_day([Reading(at(2), 100), Reading(at(5), 100)])
    assert (set(days.values()), len(days), lumps) == ({0}, 3, [])


def test_a_total_that_fell_is_a_gap_with_the_reason_and_never_negative() -> None:
    days, (lump,) = by_day([Reading(at(2), 100), Reading(at(3), 40), Reading(at(4), 45)])
    assert days == {date(2026, 3, 3): 5}
    assert (lump.first, lump.last, lump.count) == (date(2026, 3, 2), date(2026, 3, 2), None)
    assert "fell from 100 to 40" in lump.reason


def test_readings_around_noon_are_no_day_where_they_are_two_days_or_minutes_apart() -> None:
    days, (lump,) = by_day([Reading(at(1, 11, 58), 100), Reading(at(3, 11, 56), 120), Reading(at(4, 11, 57), 130)])
    assert (days, lump.count) == ({date(2026, 3, 3): 10}, 20)
    days, (lump,) = by_day([Reading(at(1, 11, 59), 100), Reading(at(1, 12, 1), 101)])
    assert (days, lump.count) == ({}, 1)
    days, (lump,) = by_day([Reading(at(1, 12), 100), Reading(at(3, 11, 56), 120)])
    assert (days, lump.count) == ({}, 20)
    assert lump.reason == "read 48 hours apart, which is no day: 20 in all"


def test_of_several_readings_around_a_midnight_the_nearest_counts() -> None:
    days, _ = by_day([Reading(at(1, 23, 59), 90), Reading(at(2, 5), 100), Reading(at(3), 130)])
    assert days == {date(2026, 3, 2): 40}


@given(st.lists(st.tuples(st.integers(0, 24 * 60), st.integers(0, 1000)), max_size=30))
def test_days_and_sums_together_are_what_was_counted_between_the_first_and_the_last_midnight(
    steps: list[tuple[int, int]],
) -> None:
    hour, total, readings = 0, 0, []
    for hours, more in steps:
        hour, total = hour + hours, total + more
        readings.append(Reading(at(1) + timedelta(hours=hour), total))
    days, lumps = by_day(readings)
    told = sum(days.values()) + sum(lump.count or 0 for lump in lumps)
    assert all(count >= 0 for count in days.values())
    assert told <= (readings[-1].count - readings[0].count if readings else 0)
