"""Adding up the rows of an export: by what is counted, by country and by version."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from deployforge_tasks.analytics.exports.rows import Progress, Row, malformed, rows
from deployforge_tasks.analytics.exports.shapes import Shape
from deployforge_tasks.core.countries import is_country
from deployforge_tasks.core.downloads import Counter, Gap, Kind, Series, is_name
from deployforge_tasks.platforms import _counting as counting

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
#: No registry is older; databases write 1970-01-01 for a day that they do not know.
_FIRST = date(2000, 1, 1)
#: What a ledger can hold.
_LARGEST = 2**63 - 1
_NO_ROW = "the export has no row of this day"

#: The first and the last day of what a row is about.
Span = tuple[date, date]
Counts = dict[Span, int]


@dataclass
class Tally:
    """What one subject has, as the file first calls it.

    Fields: `spans` the days, or weeks or months, that any of its rows is about; `elsewhere` are downloads whose country
    is not told.
    """

    subject: str
    spans: set[Span] = field(default_factory=set)
    countries: dict[str, Counts] = field(default_factory=dict)
    versions: dict[str, Counts] = field(default_factory=dict)
    elsewhere: int = 0


@dataclass(frozen=True)
class Export:
    """What a file holds.

    Fields: `tallies` of its subjects ("" where it does not name one); `rows` how many it has; `open_rows` were of days
    that are not over, `no_downloads` of something else than downloads.
    """

    shape: Shape
    tallies: tuple[Tally, ...]
    rows: int
    open_rows: int
    no_downloads: int

    @property
    def last(self) -> date | None:
        """The last day that a row is about."""
        return max((span[1] for tally in self.tallies for span in tally.spans), default=None)

    def series(self, tally: Tally, subject: str, known: Collection[str] = ()) -> list[Series]:
        """The counters of a subject, under its name for the ledger.

        Countries that are `known` from other files, and not in this one, had none on its days.
        """
        counter = Counter(self.shape.source, subject, Kind.DAILY, self.shape.unit)
        names = sorted({*tally.countries, *known}) if tally.countries else []
        by_country = [(replace(counter, country=name), tally.countries.get(name, {})) for name in names]
        by_version = [(replace(counter, version=name), counts) for name, counts in sorted(tally.versions.items())]
        return [self._series(part, counts, tally.spans) for part, counts in by_country + by_version]

    def _series(self, part: Counter, counts: Counts, spans: Collection[Span]) -> Series:
        if self.shape.span:
            gaps = tuple(Gap(*span, _why(span), counts.get(span, 0)) for span in sorted(spans))
            return Series(part, (), self.shape.meaning, "", gaps=gaps)
        # A country had none on a day of which other rows tell; a version may not have been there yet.
        first = min(counts)[0] if part.version else date.min
        days = {day: counts.get((day, day), 0) for day, _ in spans if day >= first}
        return counting.daily(part, days, self.shape.meaning, "", gap=_NO_ROW)


def read(file: Path, shape: Shape, today: date, progress: Progress | None = None) -> Export:
    """Add up a file.

    Args:
        file: of that shape.
        shape: what its columns are.
        today: the day (UTC) that is not over; rows of it, and of later ones, are left out.
        progress: hears how much of it is read.

    Raises:
        ConfigError: the file cannot be read, or one of its rows is not of that shape; the message names its line.
    """
    tallies: dict[str, Tally] = {}
    all_rows = open_rows = others = 0
    for row in _once(file, shape, progress):
        all_rows += 1
        if any(row.values.get(column) not in values for column, values in shape.only.items()):
            others += 1
            continue
        span, count = _span(file, shape, row, today), _count(file, shape, row)
        if span[1] >= today:
            open_rows += 1
            continue
        if not is_name(version := row.values.get(shape.version, "")):
            raise malformed(file, row.line, f"{version[:40]!r} in `{shape.version}` is no version")
        subject = _subject(shape, row)
        tally = tallies.setdefault(normalised(subject), Tally(subject))
        tally.spans.add(span)
        if not _add(tally, shape, row, span, count):
            raise malformed(file, row.line, "its counts are too many to add up")
    if len({last - first > _WEEK for tally in tallies.values() for first, last in tally.spans}) > 1:
        raise malformed(file, 1, "it has weeks and months, which hold the same downloads")
    return Export(shape, tuple(tallies.values()), all_rows, open_rows, others)


def normalised(name: str) -> str:
    """As PyPI compares names (https://peps.python.org/pep-0503/); in other places it does no harm."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _once(file: Path, shape: Shape, progress: Progress | None) -> Iterator[Row]:
    """The rows; where rows are sums, no two may be about the same."""
    seen: set[int] = set()
    numbers = {shape.count, *shape.beside}
    for row in rows(file, progress):
        if shape.count:
            # Only hashes are kept: a file may have millions of rows.
            about = hash(frozenset(item for item in row.values.items() if item[0] not in numbers))
            if about in seen:
                raise malformed(file, row.line, "it is about the same as an earlier line")
            seen.add(about)
        yield row


def _add(tally: Tally, shape: Shape, row: Row, span: Span, count: int) -> bool:
    """Whether the sums can be held."""
    country, version = row.values.get(shape.country, ""), row.values.get(shape.version, "")
    sums = [count]
    if is_country(country):
        sums.append(_more(tally.countries, country, span, count))
    elif shape.country:
        tally.elsewhere += count
    if version:
        sums.append(_more(tally.versions, version, span, count))
    return max(sums) <= _LARGEST


def _more(parts: dict[str, Counts], name: str, span: Span, count: int) -> int:
    counts = parts.setdefault(name, {})
    counts[span] = counts.get(span, 0) + count
    return counts[span]


def _subject(shape: Shape, row: Row) -> str:
    return "/".join(row.values.get(column, "") for column in shape.subject)


def _day(text: str) -> date | None:
    """A day, or that of a moment in UTC; one without a zone is in UTC."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
        return (at.astimezone(UTC) if at.tzinfo else at).date()
    except (ValueError, OverflowError):
        return None


def _span(file: Path, shape: Shape, row: Row, today: date) -> Span:
    text = row.values.get(shape.day, "")
    first = _day(text)
    if first is None or not _FIRST <= first <= today + _DAY:
        raise malformed(file, row.line, f"{text[:40]!r} in `{shape.day}` is no day that was")
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
    return f"the export tells only the sum of {span[0]} to {span[1]}"
