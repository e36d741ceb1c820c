"""From readings of a total to days: what was counted between two midnights.

A reading stands for the midnight that is nearest to it, so that a collection shortly before or after midnight means the
same. Between readings of two successive midnights lies one day. Between readings that are further apart lies a sum of
which nobody knows the days: it is kept as a sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from deployforge_tasks.core.downloads import Reading

_HALF = timedelta(hours=12)
_DAY = timedelta(days=1)
#: Readings that are nearer or further apart than this are no day, whichever midnights they stand for.
_SHORTEST, _LONGEST = timedelta(hours=12), timedelta(hours=36)


@dataclass(frozen=True)
class Lump:
    """Days, both included, that are not known one by one; `count` is their sum where that is known."""

    first: date
    last: date
    count: int | None
    reason: str


def midnight(at: datetime) -> date:
    """The day (UTC) that begins at the midnight which is nearest."""
    return (at.astimezone(UTC) + _HALF).date()


def nearest(readings: Iterable[Reading]) -> list[Reading]:
    """Of the readings that stand for one midnight the nearest to it, oldest first."""
    best: dict[date, Reading] = {}
    for reading in readings:
        day = midnight(reading.at)
        if day not in best or _distance(reading) <= _distance(best[day]):
            best[day] = reading
    return [best[day] for day in sorted(best)]


def by_day(readings: Sequence[Reading]) -> tuple[Mapping[date, int], list[Lump]]:
    """The days between readings of a total (oldest first), and the days that cannot be told."""
    days: dict[date, int] = {}
    lumps: list[Lump] = []
    for before, after in pairwise(nearest(readings)):
        first, last = midnight(before.at), midnight(after.at) - _DAY
        more = after.count - before.count
        if more < 0:
            why = f"the counter fell from {before.count} to {after.count}: something was deleted, or counted anew"
            lumps.append(Lump(first, last, None, why))
        elif first == last and _SHORTEST <= after.at - before.at <= _LONGEST:
            days[first] = more
        elif first == last:
            hours = (after.at - before.at) / timedelta(hours=1)
            lumps.append(Lump(first, last, more, f"read {hours:.0f} hours apart, which is no day: {more} in all"))
        elif more == 0:
            days |= {first + n * _DAY: 0 for n in range((last - first).days + 1)}
        else:
            why = f"not collected from {_when(before)} to {_when(after)}: {more} in all"
            lumps.append(Lump(first, last, more, why))
    return days, lumps


def _distance(reading: Reading) -> timedelta:
    day = midnight(reading.at)
    return abs(reading.at - datetime(day.year, day.month, day.day, tzinfo=UTC))


def _when(reading: Reading) -> str:
    return f"{reading.at.astimezone(UTC):%Y-%m-%d}"
