"""The first 24 hours of each release, hour by hour, where totals were read often enough meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from deployforge_tasks.analytics.claims import COUNTED, Answers, number
from deployforge_tasks.analytics.insight import Fact, FirstHours, Insight, Kind, Unknown
from deployforge_tasks.analytics.series import PlatformDownloads, Released
from deployforge_tasks.core.downloads import LAUNCH, Reading
from deployforge_tasks.core.downloads import Kind as Counting
from deployforge_tasks.ledger.counted import StoredCounter

HOURS = 24
#: Releases before that make a comparison.
EARLIER = 3
_HOUR = timedelta(hours=1)
#: Readings of one collection come within this time.
_TOGETHER = timedelta(minutes=10)
#: Between readings that are further apart nothing is said.
_NEAR = timedelta(hours=3)
#: A first reading that is later is none of the release's beginning.
_LATEST = timedelta(hours=1.5)
_HINT = "totals must be read every hour on the day of a release; the dashboard does, or `deployforge stats` from cron"


def curves(
    releases: Sequence[Released], counters: Mapping[str, Sequence[StoredCounter]], read: Mapping[int, Sequence[Reading]]
) -> tuple[FirstHours, ...]:
    """The curve of every release on every platform that has one, the oldest first.

    A version's own totals are used where its source tells them: they begin at zero. Else the whole platform's, if no
    other version came out there in these hours.

    Args:
        releases: the versions.
        counters: of each platform.
        read: the readings of totals by counter's id, oldest first.
    """
    found = []
    for release in releases:
        for platform, at in release.platforms.items():
            own = _heads(counters.get(platform, ()), release.version)
            whole = _heads(counters.get(platform, ()), "") if not own and _alone(release, platform, releases) else []
            heads = own or whole
            points, reason = _points(heads, read, at)
            if heads and points and (own or points[0].at - at <= _LATEST):
                found.append(_curve(release.version, at, heads, points, own=bool(own), reason=reason))
    return tuple(found)


def _curve(
    version: str, at: datetime, heads: Sequence[StoredCounter], points: Sequence[Reading], *, own: bool, reason: str
) -> FirstHours:
    if own:  # nobody can have downloaded it before it was there
        points, begin = [Reading(at, 0), *(one for one in points if one.at > at)], at
    else:
        points, begin = [Reading(one.at, one.count - points[0].count) for one in points], points[0].at
    counts = tuple(_at(at + hour * _HOUR, points) for hour in range(HOURS + 1))
    missed = (begin - at) / _HOUR
    first = heads[0]
    return FirstHours(first.platform, version, at, counts, first.counter.unit, own, missed, reason)


def _heads(counters: Sequence[StoredCounter], version: str) -> list[StoredCounter]:
    """The totals of a version ("": of the whole platform) that hold no download twice."""
    able = [c for c in counters if c.counter.kind is Counting.TOTAL and c.counter.version == version]
    if heads := [c for c in able if c.counter.headline]:
        return heads
    return [c for c in able if not c.counter.target and not c.counter.country][:1]


def _alone(release: Released, platform: str, releases: Sequence[Released]) -> bool:
    at = release.platforms[platform]
    others = [other.platforms[platform] for other in releases if platform in other.platforms and other is not release]
    return all(abs(other - at) > LAUNCH for other in others)


def _points(
    heads: Sequence[StoredCounter], read: Mapping[int, Sequence[Reading]], at: datetime
) -> tuple[list[Reading], str]:
    """The sum of all counters at each collection, and why that ends early.

    A counter that is not told (yet, or any more) counts as it did last: a file may come later.
    """
    every = sorted(
        (reading.at, head.id, reading.count)
        for head in heads
        for reading in read.get(head.id, ())
        if at <= reading.at <= at + LAUNCH
    )
    counts: dict[int, int] = {}
    points: list[Reading] = []
    for place, (when, counter, count) in enumerate(every):
        if count < counts.get(counter, 0):
            return points, f"a counter fell {(when - at) / _HOUR:.0f} hours after the release"
        counts[counter] = count
        if place + 1 == len(every) or every[place + 1][0] - when > _TOGETHER:
            points.append(Reading(when, sum(counts.values())))
    return points, ""


def _at(moment: datetime, points: Sequence[Reading]) -> int | None:
    """The count of a moment, between two readings that are near enough to each other."""
    for before, after in pairwise(points):
        if before.at <= moment <= after.at and after.at - before.at <= _NEAR:
            part = (moment - before.at) / (after.at - before.at)
            return round(before.count + part * (after.count - before.count))
    return None


def first_hours(platforms: Sequence[PlatformDownloads], found: Sequence[FirstHours]) -> Answers:
    """The newest release of each platform whose whole first day was seen, beside those before it."""
    said, unknown = [], []
    for platform in platforms:
        mine = [one for one in found if one.platform == platform.platform]
        whole = [one for one in mine if one.counts[HOURS] is not None]
        if whole:
            said.append(_said(platform, whole))
        elif mine:
            unknown.append(Unknown(Kind.LAUNCH, (platform.platform,), f"no whole first 24 hours: {_HINT}"))
    return Answers(tuple(said), tuple(unknown))


def _said(platform: PlatformDownloads, whole: Sequence[FirstHours]) -> Insight:
    newest = whole[-1]
    before = [one.counts[HOURS] or 0 for one in whole[:-1] if one.own == newest.own]
    first = newest.counts[HOURS] or 0
    told = f"{platform.title}: v{newest.version} had {number(first)} {newest.unit} in its first {HOURS} hours"
    if len(before) >= EARLIER:
        told += f"; the middle one of {len(before)} before it had {number(median(before))}"
    return Insight(
        Kind.LAUNCH,
        told,
        (platform.platform,),
        tuple(_facts(newest, before, platform.url)),
        COUNTED,
        weight=0.27,
        caution="" if newest.own else "it counts everything on the platform, not this version alone",
    )


def _facts(newest: FirstHours, before: Sequence[int], url: str) -> Iterator[Fact]:
    unit = str(newest.unit)
    for hours in (1, 6, HOURS):
        if (count := newest.counts[hours]) is not None:
            yield Fact(f"first {hours} {'hour' if hours == 1 else 'hours'}", count, unit, url)
    yield Fact("released", f"{newest.at:%Y-%m-%d %H:%M} UTC")
    if newest.missed > 1 / 60:
        yield Fact("counted from", round(newest.missed, 1), "hours after it")
    if before:
        yield Fact("releases before", len(before))
        yield Fact(f"their first {HOURS} hours, median", median(before), unit)
