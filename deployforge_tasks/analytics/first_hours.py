"""The first 24 hours of each release, hour by hour, where totals were read often enough meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from deployforge_tasks.analytics.claims import COUNTED, Answers, number
from deployforge_tasks.analytics.insight import Fact, FirstHours, Insight, Kind, Unknown
from deployforge_tasks.analytics.series import PlatformDownloads, Released
from deployforge_tasks.core.downloads import BEFORE_LAUNCH, LAUNCH, Reading
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
#: A first reading that is later is none of the release's beginning; curves that miss more are not compared.
_LATEST, _COMPARED = timedelta(hours=1.5), timedelta(minutes=30)
_HINT = "totals must be read every hour on the day of a release; the dashboard does, or `deployforge stats` from cron"

#: The readings of one collection: when, and the count of each counter by its id.
_Collected = tuple[datetime, dict[int, int]]


def curves(
    launched: Sequence[tuple[str, str, datetime]],
    releases: Sequence[Released],
    counters: Mapping[str, Sequence[StoredCounter]],
    read: Mapping[int, Sequence[Reading]],
) -> tuple[FirstHours, ...]:
    """The curve of every release on every platform that tells totals, the oldest first.

    A version's own totals are used where its source tells them: they begin at zero. Else the whole platform's, if no
    other version came out there in these hours.

    Args:
        launched: version, platform and moment of what we published.
        releases: all versions that there are.
        counters: of each platform.
        read: the readings of totals by counter's id, oldest first.
    """
    found = []
    for version, platform, at in launched:
        own = _heads(counters.get(platform, ()), version)
        whole = _heads(counters.get(platform, ()), "") if not own and _alone(platform, at, releases) else []
        if heads := own or whole:
            found.append(_curve(version, at, heads, read, own=bool(own)))
    return tuple(found)


def _curve(
    version: str, at: datetime, heads: Sequence[StoredCounter], read: Mapping[int, Sequence[Reading]], *, own: bool
) -> FirstHours:
    told, reason = _told_together(_collections(heads, read, at))
    if own:  # nobody can have downloaded it before it was there
        points = [Reading(at, 0), *(Reading(when, sum(counts.values())) for when, counts in told if when > at)]
    else:
        points = _since(at, told)
    platform, unit = heads[0].platform, heads[0].counter.unit
    if len(points) < 2:
        return FirstHours(platform, version, at, (None,) * (HOURS + 1), unit, own, reason=reason or _HINT)
    counts = tuple(_at(at + hour * _HOUR, points) for hour in range(HOURS + 1))
    return FirstHours(platform, version, at, counts, unit, own, (points[0].at - at) / _HOUR, reason)


def _collections(
    heads: Sequence[StoredCounter], read: Mapping[int, Sequence[Reading]], at: datetime
) -> Iterator[_Collected]:
    every = sorted(
        (reading.at, head.id, reading.count)
        for head in heads
        for reading in read.get(head.id, ())
        if at - BEFORE_LAUNCH <= reading.at <= at + LAUNCH
    )
    begun: _Collected | None = None
    for when, counter, count in every:
        if begun is not None and when - begun[0] > _TOGETHER:
            yield begun
            begun = None
        begun = (when, {**(begun[1] if begun else {}), counter: count})
    if begun is not None:
        yield begun


def _told_together(collections: Iterable[_Collected]) -> tuple[list[_Collected], str]:
    """The collections, up to the first one in which a counter fell or was not told any more, with the reason."""
    told: list[_Collected] = []
    for when, counts in collections:
        before = told[-1][1] if told else {}
        if any(counts.get(counter, -1) < count for counter, count in before.items()):
            return told, f"at {when:%Y-%m-%d %H:%M} UTC a counter fell, or was not told any more"
        told.append((when, counts))
    return told, ""


def _since(at: datetime, told: Sequence[_Collected]) -> list[Reading]:
    """What was counted since the release; a counter that comes later counts from then on."""
    base: dict[int, int] = {}
    sums: list[Reading] = []
    for when, counts in told:
        base = {**counts, **base}
        sums.append(Reading(when, sum(count - base[counter] for counter, count in counts.items())))
    before = _at(at, sums)
    if before is not None:
        return [Reading(at, 0), *(Reading(one.at, one.count - before) for one in sums if one.at > at)]
    later = [one for one in sums if one.at >= at]
    if not later or later[0].at - at > _LATEST:
        return []
    return [Reading(one.at, one.count - later[0].count) for one in later]


def _heads(counters: Sequence[StoredCounter], version: str) -> list[StoredCounter]:
    """The totals of a version ("": of the whole platform) that hold no download twice."""
    able = [c for c in counters if c.counter.kind is Counting.TOTAL and c.counter.version == version]
    if heads := [c for c in able if c.counter.headline]:
        return heads
    whole = [c for c in able if not c.counter.target and not c.counter.country]
    return whole if len(whole) == 1 else []


def _alone(platform: str, at: datetime, releases: Sequence[Released]) -> bool:
    moments = [release.platforms[platform] for release in releases if platform in release.platforms]
    return all(abs(other - at) > LAUNCH for other in moments if other != at)


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
            reason = f"no whole first {HOURS} hours: {mine[-1].reason or _HINT}"
            unknown.append(Unknown(Kind.LAUNCH, (platform.platform,), reason))
    return Answers(tuple(said), tuple(unknown))


def _said(platform: PlatformDownloads, whole: Sequence[FirstHours]) -> Insight:
    newest = whole[-1]
    alike = [one for one in whole if one.own == newest.own and one.missed * _HOUR <= _COMPARED]
    before = [one.counts[HOURS] or 0 for one in alike if one is not newest] if newest in alike else []
    first = newest.counts[HOURS] or 0
    least = "at least " if newest.missed else ""
    told = f"{platform.title}: v{newest.version} had {least}{newest.unit.counted(first)} in its first {HOURS} hours"
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
    yield Fact("released", f"{newest.at.astimezone(UTC):%Y-%m-%d}")
    yield Fact("at", f"{newest.at.astimezone(UTC):%H:%M}", "UTC")
    if newest.missed:
        yield Fact("counted from", round(newest.missed, 2), "hours after it")
    if before:
        yield Fact("releases before", len(before))
        yield Fact(f"their first {HOURS} hours, median", median(before), unit)
