"""The downloads of a period as a table: each platform's figure, with what it is compared with, and what is missing."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.operations.last_collections import last_collections
from deployforge_tasks.operations.stats import downloads

if TYPE_CHECKING:
    from deployforge_tasks.analytics.periods import Period
    from deployforge_tasks.analytics.series import Daily, Downloads, PlatformDownloads
    from deployforge_tasks.core.downloads import Gap, Unit
    from deployforge_tasks.project.load import Loaded

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Figures:
    """One platform's figure.

    `share` is its part of what all platforms have that count the same (0 to 1); `change` compares a day with one of the
    period before (0.25: a quarter more), `week` one of the last seven days with one of the seven before. Each is None
    where it cannot be told. `least` are the days that have at least their count. `outcome` is how asking it ended last
    (``collected unchanged none failed never``).
    """

    known: PlatformDownloads
    period: Period
    share: float | None
    change: float | None
    week: float | None
    gaps: tuple[Gap, ...]
    least: tuple[Gap, ...]
    outcome: str


@dataclass(frozen=True)
class Total:
    """What the platforms have together that count the same.

    `change` compares those of them of which enough days of both periods are known: `compared` of `platforms`.
    """

    unit: Unit
    count: int
    platforms: int
    change: float | None
    compared: int


@dataclass(frozen=True)
class DownloadTable:
    """The figures, those with days first and the largest of each unit first; `totals` never add different units."""

    downloads: Downloads
    totals: tuple[Total, ...]
    rows: tuple[Figures, ...]


def download_table(loaded: Loaded, since: date, until: date, *, ledger_url: str | None = None) -> DownloadTable:
    """The downloads from `since` to `until` (days in UTC, both included). Asks nobody.

    Args:
        loaded: the project.
        since: the first day.
        until: the last day.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the ledger cannot be opened.
        ValueError: `since` is after `until`.
    """
    from deployforge_tasks.analytics.periods import before

    found = downloads(loaded, since, until, ledger_url=ledger_url)
    day = timedelta(days=1)
    periods = [before(since, until), (until - 2 * _WEEK + day, until - _WEEK), (until - _WEEK + day, until)]
    first = min(first for first, _ in periods)
    longer = downloads(loaded, first, until, ledger_url=ledger_url)  # one reading of the ledger for all three
    earlier, week_before, week = ({p.platform: _cut(p.daily, *days) for p in longer.platforms} for days in periods)
    sums = _sums(found.platforms)
    outcomes = {one.platform: one.outcome for one in last_collections(loaded, ledger_url=ledger_url)}
    rows = [_figures(one, sums, (earlier, week_before, week), outcomes[one.platform]) for one in found.platforms]
    return DownloadTable(found, tuple(_totals(rows, earlier)), tuple(sorted(rows, key=lambda row: _place(row, sums))))


def downloads_csv(loaded: Loaded, since: date, until: date, *, ledger_url: str | None = None) -> str:
    """Every day and part that is known, as CSV.

    Args:
        loaded: the project.
        since: the first day.
        until: the last day.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the ledger cannot be opened.
        ValueError: `since` is after `until`.
    """
    from deployforge_tasks.analytics.export import write_csv

    text = io.StringIO()
    write_csv(downloads(loaded, since, until, ledger_url=ledger_url), text)
    return text.getvalue()


_Known = dict[str, "Daily | None"]


def _cut(daily: Daily | None, since: date, until: date) -> Daily | None:
    """Some of the days, which are all among those that were read."""
    from deployforge_tasks.analytics.series import Daily

    if daily is None:
        return None
    start = (since - daily.first).days
    lumps = tuple(lump for lump in daily.lumps if since <= lump.first and lump.last <= until)
    return Daily(since, daily.counts[start : start + (until - since).days + 1], daily.reasons, lumps)


def _sums(platforms: Sequence[PlatformDownloads]) -> dict[Unit, int]:
    """What all platforms that count the same have together."""
    sums: dict[Unit, int] = {}
    for one in platforms:
        sums[one.unit] = sums.get(one.unit, 0) + ((one.daily.sum if one.daily else None) or 0)
    return sums


def _figures(
    one: PlatformDownloads, sums: dict[Unit, int], beside: tuple[_Known, _Known, _Known], outcome: str
) -> Figures:
    from deployforge_tasks.analytics.periods import at_least, change, gaps, period

    name, now = one.platform, period(one.daily)
    earlier, week_before, week = beside
    share = now.count / sums[one.unit] if now.count is not None and sums[one.unit] else None
    return Figures(
        one,
        now,
        share,
        change(earlier[name], one.daily),
        change(week_before[name], week[name]),
        tuple(gaps(one.daily)) if one.daily else (),
        tuple(at_least(one.daily)) if one.daily else (),
        outcome,
    )


def _place(row: Figures, sums: dict[Unit, int]) -> tuple[int, int, int]:
    """Days come before what cannot be added, and both before nothing at all."""
    if row.period.count is not None:
        return 0, -sums[row.known.unit], -row.period.count
    return (1 if row.known.windows or row.known.levels or row.known.total is not None else 2), 0, 0


def _totals(rows: Sequence[Figures], earlier: _Known) -> Iterator[Total]:
    from deployforge_tasks.analytics.periods import changed_together

    counted = [row for row in rows if row.period.count is not None]
    sums = _sums([row.known for row in counted])
    for unit in sorted(sums, key=lambda unit: (-sums[unit], unit)):
        mine = [row for row in counted if row.known.unit is unit]
        both = [(earlier[row.known.platform], row.known.daily) for row in mine if row.change is not None]
        yield Total(unit, sums[unit], len(mine), changed_together(both), len(both))
