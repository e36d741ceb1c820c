"""What can be said about a project's downloads, each statement with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.operations.costs import costs, tries, yesterday
from deployforge_tasks.operations.runs import reading

if TYPE_CHECKING:
    from deployforge_tasks.analytics.changes import Causes
    from deployforge_tasks.analytics.insight import Insight, Insights
    from deployforge_tasks.analytics.series import Downloads
    from deployforge_tasks.project.load import Loaded

#: Days that are looked at when nobody says since when.
USUAL_DAYS = 365
#: Stages whose failure users notice.
_NOTICED = ("publish", "verify")
_MOST_MESSAGES = 1_000


def insights(
    loaded: Loaded,
    *,
    since: date | None = None,
    until: date | None = None,
    platforms: Sequence[str] = (),
    ledger_url: str | None = None,
) -> Insights:
    """Look for what the collected downloads, the runs and the costs tell.

    Args:
        loaded: the project.
        since: the first day to look at (default: a year before `until`).
        until: the last day (default: yesterday, UTC).
        platforms: only these (default: every enabled one).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the ledger cannot be opened, or the packages of ``deployforge[analytics]`` are missing.
        ValueError: `since` is after `until`.
    """
    from deployforge_tasks.analytics.answers import answer
    from deployforge_tasks.analytics.extras import need_models
    from deployforge_tasks.operations.first_hours import first_hours
    from deployforge_tasks.operations.stats import downloads

    need_models()
    last = until or yesterday()
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    known = downloads(loaded, first, last, platforms=platforms, ledger_url=ledger_url)
    served = [name for name, options in loaded.options.items() if options.enabled]
    spent = costs(loaded, until=last, platforms=platforms, ledger_url=ledger_url)
    hours = first_hours(loaded, known, ledger_url=ledger_url)
    return answer(known, spent, served, remembered(loaded, known, ledger_url=ledger_url), hours)


def unusual(found: Insights, since: date, until: date) -> tuple[Insight, ...]:
    """The changes and silences on these days (both included), the weightiest first."""
    return tuple(one for one in found.found if one.days and one.days[0] <= until and one.days[1] >= since)


def remembered(loaded: Loaded, known: Downloads, *, ledger_url: str | None = None) -> Causes:
    """What the ledger has of a platform and a time: releases, failed stages, drift that somebody was told of."""
    facts = [*_releases(known), *_failures(loaded, known, ledger_url), *_drifts(loaded, ledger_url)]

    def causes(platform: str, first: date, last: date) -> tuple[str, ...]:
        there = Counter((day, text) for day, name, text in sorted(facts) if name == platform and first <= day <= last)
        return tuple(f"{text}{f' {times} times' if times > 1 else ''} on {day}" for (day, text), times in there.items())

    return causes


_Fact = tuple[date, str, str]


def _releases(known: Downloads) -> list[_Fact]:
    return [
        (at.astimezone(UTC).date(), platform, f"v{release.version} came out")
        for release in known.releases
        for platform, at in release.platforms.items()
    ]


def _failures(loaded: Loaded, known: Downloads, ledger_url: str | None) -> list[_Fact]:
    with reading(loaded, ledger_url) as reader:
        return [
            (attempt.started_at.astimezone(UTC).date(), attempt.platform, f"{attempt.stage} of v{run.version} failed")
            for run, attempts in tries(reader, loaded, known.since - timedelta(days=7), known.until)
            for attempt in attempts
            if attempt.stage in _NOTICED and attempt.outcome == "failed"
        ]


def _drifts(loaded: Loaded, ledger_url: str | None) -> list[_Fact]:
    from deployforge_tasks.graph.context import ledger_url as own_ledger
    from deployforge_tasks.ledger.deliveries import opened

    with opened(ledger_url or own_ledger(loaded)) as deliveries:
        told = deliveries.newest(loaded.project.name, loaded.profile, _MOST_MESSAGES)
    found = {
        (one.at.astimezone(UTC).date(), name.strip(), f"drift of v{one.version} was told")
        for one in told
        if one.event == "drift"
        for name in one.platform.split(",")
    }
    return sorted(found)
