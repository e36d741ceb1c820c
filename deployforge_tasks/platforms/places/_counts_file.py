"""The file in which a project's own download endpoint tells its counts: CSV with a header (RFC 4180).

`day` and `count` must be there; `version`, `target` and `country` may be. A row says how often something was
downloaded on a day (UTC): everything where it names none of the three, else that part of it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from deployforge_tasks.core.countries import is_country
from deployforge_tasks.core.targets import Target

NEEDED = ("day", "count")
PARTS = ("version", "target", "country")
#: Different parts that are kept: each is a counter of its own in the ledger.
_MOST_PARTS = 5_000
#: What a ledger can hold.
_LARGEST = 2**63 - 1
_SHOWN = 40

#: Version, target and country, "" where a row does not name it.
Part = tuple[str, str, str]
WHOLE: Part = ("", "", "")
Days = dict[date, int]


class MalformedError(ValueError):
    """The file is not as it must be: the text says where, and what is wrong."""


@dataclass(frozen=True)
class _Row:
    number: int
    day: date
    count: int
    part: Part


def read(text: str, today: date) -> dict[Part, Days]:
    """The days of each part, those of `WHOLE` always among them.

    Where no row tells the whole of a day, it is the sum of the parts of one kind: by version, else by target, else by
    country, else by two or three of them, whichever comes first of what the file has. On a day with a row of a kind,
    parts of the same kind without a row had no download.

    Args:
        text: the file.
        today: later days than the next one are a mistake.

    Raises:
        MalformedError: some of it cannot be read, or contradicts itself.
    """
    kinds: dict[tuple[bool, ...], dict[Part, Days]] = {}
    seen: dict[tuple[date, Part], int] = {}
    for row in _rows(text, today):
        earlier = seen.setdefault((row.day, row.part), row.number)
        if earlier != row.number:
            raise MalformedError(
                f"row {row.number}, column day: {row.day} of the same part stands in row {earlier} already"
            )
        kind = tuple(bool(word) for word in row.part)
        kinds.setdefault(kind, {}).setdefault(row.part, {})[row.day] = row.count
    if len({part for _, part in seen}) > _MOST_PARTS:
        raise MalformedError(f"it has more than {_MOST_PARTS} different parts; leave out `target` or `version`")
    whole = kinds.pop((False, False, False), {}).get(WHOLE) or _sums(_first(kinds))
    _agree(whole, kinds, seen)
    found = {part: days for parts in kinds.values() for part, days in _with_zeros(parts).items()}
    return {WHOLE: whole, **found}


def _first(kinds: Mapping[tuple[bool, ...], dict[Part, Days]]) -> dict[Part, Days]:
    """The kind of parts that names the fewest things, the first column before the others."""
    order = sorted(kinds, key=lambda kind: (sum(kind), [not named for named in kind]))
    return kinds[order[0]] if order else {}


def _sums(parts: Mapping[Part, Days]) -> Days:
    found: Days = {}
    for days in parts.values():
        for day, count in days.items():
            found[day] = found.get(day, 0) + count
    return found


def _agree(
    whole: Days, kinds: Mapping[tuple[bool, ...], dict[Part, Days]], rows: Mapping[tuple[date, Part], int]
) -> None:
    """No parts are more than their whole: else a row without parts is about something else than everything."""
    for kind, parts in kinds.items():
        names = " and ".join(name for name, named in zip(PARTS, kind, strict=True) if named)
        for day, count in _sums(parts).items():
            if count > _LARGEST:
                raise MalformedError(f"its rows by {names} are too many downloads on {day}")
            row = rows.get((day, WHOLE))
            if row is not None and count > whole[day]:
                raise MalformedError(
                    f"row {row}, column count: it is about everything on {day}, and {whole[day]} is less than the "
                    f"{count} of that day's rows by {names}"
                )


def _with_zeros(parts: Mapping[Part, Days]) -> dict[Part, Days]:
    """With the days on which only others of the kind were downloaded, from a part's first day on."""
    told = sorted({day for days in parts.values() for day in days})
    return {part: {day: days.get(day, 0) for day in told if day >= min(days)} for part, days in parts.items()}


def _rows(text: str, today: date) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check(header)
        for fields in reader:
            if fields:
                yield _row(reader.line_num, header, fields, today)
    except csv.Error as error:
        raise MalformedError(f"row {reader.line_num} is no CSV ({error})") from error


def _check(header: Sequence[str]) -> None:
    unknown = [name for name in header if name not in (*NEEDED, *PARTS)]
    missing = [name for name in NEEDED if name not in header]
    if len(missing) == len(NEEDED):
        raise MalformedError("its first row is no header with `day` and `count`")
    if unknown:
        raise MalformedError(f"row 1: unknown column {_shown(unknown[0])}; there are {', '.join((*NEEDED, *PARTS))}")
    if missing:
        raise MalformedError(f"row 1: the column `{missing[0]}` is missing")
    if twice := next((name for name, same in groupby(sorted(header)) if len(list(same)) > 1), None):
        raise MalformedError(f"row 1: the column `{twice}` stands there twice")


def _row(number: int, header: Sequence[str], fields: Sequence[str], today: date) -> _Row:
    if len(fields) != len(header):
        raise MalformedError(f"row {number} has {len(fields)} columns, and the header {len(header)}")
    values = {name: field.strip() for name, field in zip(header, fields, strict=True)}

    def wrong(column: str, what: str) -> MalformedError:
        return MalformedError(f"row {number}, column {column}: {_shown(values[column])} {what}")

    day = _day(values["day"])
    if day is None:
        raise wrong("day", "is no day; write it as 2026-03-01")
    if day > today + timedelta(days=1):
        raise wrong("day", "is in the future")
    if not re.fullmatch("[0-9]{1,19}", values["count"]) or int(values["count"]) > _LARGEST:
        raise wrong("count", "is no whole number from 0 on")
    country = values.get("country", "")
    if country and not is_country(country):
        raise wrong("country", "is no country of ISO 3166-1; write its two capital letters, or leave the row out")
    target = values.get("target", "")
    if target:
        try:
            target = str(Target.parse(target))
        except ValueError:
            raise wrong("target", "is no target; write it as linux/amd64") from None
    version = values.get("version", "")
    if len(version) > 100 or not version.isprintable():
        raise wrong("version", "is no version")
    return _Row(number, day, int(values["count"]), (version, target, country))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _shown(text: str) -> str:
    """What stands there, as far as it can be shown in a line."""
    line = " ".join(text.split())
    return f"`{line[:_SHOWN]}…`" if len(line) > _SHOWN else f"`{line}`"
