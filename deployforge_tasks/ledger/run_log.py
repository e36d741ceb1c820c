"""Reading the events of one run as a log: from either end, from any place, by task and by level. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, Text, cast, func, or_, select

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.reading import StoredEvent
from deployforge_tasks.ledger.tables import events

#: Rows that are in memory at once while a whole log is read.
_CHUNK = 2000
_LEVEL = events.c.data["level"].as_string()
_OUTCOME = events.c.data["outcome"].as_string()
_TEXT = events.c.data["text"].as_string()
#: An event's data as it is stored; what is written in JSON as it is, and how JSON writes the escape character.
_STORED = cast(events.c.data, Text)
_PLAIN = re.compile(r"[ !#-\[\]-~]+")
_ESCAPE = "\\u001b"


@dataclass(frozen=True)
class Wanted:
    """Which events: a platform's, a stage's (None: of all), and from which level on: ``debug info warning error``."""

    platform: str | None = None
    stage: str | None = None
    level: str = "debug"


@dataclass(frozen=True)
class TaskEvents:
    """How many events one stage of one platform has, and the first and the last of them."""

    platform: str | None
    stage: str | None
    count: int
    first: int
    last: int


class RunLog:
    """The events of a run that may still be written to; each is known by its number, which grows."""

    def __init__(self, engine: Engine, run: int) -> None:
        self._engine = engine
        self._run = run

    def ends(self) -> tuple[int, int] | None:
        """The numbers of the first and the newest event; None while there is none."""
        query = select(func.min(events.c.id), func.max(events.c.id)).where(events.c.run == self._run)
        with self._engine.connect() as connection:
            first, last = connection.execute(query).one()
        return None if first is None else (first, last)

    def before(self, number: int | None, limit: int, wanted: Wanted) -> list[StoredEvent]:
        """The last events before one (None: of all), oldest first."""
        older = [] if number is None else [events.c.id < number]
        query = select(events).where(*self._chosen(wanted), *older).order_by(events.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_stored(row) for row in reversed(connection.execute(query).all())]

    def after(self, number: int, limit: int, wanted: Wanted) -> list[StoredEvent]:
        """The first events after one, oldest first."""
        query = select(events).where(*self._chosen(wanted), events.c.id > number).order_by(events.c.id).limit(limit)
        with self._engine.connect() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def all(self, wanted: Wanted) -> Iterator[StoredEvent]:
        """All of them, read piece by piece."""
        number = 0
        while piece := self.after(number, _CHUNK, wanted):
            yield from piece
            number = piece[-1].number

    def texts(self, wanted: Wanted, *, having: str = "") -> list[tuple[int, str]]:
        """Number and text of the log lines among them: by far the most events of a run, so nothing else is read.

        Args:
            wanted: which.
            having: only those that may have this text, whatever the case of its letters: the database leaves most of
                the others out, which is several times as fast as to look at all of them here.
        """
        chosen = [*self._chosen(wanted), events.c.kind == "log"]
        if _PLAIN.fullmatch(having):
            # Colours may stand in the middle of a word.
            chosen.append(or_(_STORED.icontains(having, autoescape=True), _STORED.contains(_ESCAPE)))
        query = select(events.c.id, _TEXT).where(*chosen).order_by(events.c.id)
        with self._engine.connect() as connection:
            return [(number, text or "") for number, text in connection.execute(query)]

    def others(self, wanted: Wanted) -> list[StoredEvent]:
        """Those that are no log lines."""
        query = select(events).where(*self._chosen(wanted), events.c.kind != "log").order_by(events.c.id)
        with self._engine.connect() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def tasks(self, wanted: Wanted) -> list[TaskEvents]:
        """The stages of the platforms that they belong to, in the order in which they began."""
        first = func.min(events.c.id)
        query = (
            select(events.c.platform, events.c.stage, func.count(), first, func.max(events.c.id))
            .where(*self._chosen(wanted))
            .group_by(events.c.platform, events.c.stage)
            .order_by(first)
        )
        with self._engine.connect() as connection:
            return [TaskEvents(*row) for row in connection.execute(query)]

    def _chosen(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        chosen = [events.c.run == self._run, *_LEVELS[wanted.level]]
        chosen += [] if wanted.platform is None else [events.c.platform == wanted.platform]
        chosen += [] if wanted.stage is None else [events.c.stage == wanted.stage]
        return chosen


#: What an event's level is, as a condition: log lines and findings say it, the ends of stages have an outcome.
_LEVELS: dict[str, list[ColumnElement[bool]]] = {
    "debug": [],
    "info": [or_(events.c.kind != "log", _LEVEL != "debug")],
    "warning": [or_(_LEVEL.in_(("warning", "error")), _OUTCOME.in_(("failed", "blocked", "waiting")))],
    "error": [or_(_LEVEL == "error", _OUTCOME == "failed")],
}


def _stored(row: Row[Any]) -> StoredEvent:
    return StoredEvent(row.id, Event(row.kind, row.platform, row.stage, dict(row.data), row.at))
