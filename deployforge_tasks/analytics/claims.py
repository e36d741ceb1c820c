"""From tests to claims: what many tests together allow to say, and the words for numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deployforge_tasks.analytics.insight import Certainty, Confidence, Insight, Kind, Unknown

#: What is less unlikely by chance than this is not said at all.
LIKELY = 0.01
SURE = 0.001
#: Days of an average month (365.25 / 12).
MONTH = 30.44


@dataclass(frozen=True)
class Answers:
    """What one question found, and where it has no answer."""

    found: tuple[Insight, ...] = ()
    unknown: tuple[Unknown, ...] = ()

    def __add__(self, other: Answers) -> Answers:
        return Answers(self.found + other.found, self.unknown + other.unknown)


def holm(chances: Sequence[float]) -> list[float]:
    """Probabilities that hold for all of several tests together (Holm, 1979).

    Four lines instead of statsmodels' `multipletests`, which collects all garbage of the process at each call.
    """
    adjusted, least = [0.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=lambda place: chances[place])):
        least = max(least, min(1.0, chances[place] * (len(chances) - rank)))
        adjusted[place] = least
    return adjusted


def confidence(p: float) -> Confidence | None:
    """The word for a probability; None where it allows no claim."""
    if p >= LIKELY:
        return None
    return Confidence(Certainty.SURE if p < SURE else Certainty.LIKELY, p=p)


COUNTED = Confidence(Certainty.COUNTED)


def too_short(kind: Kind, platform: str, has: int, needs: int) -> Unknown:
    """A question for which there is too little history."""
    return Unknown(kind, (platform,), f"too little history: {has} of {needs} days")


def percent(share: float) -> str:
    """``12 %``, ``0.4 %``; a share of 1 is 100 %. What is not all is never 100 %, and what is something never 0 %."""
    value = 100 * share
    if 99.5 <= value < 100:
        return f"{min(value, 99.9):.1f} %"
    if 0 < abs(value) < 0.05:
        return f"{'-' if value < 0 else ''}{max(abs(value), 0.001):.1g} %"
    return f"{value:.0f} %" if abs(value) >= 1 or value == 0 else f"{value:.1f} %"


def signed(share: float) -> str:
    """``+12 %`` or ``-3 %``."""
    text = percent(share)
    return text if text.startswith("-") or share == 0 else f"+{text}"


def number(value: float) -> str:
    """``1,204``, or with one digit below ten."""
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"
