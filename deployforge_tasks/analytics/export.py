"""Download counts for other programs: rows (CSV, Parquet) and OpenMetrics text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Daily, Downloads, PlatformDownloads, Slice


@dataclass(frozen=True)
class Row:
    """One day of one figure.

    Rows with neither version, target nor country are the platform's figure; the others are parts of it, and are not
    added to it. `count` is empty on a day of which nothing is known; `gap_reason` says why.
    """

    day: date
    platform: str
    source: str
    unit: str
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
    """Every day that is told, the figure of each platform first; days of parts only where they are known."""
    for platform in found.platforms:
        if platform.daily is not None:
            yield from _days(platform, platform.daily, "", "", "", with_gaps=True)
        for part in platform.versions:
            yield from _part(platform, part, version=part.name)
        for part in platform.targets:
            yield from _part(platform, part, target=part.name)
        for part in platform.countries:
            yield from _part(platform, part, country=part.name)


def write_csv(found: Downloads, to: TextIO) -> None:
    """Rows as CSV (https://www.rfc-editor.org/rfc/rfc4180), with a header."""
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(map(astuple, rows(found)))


def write_parquet(found: Downloads, file: Path) -> None:
    """Rows as Parquet.

    Raises:
        ConfigError: pyarrow is not installed.
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
    pq.write_table(pa.table(columns, schema=schema), file)


def open_metrics(found: Downloads) -> Iterator[str]:
    """Lines of OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/)."""
    yield from _family(_DOWNLOADS, "_total", ((_labels(p), p.total) for p in found.platforms))
    sums = [(_labels(p), p.daily.sum if p.daily else None) for p in found.platforms]
    yield from _family(_PERIOD, "", sums)
    windows = [({**_labels(p), "days": str(w.days)}, w.count) for p in found.platforms for w in p.windows]
    yield from _family(_WINDOW, "", windows)
    levels = [({**_labels(p), "unit": str(v.unit)}, v.count) for p in found.platforms for v in p.levels]
    yield from _family(_LEVEL, "", levels)
    reads = [(_labels(p), p.read_at.timestamp() if p.read_at else None) for p in found.platforms]
    yield from _family(_READ, "", reads)
    for what in ("version", "target", "country"):
        name = f"deployforge_{what}_downloads_period"
        family = (name, "gauge", f"What is known of the days of the period together, by {what}.")
        yield from _family(family, "", list(_parts_in_metrics(found, what)))
    yield "# EOF"


def _parts_in_metrics(found: Downloads, what: str) -> Iterator[tuple[dict[str, str], int | None]]:
    for platform in found.platforms:
        parts: Sequence[Slice] = {
            "version": platform.versions,
            "target": platform.targets,
            "country": platform.countries,
        }[what]
        for part in parts:
            yield {**_labels(platform), what: part.name}, part.daily.sum if part.daily else None


def _labels(platform: PlatformDownloads) -> dict[str, str]:
    return {"platform": platform.platform, "source": platform.source, "unit": str(platform.unit)}


def _family(
    family: tuple[str, str, str], suffix: str, samples: Iterable[tuple[dict[str, str], float | None]]
) -> Iterator[str]:
    """One family of metrics; nothing where no value is known."""
    name, kind, text = family
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return
    yield f"# TYPE {name} {kind}"
    yield f"# HELP {name} {text}"
    for labels, value in known:
        told = ",".join(f'{label}="{_escaped(word)}"' for label, word in labels.items())
        yield f"{name}{suffix}{{{told}}} {value}"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _part(
    platform: PlatformDownloads, part: Slice, version: str = "", target: str = "", country: str = ""
) -> Iterator[Row]:
    if part.daily is not None:
        yield from _days(platform, part.daily, version, target, country, with_gaps=False)


def _days(
    platform: PlatformDownloads, daily: Daily, version: str, target: str, country: str, *, with_gaps: bool
) -> Iterator[Row]:
    for day, count in daily:
        if count is not None or with_gaps:
            reason = "" if count is not None else daily.reasons.get(day, "")
            name, source, unit = platform.platform, platform.source, str(platform.unit)
            yield Row(day, name, source, unit, version, target, country, count, reason)
