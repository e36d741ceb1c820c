"""How often something is claimed of series in which there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from deployforge_tasks.analytics.audiences import audiences
from deployforge_tasks.analytics.changes import changes
from deployforge_tasks.analytics.claims import COUNTED, Answers
from deployforge_tasks.analytics.growth import growth
from deployforge_tasks.analytics.launches import launches
from deployforge_tasks.analytics.publishing import publishing
from deployforge_tasks.analytics.silence import silences
from tests.analytics.planted import FIRST, counts, frame, platform, rates, released, some_releases

Rng = np.random.Generator


def nothing(name: str, first: date, last: date) -> tuple[str, ...]:
    return ()


def _growth(rng: Rng, noise: str, days: int) -> Answers:
    return growth([frame(counts(rng, rates(days), noise), some_releases(rng, days, 8))])


def _publishing(rng: Rng, noise: str, days: int) -> Answers:
    return publishing([frame(counts(rng, rates(days), noise), some_releases(rng, days, int(rng.integers(3, 20))))])


def _changes(rng: Rng, noise: str, days: int) -> Answers:
    return changes([frame(counts(rng, rates(days), noise), some_releases(rng, days, 8))], nothing)


def _silence(rng: Rng, noise: str, days: int) -> Answers:
    series = frame(counts(rng, rates(days, base=float(rng.choice([4, 10, 40]))), noise))
    return silences([series], FIRST + timedelta(days=days), nothing)


def _audience(rng: Rng, noise: str, days: int) -> Answers:
    whole = counts(rng, rates(days), noise)
    people = rng.binomial(whole.astype(int), 0.4 * rng.beta(12, 12, days) / 0.5).astype(float)
    return audiences([platform(whole, audiences={"no mirrors": people})])


def _launches(rng: Rng, noise: str, days: int) -> Answers:
    return launches([platform(counts(rng, rates(days), noise))], released(list(range(20, days - 8, 10))))[0]


QUESTIONS: dict[str, Callable[[Rng, str, int], Answers]] = {
    "growth": _growth,
    "publishing": _publishing,
    "change": _changes,
    "silence": _silence,
    "audience": _audience,
    "launch": _launches,
}


def false_alarms(question: str, noise: str, days: int, series: int, seed: int = 2026) -> float:
    """The part of noise series of which something is claimed that was not counted but inferred."""
    rng = np.random.default_rng(seed)
    ask = QUESTIONS[question]
    claimed = [ask(rng, noise, days).found for _ in range(series)]
    return sum(any(one.confidence != COUNTED for one in found) for found in claimed) / series
