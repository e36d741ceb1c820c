"""Adding up the rows of an export: by what is counted, by country and by version."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from deployforge_tasks.analytics.exports.rows import Row, malformed, rows
from deployforge_tasks.analytics.exports.shapes import Shape
from deployforge_tasks.core.countries import COUNTRIES
from deployforge_tasks.core.downloads import Counter, Gap, Kind, Series
from deployforge_tasks.platforms import _counting as counting

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
#: What a ledger can hold.
_LARGEST = 2**63 - 1
_NO_ROW = "the export has no row of this day"

#: The first and the last day of what a row is about.
Span = tuple[date, date]
Counts = dict[Span, int]


@dataclass
class Tally:
    """What one subject has; `elsewhere` are downloads whose country is not told."""

    countries: dict[str, Counts] = field(default_factory=dict)
    versions: dict[str, Counts] = field(default_factory=dict)
    elsewhere: int = 0


@dataclass(frozen=True)
class Export:
    """What a file holds.

    Fields: `tallies` by subject ("" where the file does not name it); `spans` the days, or weeks or months, that any
    row is about; `open_rows` were of days that are not over, `no_downloads` of something else than downloads.
    """

    shape: Shape
    tallies: Mapping[str, Tally]
    spans: frozenset[Span]
    open_rows: int
    no_downloads: int

    def series(self, told: str, subject: str) -> list[Series]:
        """The counters of a subject.

        Args:
            told: its name in the file.
            subject: its name for the ledger.
        """
        tally, shape = self.tallies[told], self.shape
        counter = Counter(shape.source, subject, Kind.DAILY, shape.unit)
        by_country = [self._series(counter, counts, country=name) for name, counts in sorted(tally.countries.items())]
        return by_country + [
            self._series(counter, counts, version=name) for name, counts in sorted(tally.versions.items())
        ]

    def _series(self, counter: Counter, counts: Counts, *, country: str = "", version: str = "") -> Series:
        part = Counter(**{**vars(counter), "country": country, "version": version})
        if self.shape.span:
            gaps = tuple(Gap(*span, _why(span), counts.get(span, 0)) for span in sorted(self.spans))
            return Series(part, (), self.shape.meaning, "", gaps=gaps)
        # A country had none on a day of which other rows tell; a version may not have been there yet.
        first = min(counts)[0] if version else date.min
        days = {day: counts.get((day, day), 0) for day, _ in self.spans if day >= first}
        return counting.daily(part, days, self.shape.meaning, "", gap=_NO_ROW)


def read(file: Path, shape: Shape, today: date) -> Export:
    """Add up a file.

    Args:
        file: of that shape.
        shape: what its columns are.
        today: the day (UTC) that is not over; rows of it, and of later ones, are left out.

    Raises:
        ConfigError: the file cannot be read, or one of its rows is not of that shape; the message names its line.
    """
    tallies: dict[str, Tally] = {}
    spans: set[Span] = set()
    open_rows = others = 0
    for row in _once(file, shape):
        if any(row.values.get(column) not in values for column, values in shape.only.items()):
            others += 1
            continue
        span, count = _span(file, shape, row), _count(file, shape, row)
        if span[1] >= today:
            open_rows += 1
            continue
        spans.add(span)
        _add(tallies.setdefault(_subject(shape, row), Tally()), shape, row, span, count)
    if len({last - first > _WEEK for first, last in spans}) > 1:
        raise malformed(file, 1, "it has weeks and months, which hold the same downloads")
    return Export(shape, tallies, frozenset(spans), open_rows, others)


def _once(file: Path, shape: Shape) -> Iterator[Row]:
    """The rows; where rows are sums, no two may be about the same."""
    seen: dict[int, int] = {}
    numbers = {shape.count, *shape.beside}
    for row in rows(file):
        if shape.count:
            # Only hashes are kept: a file may have millions of rows.
            about = hash(tuple(sorted((name, value) for name, value in row.values.items() if name not in numbers)))
            if about in seen:
                raise malformed(file, row.line, f"it is about the same as line {seen[about]}")
            seen[about] = row.line
        yield row


def _add(tally: Tally, shape: Shape, row: Row, span: Span, count: int) -> None:
    country = row.values.get(shape.country, "").upper()
    version = row.values.get(shape.version, "")
    if country in COUNTRIES:
        _more(tally.countries, country, span, count)
    elif shape.country:
        tally.elsewhere += count
    if version:
        _more(tally.versions, version, span, count)


def _more(parts: dict[str, Counts], name: str, span: Span, count: int) -> None:
    counts = parts.setdefault(name, {})
    counts[span] = counts.get(span, 0) + count


def _subject(shape: Shape, row: Row) -> str:
    return "/".join(row.values.get(column, "") for column in shape.subject)


def _span(file: Path, shape: Shape, row: Row) -> Span:
    text = row.values.get(shape.day, "")
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)([ T].*)?", text)
    try:
        first = date.fromisoformat(found[1]) if found else None
    except ValueError:
        first = None
    if first is None:
        raise malformed(file, row.line, f"{text[:40]!r} in `{shape.day}` is no day")
    if not shape.span:
        return first, first
    match row.values.get(shape.span, "").lower():
        case "weekly" | "week":
            return first, first + _WEEK - _DAY
        case "monthly" | "month":
            return first, first.replace(day=monthrange(first.year, first.month)[1])
        case other:
            raise malformed(file, row.line, f"{other[:40]!r} in `{shape.span}` is neither weekly nor monthly")


def _count(file: Path, shape: Shape, row: Row) -> int:
    if not shape.count:
        return 1
    text = row.values.get(shape.count, "")
    if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) > _LARGEST:
        raise malformed(file, row.line, f"{text[:40]!r} in `{shape.count}` is no count")
    return int(text)


def _why(span: Span) -> str:
    return f"Docker Hub tells only the sum of {span[0]} to {span[1]}"
