"""The first days of each release, laid over one another by the day of the release."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from math import exp, log
from statistics import mean, median, stdev

from deployforge_tasks.analytics.claims import COUNTED, Answers, confidence, holm, number
from deployforge_tasks.analytics.frame import published_on
from deployforge_tasks.analytics.insight import Confidence, Fact, Insight, Kind, Launch, Unknown
from deployforge_tasks.analytics.series import Daily, PlatformDownloads, Released

#: Days of a launch, and the earlier ones that a comparison needs.
DAYS, EARLIER = 7, 5
#: Times more or less than usual that is worth a sentence.
_WORTH = 1.3
CAUTION = "sources count by UTC day: the release day is shorter than 24 hours, by its time of day"


def curves(platforms: Sequence[PlatformDownloads], releases: Sequence[Released]) -> tuple[Launch, ...]:
    """Every launch that stands alone, by platform, the oldest first.

    A version's own counts are used where its source tells them. Else the whole platform's, if no other version came out
    there in the same days: then two launches cannot be told apart.
    """
    return tuple(launch for platform in platforms for launch in _of(platform, releases))


def _of(platform: PlatformDownloads, releases: Sequence[Released]) -> list[Launch]:
    days = {release.version: day for release in releases if (day := published_on(release, platform.platform))}
    own = {part.name: part.daily for part in platform.versions if part.daily}
    found = []
    for version, day in sorted(days.items(), key=lambda one: one[1]):
        alone = all(other == version or abs((that - day).days) >= DAYS for other, that in days.items())
        daily = own.get(version) or (platform.daily if alone else None)
        counts = _first_days(daily, day) if daily else ()
        if counts:
            found.append(Launch(platform.platform, version, day, counts, platform.unit, version in own))
    return found


def _first_days(daily: Daily, day: date) -> tuple[int | None, ...]:
    start = (day - daily.first).days
    if start < 0:
        return ()
    return tuple(daily.counts[start : start + DAYS])


def launches(
    platforms: Sequence[PlatformDownloads], releases: Sequence[Released]
) -> tuple[Answers, tuple[Launch, ...]]:
    """The newest whole launch of each platform against those before it, and all curves for charts."""
    all_of = curves(platforms, releases)
    answers, tests = Answers(), []
    for platform in platforms:
        mine = [launch for launch in all_of if launch.platform == platform.platform]
        whole = [launch for launch in mine if len(launch.counts) == DAYS and None not in launch.counts]
        same = [launch for launch in whole if launch.own == whole[-1].own]
        if len(same) <= EARLIER:
            if any(published_on(r, platform.platform) for r in releases) and platform.daily:
                reason = f"too few launches that stand alone: {len(same)} of {EARLIER + 1}"
                answers += Answers(unknown=(Unknown(Kind.LAUNCH, (platform.platform,), reason),))
            continue
        tests.append((platform, same, _chance(platform, same)))
    chances = holm([p for _, _, p in tests])
    said = [_said(platform, same, confidence(p)) for (platform, same, _), p in zip(tests, chances, strict=True)]
    return answers + Answers(tuple(said)), all_of


def _chance(platform: PlatformDownloads, same: Sequence[Launch]) -> float:
    """The chance of a week this far from the weeks of the launches before (t-test of one new value, on logs)."""
    from scipy import stats

    *before, newest = map(log, _relatives(platform, same))
    error = max(stdev(before), 0.05) * (1 + 1 / len(before)) ** 0.5
    return float(2 * stats.t.sf(abs(newest - mean(before)) / error, len(before) - 1))


def _relatives(platform: PlatformDownloads, same: Sequence[Launch]) -> list[float]:
    """The counts of first weeks; those of a whole platform against the ordinary days of the four weeks before each.

    A platform that grows has more in every week: only against those days launches can be compared.
    """
    launched = {launch.day + timedelta(days=number) for launch in same for number in range(DAYS)}
    return [(_week(launch) + 0.5) / (_usual(platform, launch, launched) + 0.5) for launch in same]


def _usual(platform: PlatformDownloads, launch: Launch, launched: Collection[date]) -> float:
    if launch.own or platform.daily is None:
        return 0.5
    start = launch.day - timedelta(days=4 * DAYS)
    days = [(day, count) for day, count in platform.daily if start <= day < launch.day and day not in launched]
    known = [count for _, count in days if count is not None]
    return mean(known) * DAYS if known else 0.5


def _week(launch: Launch) -> int:
    return sum(count or 0 for count in launch.counts)


def _said(platform: PlatformDownloads, same: Sequence[Launch], sure: Confidence | None) -> Insight:
    *before, newest = same
    *earlier, now = map(log, _relatives(platform, same))
    times = exp(now - mean(earlier))
    first, week = newest.counts[0] or 0, _week(newest)
    told = f"{platform.title}: v{newest.version} had {platform.unit.counted(first)} on its first day and "
    told += f"{number(week)} in its first {DAYS} days"
    usual_first, usual_week = median(launch.counts[0] or 0 for launch in before), median(map(_week, before))
    claimed = sure is not None and not 1 / _WORTH < times < _WORTH
    if claimed:
        against = "" if newest.own else ", measured against the weeks before each"
        told += f", {times:.1f} times what the {len(before)} launches before it had{against}"
    else:
        told += f"; the middle one of {len(before)} before it had {number(usual_first)} and {number(usual_week)}"
    return Insight(
        Kind.LAUNCH,
        told,
        (platform.platform,),
        (
            Fact("first day", first, str(platform.unit), platform.url),
            Fact(f"first {DAYS} days", week, str(platform.unit)),
            Fact("launches before", len(before)),
            Fact("their first day, median", usual_first, str(platform.unit)),
            Fact(f"their first {DAYS} days, median", usual_week, str(platform.unit)),
            Fact("released", str(newest.day)),
            Fact("counted of", "this version" if newest.own else "the whole platform"),
        ),
        sure if claimed and sure else COUNTED,
        weight=0.65 if claimed else 0.25,
        caution=CAUTION,
    )
