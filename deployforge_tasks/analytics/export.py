"""Download counts for other programs: rows (CSV, Parquet) and OpenMetrics text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from deployforge_tasks.analytics.series import Daily
from deployforge_tasks.core.downloads import Kind
from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Downloads, Level, PlatformDownloads, Slice


@dataclass(frozen=True)
class Row:
    """One day of one figure.

    Rows with neither version, target nor country are about everything; the others are parts, and are not added to
    them. `kind` is ``daily`` (what happened on that day) or ``level`` (how many there were on it: never added).
    `count` is empty on a day of which nothing is known; `gap_reason` says why.
    """

    day: date
    platform: str
    source: str
    unit: str
    kind: str
    version: str
    target: str
    country: str
    count: int | None
    gap_reason: str


HEADER = tuple(field.name for field in fields(Row))
#: What OpenMetrics tells, as (name, type, help).
_DOWNLOADS = ("deployforge_downloads", "counter", "All that the source has ever counted.")
_PERIOD = ("deployforge_downloads_period", "gauge", "What is known of the days of the period together.")
_WINDOW = ("deployforge_downloads_window", "gauge", "A rolling sum as the source tells it.")
_LEVEL = ("deployforge_level", "gauge", "How many there are now (devices, votes).")
_READ = ("deployforge_downloads_read_seconds", "gauge", "When the source was read, in seconds since 1970.")


def rows(found: Downloads) -> Iterator[Row]:
    """Every day that is told, the figure of each platform first; days of parts and levels only where they are known."""
    for platform in found.platforms:
        known = _about(platform)
        if platform.daily is not None:
            yield from _days(known, platform.daily)
        for level in platform.levels:
            yield from _levels(known, level)
        for part in platform.versions:
            yield from _part(replace(known, version=part.name), part)
        for part in platform.targets:
            yield from _part(replace(known, target=part.name), part)
        for part in platform.countries:
            yield from _part(replace(known, country=part.name), part)


def write_csv(found: Downloads, to: TextIO) -> None:
    """Rows as CSV (https://www.rfc-editor.org/rfc/rfc4180), with a header."""
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(map(astuple, rows(found)))


def write_parquet(found: Downloads, file: Path) -> None:
    """Rows as Parquet.

    Raises:
        ConfigError: pyarrow is not installed.
        OSError: the file cannot be written.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise ConfigError(
            "Parquet needs the `pyarrow` package",
            hint="install it with `pip install 'deployforge[analytics]'`",
            code="DF3332",
        ) from error
    word = pa.dictionary(pa.int32(), pa.string())
    types = {"day": pa.date32(), "count": pa.int64()}
    schema = pa.schema([(name, types.get(name, word)) for name in HEADER])
    told = list(rows(found))
    columns = {name: [getattr(row, name) for row in told] for name in HEADER}
    made = pa.BufferOutputStream()  # pyarrow would delete a file that it cannot write to
    pq.write_table(pa.table(columns, schema=schema), made)
    file.write_bytes(made.getvalue())


def open_metrics(found: Downloads) -> Iterator[str]:
    """Lines of OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/)."""
    yield from platform_metrics(found)
    for what in ("version", "target", "country"):
        yield from _parts_in_metrics(what, list(_parts(found, what)))
    yield "# EOF"


def platform_metrics(found: Downloads) -> Iterator[str]:
    """The families of whole platforms, for those who tell other metrics, too."""
    yield from _family(_DOWNLOADS, "_total", ((_labels(p), p.total) for p in found.platforms))
    sums = [(_labels(p), p.daily.sum if p.daily else None) for p in found.platforms]
    yield from _family(_PERIOD, "", sums)
    windows = [({**_labels(p), "days": str(w.days)}, w.count) for p in found.platforms for w in p.windows]
    yield from _family(_WINDOW, "", windows)
    levels = [({**_labels(p), "unit": str(v.unit)}, v.count) for p in found.platforms for v in p.levels]
    yield from _family(_LEVEL, "", levels)
    reads = [(_labels(p), p.read_at.timestamp() if p.read_at else None) for p in found.platforms]
    yield from _family(_READ, "", reads)


def _parts(found: Downloads, what: str) -> Iterator[tuple[dict[str, str], Slice]]:
    for platform in found.platforms:
        parts = {"version": platform.versions, "target": platform.targets, "country": platform.countries}[what]
        for part in parts:
            yield {**_labels(platform), "source": part.source, what: part.name}, part


def _parts_in_metrics(what: str, parts: Sequence[tuple[dict[str, str], Slice]]) -> Iterator[str]:
    for name, kind, text in (_PERIOD, _WINDOW, _LEVEL):
        family = (name.replace("deployforge_", f"deployforge_{what}_"), kind, f"{text} By {what}.")
        if name == _PERIOD[0]:
            known = [(labels, part.daily.sum if part.daily else None) for labels, part in parts]
        elif name == _WINDOW[0]:
            known = [({**labels, "days": str(p.window.days)}, p.window.count) for labels, p in parts if p.window]
        else:
            known = [({**labels, "unit": str(p.level.unit)}, p.level.count) for labels, p in parts if p.level]
        yield from _family(family, "", known)


def _labels(platform: PlatformDownloads) -> dict[str, str]:
    return {"platform": platform.platform, "source": platform.source, "unit": str(platform.unit)}


def _family(
    family: tuple[str, str, str], suffix: str, samples: Iterable[tuple[dict[str, str], float | None]]
) -> Iterator[str]:
    """One family of metrics; nothing where no value is known, and none of values that no label tells apart."""
    name, kind, text = family
    known = [(labels, value) for labels, value in samples if value is not None]
    known = [one for one in known if sum(labels == one[0] for labels, _ in known) == 1]
    if not known:
        return
    yield f"# TYPE {name} {kind}"
    yield f"# HELP {name} {text}"
    for labels, value in known:
        told = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels.items())
        yield f"{name}{suffix}{{{told}}} {value}"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _about(platform: PlatformDownloads) -> Row:
    """A row of the platform, to be filled in."""
    return Row(date.min, platform.platform, platform.source, str(platform.unit), str(Kind.DAILY), "", "", "", None, "")


def _part(known: Row, part: Slice) -> Iterator[Row]:
    known = replace(known, source=part.source)
    if part.daily is not None:
        yield from (row for row in _days(known, part.daily) if row.count is not None)
    elif part.level is not None:
        yield from _levels(known, part.level)


def _levels(known: Row, level: Level) -> Iterator[Row]:
    """A level's days; its newest one where there are none."""
    of_level = replace(known, unit=str(level.unit), kind=str(Kind.LEVEL))
    days = level.days or Daily(level.at.date(), (level.count,))
    yield from (row for row in _days(of_level, days) if row.count is not None)


def _days(known: Row, daily: Daily) -> Iterator[Row]:
    for day, count in daily:
        yield replace(known, day=day, count=count, gap_reason=daily.reasons.get(day, ""))
