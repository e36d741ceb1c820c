"""Sudden changes and dead channels, with what the ledger has of that time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from deployforge_tasks.analytics.changes import changes, sudden
from deployforge_tasks.analytics.frame import frame as frame_of
from deployforge_tasks.analytics.silence import silence, silences
from deployforge_tasks.core.differences import Lump
from tests.analytics.planted import FIRST, counts, frame, platform, rates, without


def nothing(platform: str, first: date, last: date) -> tuple[str, ...]:
    return ()


def test_an_outage_of_six_days_is_found_with_its_days() -> None:
    values = counts(np.random.default_rng(12), rates(150))
    values[110:116] = np.round(values[110:116] * 0.1)
    (found,) = sudden(frame(values))
    assert (found.first, found.last) == (FIRST + timedelta(days=110), FIRST + timedelta(days=115))
    assert found.expected == pytest.approx(rates(150)[110:116].sum(), rel=0.15)


def test_a_rise_on_one_day_is_found_with_its_day() -> None:
    values = counts(np.random.default_rng(2), rates(150))
    values[120] = 300
    (found,) = sudden(frame(values))
    assert (found.first, found.last, found.counted) == (FIRST + timedelta(days=120), FIRST + timedelta(days=120), 300)


def test_a_change_of_the_level_is_said_once_and_becomes_usual() -> None:
    values = counts(np.random.default_rng(3), np.concatenate([rates(100), rates(100, base=15, start=100)]))
    found = sudden(frame(values))
    assert found
    assert all(change.first <= FIRST + timedelta(days=130) for change in found)


def test_days_that_are_not_known_are_no_drop() -> None:
    values = without(counts(np.random.default_rng(4), rates(150)), slice(110, 117))
    assert sudden(frame(values)) == []


def test_what_the_ledger_has_of_that_time_is_told() -> None:
    values = counts(np.random.default_rng(5), rates(150))
    values[130:135] = 2
    asked = []

    def causes(platform: str, first: date, last: date) -> tuple[str, ...]:
        asked.append((platform, first, last))
        return ("verify of v1.0.0 failed 2 times on 2026-05-14",)

    (found,) = changes([frame(values)], causes).found
    assert found.causes == ("verify of v1.0.0 failed 2 times on 2026-05-14",)
    day = FIRST + timedelta(days=130)
    assert asked == [("npm", day - timedelta(days=3), day + timedelta(days=1))]
    assert found.sentence.startswith("npm fell from 2026-05-15 to 2026-05-19")


def test_a_short_history_says_so() -> None:
    answers = changes([frame(counts(np.random.default_rng(5), rates(20)))], nothing)
    assert [u.reason for u in answers.unknown] == ["too little history: 20 of 56 days"]


@pytest.mark.parametrize("noise", ["poisson", "clumped", "wandering 0.8"])
def test_a_dead_channel_is_found(noise: str) -> None:
    values = counts(np.random.default_rng(6), rates(150), noise)
    values[129:] = 0
    (found,) = silences([frame(values)], FIRST + timedelta(days=149), nothing).found
    assert found.sentence.startswith("npm has had no downloads for 21 days, since 2026-05-14; before, it had about")
    assert found.confidence.word == "sure"


def test_a_channel_with_a_download_now_and_then_is_not_dead() -> None:
    values = np.zeros(150)
    values[[3, 30, 41, 70, 90, 110, 132]] = 1
    assert silence(frame(values)) is None


def test_a_source_that_tells_nothing_any_more_is_no_dead_channel() -> None:
    values = without(counts(np.random.default_rng(7), rates(150)), slice(120, 150))
    answers = silences([frame(values)], FIRST + timedelta(days=149), nothing)
    assert answers.found == ()
    assert [u.reason for u in answers.unknown] == ["no numbers since 2026-05-04: nothing, not zero"]


def test_silence_begins_with_the_first_day_that_is_known_to_be_silent() -> None:
    values = counts(np.random.default_rng(6), rates(150))
    values[110:] = 0
    found = silence(frame(without(values, slice(110, 120))))
    assert found is not None
    assert (found.since, found.days) == (FIRST + timedelta(days=120), 30)


@pytest.mark.parametrize("days", [(125, 130), (148, 149)])
def test_days_of_which_a_sum_is_known_are_not_silent(days: tuple[int, int]) -> None:
    values = counts(np.random.default_rng(6), rates(150))
    values[110:] = 0
    first, last = days
    known = platform(without(values, slice(first, last + 1)))
    assert known.daily is not None
    lump = Lump(FIRST + timedelta(days=first), FIRST + timedelta(days=last), 50, "no reading between")
    made = frame_of(replace(known, daily=replace(known.daily, lumps=(lump,))), ())
    assert made is not None
    found = silence(made)
    assert found is None or found.since > lump.last


def test_zeros_before_a_gap_do_not_count_for_the_gap() -> None:
    values = counts(np.random.default_rng(7), rates(150))
    values[100:104] = 0
    assert silence(frame(without(values, slice(104, 150)))) is None
