"""Storing download counters. Safe with several collectors: whoever asked later knows better, whoever stores last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from deployforge_tasks.core.differences import Lump, by_day, midnight
from deployforge_tasks.core.downloads import BEFORE_LAUNCH, LAUNCH, Counter, Kind, Reading, Series
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import alone, writing
from deployforge_tasks.ledger.day_blocks import changed, place, without
from deployforge_tasks.ledger.model import Scope, Try

#: How long tries are remembered.
_KEPT = timedelta(days=90)
_DAY = timedelta(days=1)


class DownloadStore:
    """Each method is one transaction, committed when it returns."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, scope: Scope, platform: str, told: Sequence[Series], at: datetime) -> int:
        """Store what a platform told at that moment; how many days and readings are new or otherwise than before.

        Days that are there are overwritten by what was asked for later. A reading of a total, a window or a level that
        says nothing new takes the place of the one before it.
        """
        with writing(self._engine) as connection:
            alone(connection, f"downloads {scope.project}/{scope.profile}/{platform}")
            there = _there(connection, scope, platform)
            keeper = _Keeper(connection, scope, platform, there, at)
            return sum(keeper.keep(series) for series in told)

    def record(self, scope: Scope, attempt: Try) -> None:
        """Remember a try to collect; old ones are forgotten."""
        table = tables.collections
        row = {"project": scope.project, "profile": scope.profile, "platform": attempt.platform}
        ours = [table.c[name] == value for name, value in row.items()]
        more = {"outcome": attempt.outcome, "reason": redactor.text(attempt.reason), "not_before": attempt.not_before}
        with writing(self._engine) as connection:
            connection.execute(delete(table).where(*ours, table.c.at < attempt.at - _KEPT))
            connection.execute(insert(table).values(**row, **more, at=attempt.at))


def _there(connection: Connection, scope: Scope, platform: str) -> dict[Counter, Row[Any]]:
    """The platform's counters, by what makes them different."""
    table = tables.counters
    query = select(table).where(
        table.c.project == scope.project, table.c.profile == scope.profile, table.c.platform == platform
    )
    return {_same(row): row for row in connection.execute(query)}


def _same(row: Row[Any]) -> Counter:
    return Counter(**{name: getattr(row, name) for name in tables.COUNTER}, window_days=row.window_days)


