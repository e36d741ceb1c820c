"""What all runs of a project have written since somebody looked last.

Numbers of events that two processes write at the same time can become visible out of their order (PostgreSQL gives a
number when a row is written, and shows it when its transaction ends). A run's events are written by one process, one
transaction after the other: so a place is kept per run, and none for all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.model import Run
from deployforge_tasks.ledger.reading import Reader, StoredEvent, run_query
from deployforge_tasks.ledger.tables import collections, events, receipts, runs


@dataclass(frozen=True)
class Entry:
    """An event with the run that it belongs to."""

    run: int
    stored: StoredEvent


class Feed(Reader):
    """A reader for displays that watch every run."""

    def runs_above(self, project: str, floor: int, also: Collection[int] = ()) -> list[Run]:
        """The project's runs with a larger number, and those named, in the order of their numbers."""
        wanted = or_(runs.c.id > floor, runs.c.id.in_(sorted(also)))
        return self._runs(run_query().where(runs.c.project == project, wanted).order_by(runs.c.id))

    def unfinished(self, project: str) -> list[int]:
        """The numbers of the runs that have not told their end."""
        query = select(runs.c.id).where(runs.c.project == project, runs.c.finished_at.is_(None)).order_by(runs.c.id)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def told(self, after: Mapping[int, int], limit: int) -> list[Entry]:
        """Events that are no log lines.

        Args:
            after: per run the number of the last event that is known already; other runs are left out.
            limit: at most so many; the oldest come first.
        """
        return self._entries(after, limit, lines=False)

    def lines(self, after: Mapping[int, int], limit: int) -> list[Entry]:
        """Log lines, as `told` gives the other events."""
        return self._entries(after, limit, lines=True)

    def last_line(self, run: int) -> int:
        """The number of a run's newest log line, 0 if it has none."""
        query = select(func.max(events.c.id)).where(events.c.run == run, events.c.kind == "log")
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def last_lines(self, run: int, platform: str, limit: int) -> list[str]:
        """The texts of a platform's newest log lines in a run, in their order."""
        mine = (events.c.run == run, events.c.platform == platform, events.c.kind == "log")
        query = select(events.c.data).where(*mine).order_by(events.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [str(data.get("text", "")) for data in connection.scalars(query)][::-1]

    def last_collection(self, project: str) -> int:
        """The number of the newest collection of download counts, 0 if there was none."""
        query = select(func.max(collections.c.id)).where(collections.c.project == project)
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def last_receipt(self, project: str) -> int:
        """The number of the newest receipt, 0 if there is none."""
        query = select(func.max(receipts.c.id)).where(receipts.c.project == project)
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def _entries(self, after: Mapping[int, int], limit: int, *, lines: bool) -> list[Entry]:
        if not after:
            return []
        newer = or_(*(and_(events.c.run == run, events.c.id > number) for run, number in sorted(after.items())))
        kind = events.c.kind == "log" if lines else events.c.kind != "log"
        query = select(events).where(newer, kind).order_by(events.c.id).limit(limit)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            Entry(row.run, StoredEvent(row.id, Event(row.kind, row.platform, row.stage, dict(row.data), row.at)))
            for row in rows
        ]
