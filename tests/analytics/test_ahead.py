"""Launches and forecasts."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from deployforge_tasks.analytics.forecast import forecasts
from deployforge_tasks.analytics.launches import curves, launches
from deployforge_tasks.analytics.series import Slice
from tests.analytics.planted import FIRST, counts, daily, frame, platform, rates, released, without

DAYS = list(range(20, 140, 14))


def launched(rng: np.random.Generator, last: float) -> np.ndarray:
    """Counts with a wave after each release; the newest one is `last` times as high."""
    values = counts(rng, rates(150))
    for day in DAYS:
        height = 200 * (last if day == DAYS[-1] else 1.0)
        values[day : day + 7] += rng.poisson(height * np.exp(-np.arange(7) / 2))
    return values


def test_a_launch_three_times_as_large_is_told_against_those_before() -> None:
    answers, _ = launches([platform(launched(np.random.default_rng(1), 3.0))], released(DAYS))
    (found,) = answers.found
    assert found.confidence.word in ("sure", "likely")
    assert "times what the 8 launches before it had, measured against the weeks before each" in found.sentence


def test_a_launch_like_the_others_is_only_counted() -> None:
    values = launched(np.random.default_rng(2), 1.0)
    (found,) = launches([platform(values)], released(DAYS))[0].found
    day = DAYS[-1]
    assert found.confidence.word == "counted"
    assert found.sentence.startswith(
        f"npm: v1.0.8 had {values[day]:,.0f} downloads on its first day and "
        f"{values[day : day + 7].sum():,.0f} in its first 7 days; the middle one of 8 before it had "
    )


def test_curves_begin_on_the_day_of_the_release() -> None:
    values = np.arange(40.0) + 1
    (first, second) = curves([platform(values)], released([10, 36]))
    assert (first.day, first.counts, first.own) == (FIRST + timedelta(days=10), (11, 12, 13, 14, 15, 16, 17), False)
    assert second.counts == (37, 38, 39, 40)


def test_launches_in_the_same_week_are_told_apart_only_by_their_own_counts() -> None:
    values = np.full(40, 9.0)
    both = released([10, 12])
    assert curves([platform(values)], both) == ()
    own = tuple(Slice(r.version, daily(np.full(40, float(n + 1))), None) for n, r in enumerate(both))
    known = platform(values, versions=own)
    assert [(launch.version, launch.counts[0], launch.own) for launch in curves([known], both)] == [
        ("1.0.0", 1, True),
        ("1.0.1", 2, True),
    ]


def test_too_few_launches_say_how_many() -> None:
    answers, _ = launches([platform(counts(np.random.default_rng(1), rates(60)))], released([10, 30]))
    assert [u.reason for u in answers.unknown] == ["too few launches that stand alone: 2 of 6"]


@pytest.mark.parametrize("noise", ["poisson", "clumped", "wandering 0.5"])
def test_intervals_hold_what_comes_about_as_often_as_they_say(noise: str) -> None:
    rng = np.random.default_rng(31)
    held80 = held95 = days = 0
    for _ in range(4):
        values = counts(rng, rates(208), noise)
        (curve,) = forecasts([frame(without(values[:180], slice(60, 75)))])[1]
        for day, came in zip(curve.days, values[180:], strict=True):
            held80 += day.low80 <= came <= day.high80
            held95 += day.low95 <= came <= day.high95
            days += 1
    assert 0.68 <= held80 / days <= 0.97
    assert held95 / days >= 0.88


def test_a_forecast_tells_its_days_and_how_it_did_in_the_past() -> None:
    answers, (curve,) = forecasts([frame(counts(np.random.default_rng(3), rates(180)))])
    (found,) = answers.found
    assert curve.days[0].day == FIRST + timedelta(days=180)
    assert len(curve.days) == 28
    middle = {fact.name: fact.value for fact in found.evidence}["middle"]
    assert middle == pytest.approx(rates(28).sum(), rel=0.1)
    assert curve.backtest_days == 56
    assert found.sentence.startswith("npm: about 1,0")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.full(30, 9.0), "too little history: 30 of 84 days"),
        (without(np.full(200, 9.0), slice(50, 110)), "too many gaps: 60 of 200 days"),
        (np.tile([1.0, 0.0], 60), "fewer than 3 downloads a day"),
    ],
)
def test_a_forecast_is_refused_with_its_reason(values: np.ndarray, reason: str) -> None:
    answers, curve = forecasts([frame(values)])
    assert (answers.found, curve) == ((), ())
    assert answers.unknown[0].reason == reason


def test_a_series_that_jumped_lately_is_not_forecast_by_a_model_that_missed_it() -> None:
    rng = np.random.default_rng(4)
    calm = counts(rng, rates(150))
    wild = np.where(np.arange(56) // 7 % 2, 2000.0, 5.0)
    answers, curve = forecasts([frame(np.concatenate([calm, wild]))])
    assert curve == () or curve[0].coverage80 >= 0.65
    assert answers.found or answers.unknown
