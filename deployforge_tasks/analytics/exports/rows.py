"""The rows of an export: CSV with a header (RFC 4180), or a JSON object a line, as BigQuery and ClickHouse write it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from deployforge_tasks.core.errors import ConfigError

#: Characters of a first line, and lines of JSON, that are read to see what a file is.
_LINE, _LINES = 1 << 16, 1_000
#: Rows after which it is told how much of a file is read.
_OFTEN = 10_000
#: Hears how much of a file is read, from 0 to 1.
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Row:
    """One row: the line in which it ends, and its values by column."""

    line: int
    values: Mapping[str, str]


def columns(file: Path) -> Sequence[str]:
    """The columns that a file has; none where it is not a table.

    Lines of JSON may leave columns out that are empty: the first ones together tell.

    Raises:
        ConfigError: the file cannot be read.
    """
    with _opened(file) as stream:
        first = stream.readline(_LINE).strip()
        if first[:1] not in ("{", "["):
            return [_column(name) for name in next(csv.reader([first]), [])]
        found: dict[str, None] = {}
        for line in (first, *islice(stream, _LINES)):
            try:
                found |= {_column(name): None for name in json.loads(line or "{}")}
            except (ValueError, RecursionError, TypeError, AttributeError):
                return list(found)
        return list(found)


def rows(file: Path, progress: Progress | None = None) -> Iterator[Row]:
    """Its rows, one after another: a file may be larger than the memory.

    Args:
        file: the file.
        progress: hears how much of it is read.

    Raises:
        ConfigError: the file cannot be read, or a line is no row.
    """
    with _opened(file) as stream:
        is_json = stream.read(1) == "{"
        stream.seek(0)
        size = max(1, file.stat().st_size)
        for number, row in enumerate(_json_rows(stream, file) if is_json else _csv_rows(stream, file)):
            if progress is not None and number % _OFTEN == 0:
                progress(min(1.0, stream.buffer.tell() / size))
            yield row


def malformed(file: Path, line: int, what: str) -> ConfigError:
    """The error for a row that cannot be taken; nothing of its file is."""
    return ConfigError(
        f"{file.name}, line {line}: {what}",
        hint="export it again, or mend the line; nothing of the file was taken",
        code="DF3336",
    )


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """The text of a file, whoever wrote it."""
    try:
        stream = file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror or error})",
            hint="name a file with --import or `monitoring.import`",
            code="DF3337",
        ) from error
    with stream:
        try:
            yield stream
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"{file.name} is no text in UTF-8", hint="export it again as CSV or JSON lines", code="DF3338"
            ) from error


def _csv_rows(stream: TextIO, file: Path) -> Iterator[Row]:
    reader = csv.reader(stream, strict=True)
    try:
        header = [_column(name) for name in next(reader, [])]
        if twice := next((name for name in header if header.count(name) > 1), None):
            raise malformed(file, 1, f"the column `{twice}` stands there twice")
        for fields in reader:
            if len(fields) == len(header):
                yield Row(reader.line_num, dict(zip(header, map(str.strip, fields), strict=True)))
            elif fields:
                raise malformed(file, reader.line_num, f"it has {len(fields)} columns, and the header {len(header)}")
    except csv.Error as error:
        raise malformed(file, reader.line_num, f"it is no CSV ({error})") from error


def _json_rows(stream: TextIO, file: Path) -> Iterator[Row]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise malformed(file, number, f"it is no JSON ({error})") from error
        if not isinstance(found, dict):
            raise malformed(file, number, "it is no object of JSON")
        yield Row(number, {_column(name): _text(value) for name, value in found.items()})


def _column(name: str) -> str:
    """``Action day`` and ``ACTION_DAY`` are the same."""
    return name.strip().lower().replace(" ", "_")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)
