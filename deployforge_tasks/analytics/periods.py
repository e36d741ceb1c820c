"""A period in numbers: its sum, how much of it is known, and the change against the period before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from deployforge_tasks.analytics.series import Daily, Slice
from deployforge_tasks.core.downloads import Gap

#: Part of the days of both periods that must be known for a comparison.
_ENOUGH = 0.7


@dataclass(frozen=True)
class Period:
    """Days together: `count` is None where nothing is known; `known` of the `days` have a count, alone or in a sum."""

    count: int | None
    known: int
    days: int


def period(daily: Daily | None) -> Period:
    """The days of a series together."""
    if daily is None:
        return Period(None, 0, 0)
    alone = sum(count is not None for count in daily.counts)
    in_sums = sum((lump.last - lump.first).days + 1 for lump in daily.lumps)
    return Period(daily.sum, alone + in_sums, len(daily.counts))


def change(before: Daily | None, now: Daily | None) -> float | None:
    """How much more a day has now than a day before had (0.25: a quarter more).

    Only known days count. None where that cannot be told: too few of them are known, or there was nothing before.
    """
    old, new = period(before), period(now)
    if old.count is None or new.count is None or not old.count:
        return None
    if old.known < old.days * _ENOUGH or new.known < new.days * _ENOUGH:
        return None
    return (new.count / new.known) / (old.count / old.known) - 1


def changed_together(pairs: Sequence[tuple[Daily | None, Daily | None]]) -> float | None:
    """How much more a day of some platforms together has now than a day before had; None where there is none of them.

    Args:
        pairs: the days before and now of each platform, all of which can be compared alone.
    """
    old = sum(_a_day(before) for before, _ in pairs)
    return sum(_a_day(now) for _, now in pairs) / old - 1 if old else None


def gaps(daily: Daily) -> list[Gap]:
    """The days of which nothing is known, and those of which only the sum is, each with why."""
    found: list[Gap] = []
    for day, count in daily:
        if count is not None:
            continue
        reason, last = daily.reasons.get(day, ""), found[-1] if found else None
        if last and last.reason == reason and last.last == day - timedelta(days=1):
            found[-1] = replace(last, last=day)
        else:
            found.append(Gap(day, day, reason))
    return found


def at_least(daily: Daily) -> list[Gap]:
    """The days that have at least their count, each with why."""
    known = ((day, count, daily.reasons.get(day, "")) for day, count in daily)
    return [Gap(day, day, reason, count) for day, count, reason in known if count is not None and reason]


def buckets(daily: Daily, most: int) -> list[float | None]:
    """The days as at most so many means of successive days; None where no day is known."""
    counts = daily.counts
    size = max(1, -(-len(counts) // most))
    return [_mean(counts[start : start + size]) for start in range(0, len(counts), size)]


def sizes(parts: Sequence[Slice]) -> list[int]:
    """What compares the parts of one platform: their days where any has days, else what there is of each of them."""
    if any(part.daily for part in parts):
        return [(part.daily.sum or 0) if part.daily else 0 for part in parts]
    return [now.count if (now := part.level or part.window) else part.total or 0 for part in parts]


def before(since: date, until: date) -> tuple[date, date]:
    """The period of the same length that ends right before."""
    return since - (until - since) - timedelta(days=1), since - timedelta(days=1)


def _a_day(daily: Daily | None) -> float:
    known = period(daily)
    return (known.count or 0) / known.known if known.known else 0.0


def _mean(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) / len(known) if known else None
