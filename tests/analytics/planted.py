"""Series with known effects and seeded noise: what a claim has to find, and where it has to be silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from deployforge_tasks.analytics.frame import Frame
from deployforge_tasks.analytics.frame import frame as frame_of
from deployforge_tasks.analytics.series import Daily, PlatformDownloads, Released, Slice
from deployforge_tasks.core.downloads import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

FIRST = date(2026, 1, 5)
#: A week of a tool for work: busy days and a quiet weekend.
WEEK = np.array([1.2, 1.2, 1.1, 1.1, 1.0, 0.6, 0.5])
MONTH = 30.44
#: Noise by its name: plain chance, clumped counts, and levels that wander.
NOISES = ("poisson", "clumped", "wandering 0.5", "wandering 0.8", "few")
DAY = timedelta(days=1)


def rates(days: int, *, base: float = 40.0, growth: float = 0.0, start: int = 0) -> Numbers:
    """Expected counts: a level with the week's pattern that grows by a part of itself each month."""
    numbers = np.arange(days)
    return np.asarray(base * WEEK[(numbers + start) % 7] * (1 + growth) ** (numbers / MONTH))


def counts(rng: np.random.Generator, expected: Numbers, noise: str = "poisson") -> Numbers:
    """Counts around what is expected."""
    size = len(expected)
    if noise == "clumped":
        expected = expected * rng.gamma(4.0, 1 / 4.0, size)
    elif noise == "few":
        expected = expected * 0.03
    elif noise.startswith("wandering"):
        keeps = float(noise.split()[1])
        wave = np.zeros(size)
        wave[0] = rng.normal(0, 0.3)
        for day in range(1, size):
            wave[day] = keeps * wave[day - 1] + rng.normal(0, 0.3 * np.sqrt(1 - keeps**2))
        expected = expected * np.exp(wave)
    return rng.poisson(expected).astype(float)


def released(days: Sequence[int], platforms: Sequence[str] = ("npm",), first: date = FIRST) -> tuple[Released, ...]:
    """A version on each of these days, everywhere at noon."""
    made = []
    for number, day in enumerate(sorted(days)):
        at = datetime.combine(first + day * DAY, time(12), UTC)
        made.append(Released(f"1.0.{number}", at, dict.fromkeys(platforms, at)))
    return tuple(made)


def some_releases(rng: np.random.Generator, days: int, many: int) -> tuple[Released, ...]:
    """Versions on days that have nothing to do with the counts."""
    return released([int(day) for day in rng.choice(days, many, replace=False)])


def daily(values: Numbers | Sequence[float | None], first: date = FIRST) -> Daily:
    """Days; nan and None are gaps."""
    return Daily(first, tuple(None if v is None or np.isnan(v) else int(v) for v in values))


def platform(
    values: Numbers | Sequence[float | None] | None,
    name: str = "npm",
    *,
    unit: Unit = Unit.DOWNLOADS,
    first: date = FIRST,
    audiences: Mapping[str, Numbers] | None = None,
    **more: Any,
) -> PlatformDownloads:
    """A platform with these days."""
    parts = tuple(Slice(who, daily(part, first), None) for who, part in (audiences or {}).items())
    days = None if values is None else daily(values, first)
    return PlatformDownloads(name, name, source=name, unit=unit, daily=days, audiences=parts, **more)


def frame(values: Numbers | Sequence[float], releases: Sequence[Released] = (), name: str = "npm") -> Frame:
    """The same as models read it."""
    made = frame_of(platform(values, name), releases)
    assert made is not None
    return made


def without(values: Numbers, *days: slice) -> Numbers:
    """With gaps there."""
    made = values.copy()
    for part in days:
        made[part] = np.nan
    return made
