"""Taking over days and countries that somebody exported where a platform's downloads are logged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.exports.tally import Export, normalised, read
from deployforge_tasks.analytics.old_stats import LeftOut
from deployforge_tasks.ledger.model import Scope
from deployforge_tasks.operations.stats_import import Imported, Taken

if TYPE_CHECKING:
    from deployforge_tasks.analytics.exports.rows import Progress
    from deployforge_tasks.analytics.exports.shapes import Shape
    from deployforge_tasks.core.downloads import Counter, Series
    from deployforge_tasks.ledger.store import Ledger
    from deployforge_tasks.project.load import Loaded

_DAY = timedelta(days=1)


def take_export(
    loaded: Loaded, ledger: Ledger, file: Path, shape: Shape, today: date, *, progress: Progress | None
) -> Imported:
    """Put the days of an export into the ledger: beside the platform's figure, as its parts.

    Raises:
        ConfigError: a row of the file cannot be read.
    """
    export = read(loaded.root / file, shape, today, progress)
    here, platform = Scope(loaded.project.name, loaded.profile), shape.platform
    last = export.last or today - _DAY
    at = datetime(last.year, last.month, last.day, tzinfo=UTC) + _DAY
    left = list(_left_out(export))
    if platform not in (*loaded.options, *loaded.project.analytics.places.names):
        return Imported(file, at, (), (LeftOut(platform, f"{platform} is not in deployforge.yml"), *left))
    names = _names(ledger, here, platform) or _guess(loaded, platform)
    taken: list[Taken] = []
    for tally in export.tallies:
        name = _name(tally.subject, names)
        if not name:
            left.append(LeftOut(tally.subject or platform, _unnamed(tally.subject, names)))
            continue
        known = _known(ledger, here, shape, name)
        series = export.series(tally, name, [counter.country for counter in known if counter.country])
        left += _kept(name, known, series, at)
        new = ledger.downloads().keep(here, platform, series, at)
        told = [one for one in series if one.counter.version or one.counter.country in tally.countries]
        taken += _taken(platform, name, told, new=bool(new))
    return Imported(file, at, tuple(taken), tuple(left))


def _taken(platform: str, name: str, series: Sequence[Series], *, new: bool) -> Iterator[Taken]:
    """What was taken by country, and by version."""
    for what in ("country", "version"):
        parts = [one for one in series if getattr(one.counter, what)]
        if parts:
            days = [day for one in parts for day in _days(one)]
            count = sum(_sum(one) for one in parts)
            yield Taken(f"{name} by {what}", platform, "daily", count, new, min(days), max(days), len(parts))


def _days(series: Series) -> Iterator[date]:
    yield from (reading.at.date() for reading in series.readings)
    for gap in series.gaps:
        yield from (gap.first, gap.last)


def _sum(series: Series) -> int:
    return sum(reading.count for reading in series.readings) + sum(gap.count or 0 for gap in series.gaps)


def _names(ledger: Ledger, here: Scope, platform: str) -> set[str]:
    """What the platform calls what it counts of the project."""
    there = ledger.reader().counted().counters(here, [platform])
    return {c.counter.subject for c in there if not c.counter.is_exported and not c.counter.target}


def _known(ledger: Ledger, here: Scope, shape: Shape, name: str) -> dict[Counter, datetime | None]:
    """What other files told, and up to when."""
    there = ledger.reader().counted().counters(here, [shape.platform])
    ours = (shape.source, name, shape.unit)
    return {c.counter: c.read_at for c in there if (c.counter.source, c.counter.subject, c.counter.unit) == ours}


def _kept(
    name: str, known: Mapping[Counter, datetime | None], series: Sequence[Series], at: datetime
) -> Iterator[LeftOut]:
    """Days of files that end later stay as they are."""
    later = [read_at for one in series if (read_at := known.get(one.counter)) and read_at > at]
    if later:
        last = max(later).astimezone(UTC).date() - _DAY
        yield LeftOut(name, f"days that a file up to {last} told stay as they are")


def _guess(loaded: Loaded, platform: str) -> set[str]:
    """What it is called where nothing was counted yet; an image has its owner in its name, too."""
    gems = loaded.project.analytics.places.rubygems
    if platform == "rubygems" and gems is not None:
        return {gems.gem}
    return set() if platform == "docker" else {loaded.project.name}


def _name(told: str, names: Collection[str]) -> str:
    """The project's name of what a file tells; of a file that names nothing, the only one that there is."""
    if not told:
        return next(iter(names)) if len(names) == 1 else ""
    return next((name for name in names if normalised(name) == normalised(told)), "")


def _unnamed(told: str, names: Collection[str]) -> str:
    if not names:
        return "what the project is called there is not known; `deployforge stats` first, then it is"
    known = ", ".join(sorted(names))
    return f"it is not the project's: that is {known}" if told else f"the file does not say which it is: {known}"


def _left_out(export: Export) -> Iterator[LeftOut]:
    """What of the file is nobody's."""
    if export.open_rows:
        yield LeftOut("today", f"{_rows(export.open_rows)} of days, weeks or months that are not over")
    if export.no_downloads:
        yield LeftOut("version checks", f"{_rows(export.no_downloads)} no download")
    if not export.rows:
        yield LeftOut("rows", "the file has none")
    for tally in export.tallies:
        if tally.elsewhere:
            what = export.shape.unit.counted(tally.elsewhere)
            yield LeftOut(tally.subject or "no country", f"of {what} no country is told")


def _rows(count: int) -> str:
    return f"{count:,} {'row is' if count == 1 else 'rows are'}"
