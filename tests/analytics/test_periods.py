"""What is compared, and which days are missing."""

from __future__ import annotations

from datetime import date

import pytest

from deployforge_tasks.analytics.periods import change, changed_together, gaps
from deployforge_tasks.analytics.series import Daily
from deployforge_tasks.core.downloads import Gap

FIRST = date(2026, 1, 1)


def days(*counts: int | None) -> Daily:
    return Daily(FIRST, counts)


def test_days_are_compared_and_not_sums_so_that_a_gap_is_no_drop() -> None:
    assert change(days(10, 10, 10, 10), days(20, 20, 20, None)) == 1


def test_too_many_gaps_cannot_be_compared() -> None:
    assert change(days(10, 10, 10, 10), days(20, 20, None, None)) is None


def test_platforms_together_are_compared_by_what_they_have_a_day() -> None:
    assert changed_together([(days(10, 10), days(20, 20)), (days(30, 30), days(30, None))]) == pytest.approx(0.25)


def test_nothing_is_compared_with_nothing() -> None:
    assert changed_together([]) is None
    assert changed_together([(days(0, 0), days(5, 5))]) is None


def test_days_of_one_reason_that_follow_each_other_are_one_gap() -> None:
    reasons = {date(2026, 1, 2): "lost", date(2026, 1, 3): "lost", date(2026, 1, 4): "not final yet"}
    found = gaps(Daily(FIRST, (1, None, None, None, 2, None), reasons))
    assert found == [
        Gap(date(2026, 1, 2), date(2026, 1, 3), "lost"),
        Gap(date(2026, 1, 4), date(2026, 1, 4), "not final yet"),
        Gap(date(2026, 1, 6), date(2026, 1, 6), ""),
    ]
