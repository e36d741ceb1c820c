"""Downloads by country and by version from a ClickHouse with the tables of ClickPy (PyPI) or ClickGems (RubyGems).

It holds every download that a registry logged, mirrors included, as far back as there are logs
(https://github.com/ClickHouse/clickpy). Questions go over HTTP with their values beside them, never inside of them
(https://clickhouse.com/docs/interfaces/http#cli-queries-with-parameters).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from deployforge_tasks.core.countries import is_country
from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.effects.http import Http
from deployforge_tasks.platforms import _counting as counting

# 32 bits, which JSON has as numbers (64 become texts in older servers), are enough for one project's day.
_SUMS = (
    "SELECT toString(date) AS day, {part} AS part, toUInt32(sum(count)) AS downloads "
    "FROM {table} WHERE {package} = {{name:String}} AND date >= {{since:Date}} "
    "GROUP BY date, part ORDER BY part, date FORMAT JSONCompact"
)
_FIRST = date(2011, 1, 1)

Days = dict[date, int]


@dataclass(frozen=True)
class Table:
    """Where a registry's downloads are: a table with `date version country_code count`, and the `package` by its name.

    `source` is who tells them, `meaning` what they say.
    """

    source: str
    table: str
    package: str
    meaning: str


@dataclass(frozen=True)
class Server:
    """Where it answers (a URL without a slash at the end), and who may ask without a password."""

    http: Http
    url: str
    user: str


def series(server: Server, table: Table, name: str, since: date | None, today: date) -> list[Series]:
    """Days of a whole package, by country and by version; none is part of the headline.

    Args:
        name: the package, as the table spells it.
        today: this day is not over, and left out.
    """
    versions = _ask(server, table, "version", name, since)
    countries = _ask(server, table, "country_code", name, since)
    total: Days = {}
    for days in versions.values():
        for day, number in days.items():
            total[day] = total.get(day, 0) + number
    if not total:
        return []
    settled = min(max(total), today) - timedelta(days=1)  # the newest day may still be loading
    whole = Counter(table.source, name, Kind.DAILY)
    found = [(whole, total)]
    found += [(replace(whole, version=v), days) for v, days in versions.items() if v]
    found += [(replace(whole, country=c), days) for c, days in countries.items() if is_country(c)]
    return [
        counting.daily(counter, days, table.meaning, server.url, today=today, settled=settled)
        for counter, days in found
    ]


def _ask(server: Server, table: Table, part: str, name: str, since: date | None) -> dict[str, Days]:
    """The days of each part (a version, a country)."""
    query = _SUMS.format(part=part, table=table.table, package=table.package)
    values = {"param_name": name, "param_since": str(since or _FIRST)}
    headers = {"X-ClickHouse-User": server.user}
    body = server.http.json(f"{server.url}/", params={"query": query, **values}, headers=headers)
    found: dict[str, Days] = {}
    for key, day, number in _rows(body, server.url):
        days = found.setdefault(key, {})
        if day in days:
            raise counting.odd(server.url)
        days[day] = number
    return found


def _rows(body: Any, url: str) -> Iterator[tuple[str, date, int]]:
    """Rows of an answer, which must be whole: a server that fails on the way tells so inside of it."""
    if not isinstance(body, dict) or "exception" in body or not isinstance(rows := body.get("data"), list):
        raise counting.odd(url)
    if body.get("rows") != len(rows) or not all(isinstance(row, list) and len(row) == 3 for row in rows):
        raise counting.odd(url)
    for day, part, number in rows:
        if not isinstance(part, str):
            raise counting.odd(url)
        yield part, counting.day(day, url), counting.count(number, url)
