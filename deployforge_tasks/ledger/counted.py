"""Reading download counters from the ledger: for tables, pages and the next collection. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, func, select

from deployforge_tasks.core.differences import Lump
from deployforge_tasks.core.downloads import Audience, Counter, Kind, Reading, Unit
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.day_blocks import place, unpack
from deployforge_tasks.ledger.model import Scope, Try

#: How a collection ends that asked the source.
ASKED = ("collected", "unchanged")
#: For so long a source is remembered that is not told any more.
_LATELY = timedelta(days=30)


@dataclass(frozen=True)
class StoredCounter:
    """A counter with what is known of it.

    Fields: `settled` the last day that cannot change any more (None: all are final); `began` and `told_to` the first
    and the last day that is known; `read_at` when the source told it last, and `newest` what it said then (None for
    daily counters).
    """

    id: int
    platform: str
    counter: Counter
    meaning: str
    url: str
    settled: date | None
    began: date | None
    told_to: date | None
    read_at: datetime | None
    newest: int | None


class Counted:
    """The counters of a ledger that other processes write meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def counters(self, scope: Scope, platforms: Sequence[str] | None = None) -> list[StoredCounter]:
        """The counters of some platforms (None: of all), oldest first."""
        table = tables.counters
        query = select(table).where(*_chosen(table, scope, platforms)).order_by(table.c.id)
        with self._engine.connect() as connection:
            return [_counter(row) for row in connection.execute(query).mappings()]

    def days(
        self, scope: Scope, since: date, until: date, platforms: Sequence[str] | None = None
    ) -> dict[int, list[int | None]]:
        """What each counter (by its id) counted on each day from `since` to `until`, None where that is not known.

        Counters of which no such day is known are left out.
        """
        table, counters = tables.days, tables.counters
        query = (
            select(table.c.counter, table.c.year, table.c.counts)
            .join(counters, counters.c.id == table.c.counter)
            .where(*_chosen(counters, scope, platforms), table.c.year.between(since.year, until.year))
        )
        length = (until - since).days + 1
        found: dict[int, list[int | None]] = {}
        with self._engine.connect() as connection:
            for counter, year, block in connection.execute(query):
                counts = unpack(block)
                start = place(since) if year == since.year else 0
                end = place(until) + 1 if year == until.year else len(counts)
                wanted = counts[start:end]
                if wanted:
                    days = found.setdefault(counter, [None] * length)
                    offset = max(0, (date(year, 1, 1) - since).days)
                    days[offset : offset + len(wanted)] = wanted
        return found

    def sums(self, scope: Scope, platforms: Sequence[str] | None = None) -> dict[int, int]:
        """All days together that are known of each headline counter, by its id."""
        table, counters = tables.days, tables.counters
        query = (
            select(table.c.counter, table.c.counts)
            .join(counters, counters.c.id == table.c.counter)
            .where(*_chosen(counters, scope, platforms), counters.c.headline)
        )
        found: dict[int, int] = {}
        with self._engine.connect() as connection:
            for counter, block in connection.execute(query):
                found[counter] = found.get(counter, 0) + sum(count or 0 for count in unpack(block))
        return found

    def lumps(
        self, scope: Scope, since: date, until: date, platforms: Sequence[str] | None = None
    ) -> dict[int, list[Lump]]:
        """The days of each counter that cannot be told, with the reason, as far as they touch that time."""
        table, counters = tables.gaps, tables.counters
        query = (
            select(table.c.counter, table.c.first, table.c.last, table.c["count"], table.c.reason)
            .join(counters, counters.c.id == table.c.counter)
            .where(*_chosen(counters, scope, platforms), table.c.last >= since, table.c.first <= until)
            .order_by(table.c.first, table.c.id)
        )
        found: dict[int, list[Lump]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                found.setdefault(row[0], []).append(Lump(*row[1:]))
        return found

    def readings(self, counter: int) -> list[Reading]:
        """What was read of a total, a window or a level, oldest first."""
        table = tables.counts
        query = select(table.c.at, table.c["count"]).where(table.c.counter == counter).order_by(table.c.at)
        with self._engine.connect() as connection:
            return [Reading(at, count) for at, count in connection.execute(query)]

    def totals(
        self, scope: Scope, since: datetime, until: datetime, platforms: Sequence[str] | None = None
    ) -> dict[int, list[Reading]]:
        """What was read of each total (by its counter's id) between two moments, both included, oldest first."""
        table, counters = tables.counts, tables.counters
        query = (
            select(table.c.counter, table.c.at, table.c["count"])
            .join(counters, counters.c.id == table.c.counter)
            .where(*_chosen(counters, scope, platforms), counters.c.kind == Kind.TOTAL)
            .where(table.c.at.between(since, until))
            .order_by(table.c.at)
        )
        found: dict[int, list[Reading]] = {}
        with self._engine.connect() as connection:
            for counter, at, count in connection.execute(query):
                found.setdefault(counter, []).append(Reading(at, count))
        return found

    def last_attempts(self, scope: Scope) -> dict[str, Try]:
        """The newest try of each platform."""
        return self._newest(scope)

    def last_asked(self, scope: Scope) -> dict[str, Try]:
        """The newest try of each platform that the source answered."""
        return self._newest(scope, tables.collections.c.outcome.in_(ASKED))

    def since(self, scope: Scope, platform: str) -> date | None:
        """The last day that every daily counter told lately has for good; None where nothing is known yet.

        Each source counts that was there in the last month: one that failed since goes on where it ended.
        """
        asked = [c for c in self.counters(scope, [platform]) if not c.counter.is_exported]
        reads: dict[str, datetime] = {}
        daily = [(c, c.counter.source, c.read_at) for c in asked if c.counter.kind is Kind.DAILY and c.read_at]
        for _, source, at in daily:
            reads[source] = max(reads.get(source, at), at)
        newest = max(reads.values(), default=None)
        if newest is None:
            return None
        lately = newest - _LATELY
        known = [c.settled or c.told_to for c, source, at in daily if at == reads[source] and at >= lately]
        days = [day for day in known if day is not None]
        return min(days) if days and len(days) == len(known) else None

    def _newest(self, scope: Scope, *more: ColumnElement[bool]) -> dict[str, Try]:
        table = tables.collections
        ours = (table.c.project == scope.project, table.c.profile == scope.profile, *more)
        last = select(func.max(table.c.id)).where(*ours).group_by(table.c.platform)
        columns = [table.c[name] for name in Try.__dataclass_fields__]
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).where(table.c.id.in_(last)))
            return {row.platform: Try(*row) for row in rows}


def _chosen(table: Any, scope: Scope, platforms: Sequence[str] | None) -> list[ColumnElement[bool]]:
    wanted = [table.c.project == scope.project, table.c.profile == scope.profile]
    return wanted if platforms is None else [*wanted, table.c.platform.in_(list(platforms))]


def _counter(row: RowMapping) -> StoredCounter:
    counter = Counter(
        row["source"],
        row["subject"],
        Kind(row["kind"]),
        Unit(row["unit"]),
        Audience(row["audience"]),
        row["version"],
        row["target"],
        row["country"],
        row["window_days"],
        row["headline"],
    )
    more = {name: row[name] for name in ("meaning", "url", "settled", "began", "told_to", "read_at", "newest")}
    return StoredCounter(row["id"], row["platform"], counter, **more)
