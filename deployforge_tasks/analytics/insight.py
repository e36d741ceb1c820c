"""What can be said about downloads, each statement with what it rests on, and what cannot be said, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from deployforge_tasks.core.downloads import Unit


class Kind(StrEnum):
    """What a statement is about."""

    GROWTH = "growth"
    COMPARISON = "comparison"
    PUBLISHING = "publishing"
    AUDIENCE = "audience"
    CHANGE = "change"
    SILENCE = "silence"
    LAUNCH = "launch"
    COST = "cost"
    DROP = "drop"
    ADD = "add"
    GEOGRAPHY = "geography"
    FORECAST = "forecast"


class Certainty(StrEnum):
    """How much a statement can be relied on."""

    #: A sum of what sources told or the ledger holds: nothing was estimated.
    COUNTED = "counted"
    #: Chance alone would show as much in less than one of a thousand projects.
    SURE = "sure"
    #: In less than one of a hundred.
    LIKELY = "likely"
    #: A look ahead; its intervals were compared with what came in the past.
    ESTIMATED = "estimated"


@dataclass(frozen=True)
class Confidence:
    """How sure a statement is.

    `p` is the probability that chance alone shows as much, multiplied by the number of such statements that were tried
    (Holm); `coverage` is how often earlier 80 % intervals held what came. Each is None where the word needs none.
    """

    word: Certainty
    p: float | None = None
    coverage: float | None = None

    def __str__(self) -> str:
        if self.p is not None:
            return f"{self.word} ({_p(self.p)})"
        if self.coverage is not None:
            return f"{self.word} (80 % intervals held {100 * self.coverage:.0f} % of the days before)"
        return str(self.word)


@dataclass(frozen=True)
class Fact:
    """One number that a statement rests on: its name, its value with the unit, and where it was read, if on a page."""

    name: str
    value: float | int | str
    unit: str = ""
    url: str = ""

    @property
    def told(self) -> str:
        """The value for people: thousands apart, as many digits as say something."""
        if isinstance(self.value, str | int):
            return self.value if isinstance(self.value, str) else f"{self.value:,}"
        small = 0 < abs(self.value) < 0.1
        return f"{self.value:.2g}" if small else f"{self.value:,.2f}".rstrip("0").rstrip(".")

    @property
    def word(self) -> str:
        """The unit behind that value: ``1 day``."""
        return self.unit.removesuffix("s") if self.value == 1 and self.unit in (*Unit, "days") else self.unit


@dataclass(frozen=True)
class Insight:
    """One statement.

    Fields: `sentence` for people, without a full stop; `platforms` that it is about; `evidence` what it rests on;
    `weight` how much it matters among the others (0 to 1); `caution` what it does not say, where readers could think
    so; `causes` what the ledger has of that time (a coincidence in time, not a proof); `days` the first and the last
    day of what is out of the ordinary.
    """

    kind: Kind
    sentence: str
    platforms: tuple[str, ...]
    evidence: tuple[Fact, ...]
    confidence: Confidence
    weight: float
    caution: str = ""
    causes: tuple[str, ...] = ()
    days: tuple[date, date] | None = None


@dataclass(frozen=True)
class Unknown:
    """A question that has no answer, and why (``too little history: 12 of 56 days``)."""

    kind: Kind
    platforms: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ForecastDay:
    """What is expected of one day: the middle, and the intervals that hold it with 80 % and 95 %."""

    day: date
    middle: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True)
class Forecast:
    """The days to come of one platform, for charts; `coverage80` and `coverage95` are those of the backtest."""

    platform: str
    unit: Unit
    days: tuple[ForecastDay, ...]
    coverage80: float
    coverage95: float
    backtest_days: int


@dataclass(frozen=True)
class Launch:
    """The days of one release on one platform, from the day it was published there (day 0).

    `own` says that the counts are those of this version alone (else of the whole platform); None is a day of which
    nothing is known. At most the first 7 days; fewer while the release is young.
    """

    platform: str
    version: str
    day: date
    counts: tuple[int | None, ...]
    unit: Unit
    own: bool


@dataclass(frozen=True)
class FirstHours:
    """The first 24 hours of one release on one platform, by totals that were read meanwhile.

    `counts` are the downloads since the release, at hour 0, 1 … 24; None where no reading is near. `missed` is how many
    hours after the release they begin to be counted (0: with it); `own` as of `Launch`; `reason` why they end early.
    """

    platform: str
    version: str
    at: datetime
    counts: tuple[int | None, ...]
    unit: Unit
    own: bool
    missed: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Insights:
    """What can be said of a project's downloads from `since` to `until` (days, both included), the weightiest first.

    `history` is the number of days with a count, by platform.
    """

    project: str
    profile: str
    since: date
    until: date
    found: tuple[Insight, ...]
    unknown: tuple[Unknown, ...]
    forecasts: tuple[Forecast, ...] = ()
    launches: tuple[Launch, ...] = ()
    first_hours: tuple[FirstHours, ...] = ()
    history: Mapping[str, int] = field(default_factory=dict)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.1g}"
