"""All questions together: what is said, what is not, and what comes first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from deployforge_tasks.analytics import (
    audiences,
    changes,
    first_hours,
    forecast,
    growth,
    launches,
    publishing,
    silence,
    worth,
)
from deployforge_tasks.analytics.changes import Causes
from deployforge_tasks.analytics.claims import COUNTED, Answers, number, percent
from deployforge_tasks.analytics.costs import CostTable
from deployforge_tasks.analytics.frame import Frame, frame
from deployforge_tasks.analytics.insight import Fact, FirstHours, Insight, Insights, Kind, Unknown
from deployforge_tasks.analytics.series import Downloads

#: Statements of one kind that are shown; the others are weaker ones of the same sort.
_MOST = 3
#: Days that all of them know, below which platforms are not compared: a first day is no usual one.
_DAYS = 28
#: What is not said of a channel that is dead.
_NOT_OF_THE_DEAD = (Kind.GROWTH, Kind.FORECAST, Kind.COMPARISON, Kind.CHANGE, Kind.LAUNCH)


def answer(
    downloads: Downloads,
    table: CostTable,
    served: Collection[str],
    causes: Causes,
    hours: Sequence[FirstHours] = (),
) -> Insights:
    """Ask every question.

    Args:
        downloads: the counts.
        table: what was spent lately.
        served: the enabled platforms.
        causes: what the ledger has of a platform and a time.
        hours: the first ones of releases.
    """
    frames = [made for one in downloads.platforms if (made := frame(one, downloads.releases))]
    quiet = silence.silences(frames, downloads.until, causes)
    looked, curves = launches.launches(downloads.platforms, downloads.releases)
    ahead, forecasts = forecast.forecasts(frames)
    all_answers = (
        quiet
        + growth.growth(frames)
        + _leading(frames)
        + publishing.publishing(frames)
        + audiences.audiences(downloads.platforms)
        + changes.changes(frames, causes)
        + looked
        + first_hours.first_hours(downloads.platforms, hours)
        + worth.costs(table)
        + worth.dear(table)
        + worth.missing(downloads, served)
        + worth.geography(downloads)
        + ahead
        + _nothing(downloads)
    )
    dead = {name for found in quiet.found for name in found.platforms}
    return Insights(
        downloads.project,
        downloads.profile,
        downloads.since,
        downloads.until,
        _weightiest([one for one in all_answers.found if not _moot(one, dead)]),
        _joined(all_answers.unknown),
        tuple(one for one in forecasts if one.platform not in dead),
        curves,
        tuple(one for one in hours if any(one.counts)),
        {one.platform: one.known for one in frames},
    )


def _moot(found: Insight, dead: Collection[str]) -> bool:
    return found.kind in _NOT_OF_THE_DEAD and any(name in dead for name in found.platforms)


def _weightiest(found: Sequence[Insight]) -> tuple[Insight, ...]:
    """The weightiest first, and of each kind only some."""
    kept: list[Insight] = []
    for one in sorted(found, key=lambda one: (-one.weight, one.sentence)):
        if sum(other.kind is one.kind for other in kept) < _MOST:
            kept.append(one)
    return tuple(kept)


def _joined(unknown: Sequence[Unknown]) -> tuple[Unknown, ...]:
    """One answer for all platforms of the same kind and reason."""
    found: dict[tuple[Kind, str], Unknown] = {}
    for one in unknown:
        earlier = found.get((one.kind, one.reason))
        names = (*(earlier.platforms if earlier else ()), *one.platforms)
        found[one.kind, one.reason] = replace(one, platforms=tuple(dict.fromkeys(names)))
    return tuple(sorted(found.values(), key=lambda one: list(Kind).index(one.kind)))


def _leading(frames: Sequence[Frame]) -> Answers:
    """The platform with the most a day among those of the same unit, on the days of which all are known; units are
    never added.
    """
    said = []
    for unit in dict.fromkeys(frame_.unit for frame_ in frames):
        mine = [f for f in frames if f.unit is unit and f.known >= _DAYS]
        days = set[date].intersection(*(f.days for f in mine)) if mine else set[date]()
        means = {f: f.mean(days) for f in mine}
        if len(means) < 2 or len(days) < _DAYS or not any(means.values()):
            continue
        first = max(means, key=lambda f: means[f])
        whole = sum(means.values())
        share = means[first] / whole
        said.append(
            Insight(
                Kind.COMPARISON,
                f"{first.title} has the most {unit}: {number(means[first])} a day, {percent(share)} of what the "
                f"{len(means)} platforms that count {unit} by day have",
                (first.platform,),
                (
                    *(Fact(f.platform, round(mean, 1), f"{unit} a day", f.url) for f, mean in means.items()),
                    Fact("days", len(days)),
                ),
                COUNTED,
                weight=0.35,
            )
        )
    return Answers(tuple(said))


def _nothing(downloads: Downloads) -> Answers:
    """Platforms of which no day is known at all, with their own reason."""
    missing = [one for one in downloads.platforms if one.daily is None]
    return Answers(
        unknown=tuple(
            Unknown(Kind.GROWTH, (one.platform,), one.reason or "its source tells no counts by day") for one in missing
        )
    )
