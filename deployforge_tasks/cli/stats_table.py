"""Download counts as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.periods import at_least, buckets, change, period, sizes
from deployforge_tasks.cli.table import Cell, Row, Style, ago, columns, one_line, plural

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Daily, Downloads, PlatformDownloads, Slice
    from deployforge_tasks.core.downloads import Unit
    from deployforge_tasks.operations.stats import PlatformCollected

BARS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"
_NOTHING = "\N{EN DASH}"
#: Parts that are shown of each platform.
_MOST = 10
_WIDEST = 200
#: Columns of a chart by days, for terminals that are at least so wide.
_CHARTS = ((120, 30), (100, 20), (80, 10))


def lines(
    now: Downloads,
    before: Downloads,
    collected: Mapping[str, PlatformCollected],
    style: Style,
    *,
    at: datetime,
    width: int | None,
) -> list[str]:
    """A headline, and a row a platform; where it came from stands beside it, or below on narrow terminals.

    Args:
        now: the period.
        before: the period before it.
        collected: how asking the platforms ended, if they were asked.
        style: colours a text.
        at: the moment, for "3 h ago".
        width: of the terminal.
    """
    chart = _chart_width(width)
    old = {platform.platform: platform for platform in before.platforms}
    wide = width is None or width >= _CHARTS[-1][0]
    names = ["platform", "count", "unit", "change", "all time", *(["by day"] if chart else [])]
    rows: list[Row] = [[Cell(name, "dim") for name in [*names, *(["source"] if wide else [])]]]
    notes: list[str] = []
    for platform in now.platforms:
        asked = collected.get(platform.platform)
        note, cells = _note(platform, asked, at), _cells(platform, old[platform.platform].daily, chart)
        failed = asked is not None and asked.outcome == "failed"
        rows.append([*cells, Cell(note, "error" if failed else "dim")] if wide else cells)
        notes += [] if wide else wrap(f"{platform.platform}: {note}", width or _WIDEST, subsequent_indent="  ")
    table = columns(_aligned(rows, (1, 3, 4)), style, width=width)
    return [*_head(now, style, width), "", *table, *(["", *notes] if notes else [])]


def part_lines(now: Downloads, by: str, style: Style, *, width: int | None) -> list[str]:
    """The parts of each platform that knows them, the largest first; what another source tells is marked.

    Args:
        now: the period.
        by: ``version``, ``target`` or ``country``.
        style: colours a text.
        width: of the terminal.
    """
    chart = _chart_width(width)
    names = ["platform", by, "count", "share", "what", "all time", *(["by day"] if chart else [])]
    rows: list[Row] = [[Cell(name, "dim") for name in names]]
    without, notes = [], []
    for platform in now.platforms:
        parts = parts_of(platform, by)
        counts = sizes(parts)
        for number, (part, size) in enumerate(zip(parts[:_MOST], counts, strict=False)):
            share = f"{size / sum(counts):.0%}" if size else ""
            rows.append(_part_row(platform.platform if number == 0 else "", part, platform, share, chart))
        if len(parts) > _MOST:
            rows.append(["", Cell(f"and {len(parts) - _MOST} more", "dim")])
        if not parts:
            without.append(platform.platform)
        elif parts[0].source != platform.source:
            notes.append(one_line(f"{platform.platform} by {by}: {parts[0].source} tells {parts[0].meaning}"))
    shown = columns(_aligned(rows, (2, 3, 5)), style, width=width) if len(rows) > 1 else []
    notes += [f"not known by {by}: {', '.join(without)}"] if without else []
    told = [line for note in notes for line in wrap(note, (width or _WIDEST) - 2)]
    return [*shown, *([""] if shown and told else []), *(f"  {line}" for line in told)]


def parts_of(platform: PlatformDownloads, by: str) -> tuple[Slice, ...]:
    """The parts of a platform by version, target or country."""
    return {"version": platform.versions, "target": platform.targets, "country": platform.countries}[by]


def sparkline(daily: Daily, width: int) -> str:
    """The days as bars, a dot for what is not known."""
    means = buckets(daily, width)
    highest = max((mean for mean in means if mean is not None), default=0)
    return "".join(_bar(mean, highest) for mean in means)


def _bar(mean: float | None, highest: float) -> str:
    if mean is None:
        return UNKNOWN
    return BARS[round(mean / highest * (len(BARS) - 1))] if highest else BARS[0]


def _chart_width(width: int | None) -> int:
    return next((bars for least, bars in _CHARTS if width is None or width >= least), 0)


def _head(now: Downloads, style: Style, width: int | None) -> list[str]:
    """What is of one unit, added up; rolling sums and levels are in no sum."""
    sums: Counter[Unit] = Counter()
    for platform in now.platforms:
        if (count := period(platform.daily).count) is not None:
            sums[platform.unit] += count
    told = [unit.counted(count) for unit, count in sums.items()]
    profile = [now.profile] if now.profile else []
    text = " · ".join([now.project, *profile, f"{now.since} to {now.until}", *(told or ["nothing counted"])])
    first, *rest = wrap(text, width or _WIDEST)
    return [first.replace(now.project, style(now.project, "bold"), 1), *rest]


def _cells(platform: PlatformDownloads, before: Daily | None, chart: int) -> list[Cell | str]:
    now = period(platform.daily)
    unit = str(platform.unit) if now.count is not None or platform.total is not None else ""
    cells: list[Cell | str] = [platform.platform, _count(now.count), unit, _change(before, platform.daily)]
    cells.append(_all_time(platform))
    return [*cells, *([sparkline(platform.daily, chart) if platform.daily else ""] if chart else [])]


def _count(count: int | None) -> str:
    return _NOTHING if count is None else f"{count:,}"


def _change(before: Daily | None, now: Daily | None) -> str:
    more = change(before, now)
    return "" if more is None else f"{more:+.0%}"


def _all_time(platform: PlatformDownloads) -> str:
    """All that was ever counted; with a plus where it is only what we know of."""
    if platform.total is not None:
        return f"{platform.total:,}"
    return _NOTHING if platform.counted is None else f"{platform.counted:,}+"


def _note(platform: PlatformDownloads, asked: PlatformCollected | None, at: datetime) -> str:
    """Where the numbers come from and of when they are; what went wrong; why there are none."""
    words = []
    if platform.read_at is not None:
        words.append(f"{platform.source}, {ago(platform.read_at, at)}")
    words += [
        f"{platform.unit.counted(w.count)} in {plural(w.days, 'day')} at {w.at:%Y-%m-%d}" for w in platform.windows
    ]
    words += [f"{level.unit.counted(level.count)}" for level in platform.levels]
    now = period(platform.daily)
    over = now.days - (platform.daily is not None and platform.daily.last >= at.date())
    if now.known < over:
        words.append(f"{now.known} of {plural(over, 'day')} known")
    words += _least(platform.daily)
    if platform.daily is None and (platform.total is not None or platform.counted is not None):
        words.append("no day is known yet")
    if asked is not None and asked.outcome == "failed":
        words.append(f"could not be asked: {asked.reason}")
    elif platform.reason:
        words.append(platform.reason)
    elif asked is not None and asked.outcome == "waiting":
        words.append(asked.reason)
    return one_line("; ".join(words))


def _least(daily: Daily | None) -> list[str]:
    """The days that have at least their count."""
    found = at_least(daily) if daily else []
    if len(found) == 1:
        return [f"on {found[0].first} {found[0].reason}"]
    return [f"{len(found)} days are at least their count: files are gone"] if found else []


def _part_row(name: str, part: Slice, platform: PlatformDownloads, share: str, chart: int) -> Row:
    count, what, days = period(part.daily).count, str(platform.unit), part.daily
    if part.level is not None:
        count, what, days = part.level.count, f"{part.level.unit} at {part.level.at:%Y-%m-%d}", part.level.days
    elif part.window is not None:
        count, what = part.window.count, f"{platform.unit} in {plural(part.window.days, 'day')}"
    total = _NOTHING if part.total is None else f"{part.total:,}"
    cells: list[Cell | str] = [name, one_line(part.name), _count(count), share, what, total]
    return [*cells, *([sparkline(days, chart) if days else ""] if chart else [])]


def _aligned(rows: Sequence[Row], numbers: Sequence[int]) -> list[Row]:
    """The rows with some columns at their right edge."""
    widths = {n: max((len(_text(row[n])) for row in rows if n < len(row)), default=0) for n in numbers}
    return [[_right(cell, widths[n]) if n in widths else cell for n, cell in enumerate(row)] for row in rows]


def _right(cell: Cell | str, width: int) -> Cell | str:
    padded = _text(cell).rjust(width)
    return Cell(padded, cell.style) if isinstance(cell, Cell) else padded


def _text(cell: Cell | str) -> str:
    return cell.text if isinstance(cell, Cell) else cell