class _Keeper:
    """Stores the series of one collection inside its transaction."""

    def __init__(
        self, connection: Connection, scope: Scope, platform: str, there: Mapping[Counter, Row[Any]], at: datetime
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._platform = platform
        self._there = there
        self._at = at

    def keep(self, series: Series) -> int:
        """Store one series; how much of it is new."""
        row = self._there.get(replace(series.counter, headline=False))
        number = row.id if row else self._add(series)
        late = row is not None and row.read_at is not None and self._at < row.read_at
        if _is_by_day(series):
            days = {reading.at.astimezone(UTC).date(): reading.count for reading in series.readings}
            new = self._set_days(number, days, fill_only=late)
            sums = [gap for gap in series.gaps if gap.count is not None]
            if known := [*days, *(gap.first for gap in sums), *(gap.last for gap in sums)]:
                self._stretch(number, min(known), max(known))
            new += self._set_gaps(
                number, [Lump(gap.first, gap.last, gap.count, gap.reason) for gap in series.gaps], days
            )
        else:
            new = self._keep_readings(number, series, new=row is None)
            days = {}
        self._describe(number, row, series, late=late)
        return new

    # The counter itself

    def _add(self, series: Series) -> int:
        counter = series.counter
        values = {name: getattr(counter, name) for name in tables.COUNTER}
        scope = {"project": self._scope.project, "profile": self._scope.profile, "platform": self._platform}
        values |= {"window_days": counter.window_days, "headline": counter.headline, "meaning": "", "url": ""}
        table = tables.counters
        statement = insert(table).values(**scope, **redactor.data(values)).returning(table.c.id)
        return int(self._connection.execute(statement).scalar_one())

    def _describe(self, number: int, row: Row[Any] | None, series: Series, *, late: bool) -> None:
        """What is said of the counter; of two collections that of the later one counts."""
        if late:
            return
        values: dict[str, Any] = {
            "headline": series.counter.headline,
            "meaning": redactor.text(series.meaning),
            "url": redactor.text(series.url),
            "read_at": self._at,
        }
        by_day, newest = _is_by_day(series), _newest(series)
        if by_day:
            values["settled"] = _later(row.settled if row else None, series.settled) if series.settled else None
        if newest is not None and series.counter.kind is not Kind.DAILY:
            known = row is not None and row.newest is not None
            if by_day or row is None or not known or newest.at >= row.read_at or self._is_newest(number, newest):
                values["newest"] = newest.count
        self._connection.execute(update(tables.counters).where(tables.counters.c.id == number).values(values))

    def _is_newest(self, number: int, reading: Reading) -> bool:
        """Whether no later reading is stored: a source may tell today what it had counted until yesterday."""
        table = tables.counts
        last = self._connection.scalar(select(func.max(table.c.at)).where(table.c.counter == number))
        return last is None or last <= reading.at

    # Days

    def _set_days(self, number: int, days: Mapping[date, int], *, fill_only: bool = False) -> int:
        table, different = tables.days, 0
        by_year: dict[int, dict[int, int]] = {}
        for day, count in days.items():
            by_year.setdefault(day.year, {})[place(day)] = count
        for year, counts in by_year.items():
            block = self._block(number, year)
            made, more = changed(block or b"", counts, fill_only=fill_only)
            if block is None:
                self._connection.execute(insert(table).values(counter=number, year=year, counts=made))
            elif more:
                self._put(number, year, made)
            different += more
        return different

    def _stretch(self, number: int, first: date, last: date) -> None:
        table = tables.counters
        began, told_to = self._connection.execute(
            select(table.c.began, table.c.told_to).where(table.c.id == number)
        ).one()
        values = {"began": min(began or first, first), "told_to": max(told_to or last, last)}
        if values != {"began": began, "told_to": told_to}:
            self._connection.execute(update(table).where(table.c.id == number).values(values))

    def _block(self, number: int, year: int) -> bytes | None:
        table = tables.days
        query = select(table.c.counts).where(table.c.counter == number, table.c.year == year)
        return self._connection.scalar(query)

    def _put(self, number: int, year: int, block: bytes) -> None:
        table = tables.days
        ours = (table.c.counter == number, table.c.year == year)
        self._connection.execute(update(table).where(*ours).values(counts=block))

    def _forget_days(self, number: int, first: date, last: date) -> None:
        for year in range(first.year, last.year + 1):
            block = self._block(number, year)
            if block:
                start = place(first) if year == first.year else 0
                end = place(last) if year == last.year else 365
                self._put(number, year, without(block, start, end))

    # Gaps

    def _set_gaps(self, number: int, lumps: Sequence[Lump], around: Mapping[date, int]) -> int:
        """Put these in the place of those that touch them or the days told now; how many sums of days are new."""
        table = tables.gaps
        told = [(lump.first, lump.last) for lump in lumps]
        before = set()
        for first, last in [*told, (min(around), max(around))] if around else told:
            inside = (table.c.counter == number, table.c.first <= last, table.c.last >= first)
            gone = delete(table).where(*inside).returning(table.c.first, table.c.last, table.c["count"])
            before |= {tuple(row) for row in self._connection.execute(gone)}
        for lump in lumps:
            values = {"first": lump.first, "last": lump.last, "count": lump.count}
            reason = redactor.text(lump.reason)
            self._connection.execute(insert(table).values(counter=number, **values, reason=reason))
        return sum(lump.count is not None and (lump.first, lump.last, lump.count) not in before for lump in lumps)

    # Readings

    def _keep_readings(self, number: int, series: Series, *, new: bool) -> int:
        table = tables.counts
        readings = sorted(series.readings, key=lambda reading: reading.at)
        start = self._start(series.counter, readings[0].at) if new and readings else None
        if start is not None:
            readings.insert(0, Reading(start, 0))
        if not readings:
            return 0
        query = select(table.c.at, table.c["count"]).where(table.c.counter == number, table.c.at >= readings[0].at)
        known = {row.at: row[1] for row in self._connection.execute(query)}
        before = self._beside(number, readings[0].at, later=False)
        last = before.count if before else None
        different, added = 0, []
        for reading in readings:
            if reading.at not in known:
                added.append({"counter": number, "at": reading.at, "count": reading.count})
            elif known[reading.at] != reading.count:
                ours = (table.c.counter == number, table.c.at == reading.at)
                self._connection.execute(update(table).where(*ours).values(count=reading.count))
            different += known.get(reading.at, last) != reading.count
            last = reading.count
        if added:
            self._connection.execute(insert(table), added)
            self._thin(number, readings[-1])
        if series.counter.kind is Kind.TOTAL:
            self._differences(number, readings[0].at, readings[-1].at)
        return different

    def _start(self, counter: Counter, before: datetime) -> datetime | None:
        """When a new total was zero the last time: its source told others like it, and not yet this one.

        That holds for parts (a version, a target, a country), which a source tells from their first download on. A
        whole image that is told for the first time may be old.
        """
        siblings = {
            row.id: row.read_at
            for other, row in self._there.items()
            if row.read_at is not None and _shape(other) == _shape(counter) and row.read_at < self._at
        }
        is_part = bool(counter.version or counter.target or counter.country)
        if not siblings or not is_part or counter.kind is not Kind.TOTAL:
            return None
        last = max(siblings.values())
        return last if last < before else self._last_reading(siblings, before)

    def _last_reading(self, numbers: Collection[int], before: datetime) -> datetime | None:
        table = tables.counts
        query = select(func.max(table.c.at)).where(table.c.counter.in_(numbers), table.c.at < before)
        found: datetime | None = self._connection.scalar(query)
        return found

    def _thin(self, number: int, newest: Reading) -> None:
        """Forget the reading before the newest one where it tells nothing that its neighbours do not tell.

        That is when all three are equal, or when two stand for the same midnight: then the nearer one stays.
        """
        table = tables.counts
        query = (
            select(table.c.at, table.c["count"]).where(table.c.counter == number).order_by(table.c.at.desc()).limit(3)
        )
        last = [Reading(at, count) for at, count in self._connection.execute(query)]
        if len(last) < 3 or last[0] != newest:
            return
        _, middle, first = last
        if newest.count == middle.count == first.count:
            self._forget_reading(number, middle)
        elif midnight(middle.at) == midnight(first.at):
            self._forget_reading(number, middle if _from_midnight(first) < _from_midnight(middle) else first)

    def _is_of_a_launch(self, reading: Reading) -> bool:
        """Whether it was read while a version was new, or just before."""
        return any(at - BEFORE_LAUNCH <= reading.at <= at + LAUNCH for at in self._launches)

    @cached_property
    def _launches(self) -> Sequence[datetime]:
        """When we published each version."""
        table = tables.receipts
        ours = (table.c.project == self._scope.project, table.c.profile == self._scope.profile)
        query = select(func.min(table.c.at)).where(*ours, table.c.platform == self._platform, table.c.kind == "ours")
        return list(self._connection.scalars(query.group_by(table.c.version)))

    def _forget_reading(self, number: int, reading: Reading) -> None:
        if self._is_of_a_launch(reading):
            return
        table = tables.counts
        self._connection.execute(delete(table).where(table.c.counter == number, table.c.at == reading.at))

    def _differences(self, number: int, first: datetime, last: datetime) -> None:
        """Make the days anew from the readings around these moments."""
        table = tables.counts
        # Of all that stand for one midnight the nearest counts: whole groups are needed, those beside them, too.
        before = self._beside(number, _group(first)[0], later=False)
        after = self._beside(number, _group(last)[1], later=True)
        start, end = _group(before.at if before else first)[0], _group(after.at if after else last)[1]
        query = (
            select(table.c.at, table.c["count"])
            .where(table.c.counter == number, table.c.at >= start, table.c.at < end)
            .order_by(table.c.at)
        )
        readings = [Reading(at, count) for at, count in self._connection.execute(query)]
        days, lumps = by_day(readings)
        begin, until = midnight(readings[0].at), midnight(readings[-1].at) - _DAY
        if begin > until:
            return
        if lumps:
            self._forget_days(number, begin, until)
        self._set_days(number, days)
        self._stretch(number, begin, until)
        self._set_gaps(number, [self._explained(lump) for lump in lumps], dict.fromkeys((begin, until), 0))

    def _explained(self, lump: Lump) -> Lump:
        """With what went wrong meanwhile, if we know it."""
        table = tables.collections
        query = (
            select(table.c.reason)
            .where(
                table.c.project == self._scope.project,
                table.c.profile == self._scope.profile,
                table.c.platform == self._platform,
                table.c.outcome == "failed",
                table.c.at >= datetime(lump.first.year, lump.first.month, lump.first.day, tzinfo=UTC),
                table.c.at <= self._at,
            )
            .order_by(table.c.id.desc())
            .limit(1)
        )
        why = self._connection.scalar(query) if lump.count is not None else None
        return replace(lump, reason=f"{lump.reason} ({why})") if why else lump

    def _beside(self, number: int, at: datetime, *, later: bool) -> Reading | None:
        table = tables.counts
        query = select(table.c.at, table.c["count"]).where(table.c.counter == number)
        query = query.where(table.c.at >= at) if later else query.where(table.c.at < at)
        row = self._connection.execute(query.order_by(table.c.at if later else table.c.at.desc()).limit(1)).first()
        return Reading(*row) if row else None


def _shape(counter: Counter) -> tuple[object, ...]:
    dimensions = (bool(counter.version), bool(counter.target), bool(counter.country))
    return (counter.source, counter.kind, counter.unit, counter.audience, *dimensions)


def _is_by_day(series: Series) -> bool:
    """Whether it is told by days: also a level may be."""
    if series.counter.kind is Kind.LEVEL:
        return bool(series.readings) and not any(_from_midnight(reading) for reading in series.readings)
    return series.counter.kind is Kind.DAILY


def _newest(series: Series) -> Reading | None:
    """The newest reading that is final, or the newest one where none is."""
    final = [r for r in series.readings if series.settled is None or r.at.astimezone(UTC).date() <= series.settled]
    return max(final or series.readings, key=lambda reading: reading.at, default=None)


def _group(at: datetime) -> tuple[datetime, datetime]:
    """From when to when (not included) readings stand for the same midnight as one of that moment."""
    day = midnight(at)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return noon - _DAY, noon


def _from_midnight(reading: Reading) -> timedelta:
    day = midnight(reading.at)
    return abs(reading.at - datetime(day.year, day.month, day.day, tzinfo=UTC))


def _later(before: date | None, now: date) -> date:
    return max(before, now) if before else now
