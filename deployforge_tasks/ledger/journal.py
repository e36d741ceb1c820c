"""Writes the events of a run into the ledger as they happen."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, insert, update
from sqlalchemy.exc import SQLAlchemyError

from deployforge_tasks.core.events import Event
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.database import writing
from deployforge_tasks.ledger.tables import attempts, events


class Journal:
    """A listener of one run. Log lines are kept back for a moment, then written in one transaction."""

    _MOST_LINES = 200
    #: Seconds after which a log line is written although nothing else happened: others may be following the run.
    _LONGEST = 0.5

    def __init__(self, engine: Engine, run: int) -> None:
        self._engine = engine
        self._run = run
        self._waiting: list[Event] = []
        # A run's attempts are written by its own process only: their numbers need no look-up.
        self._numbers: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._waiting.append(event)
            if event.kind != "log" or len(self._waiting) >= self._MOST_LINES:
                self._write()
            elif self._timer is None:
                self._timer = threading.Timer(self._LONGEST, self._write_soon)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        with self._lock:
            self._write()

    def _write_soon(self) -> None:
        with contextlib.suppress(SQLAlchemyError):  # a ledger that is busy for long: the next event tries again
            self.flush()

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        with writing(self._engine, durable=False) as connection:
            connection.execute(insert(events), [self._row(event) for event in self._waiting])
            for event in self._waiting:
                self._note_attempt(connection, event)
        self._waiting.clear()

    def _row(self, event: Event) -> dict[str, Any]:
        return {
            "run": self._run,
            "at": event.at,
            "kind": event.kind,
            "platform": event.platform,
            "stage": event.stage,
            "data": redactor.data(event.data),
        }

    def _note_attempt(self, connection: Connection, event: Event) -> None:
        if event.platform is None or event.stage is None:
            return
        if event.kind == "stage_started":
            self._start(connection, event, event.platform, event.stage)
        elif event.kind == "stage_finished":
            self._finish(connection, event, event.platform, event.stage)

    def _start(self, connection: Connection, event: Event, platform: str, stage: str) -> None:
        number = self._numbers[platform, stage] = self._numbers.get((platform, stage), 0) + 1
        connection.execute(
            insert(attempts).values(
                run=self._run,
                platform=platform,
                stage=stage,
                number=number,
                started_at=event.at,
                reason="",
            )
        )

    def _finish(self, connection: Connection, event: Event, platform: str, stage: str) -> None:
        if (platform, stage) not in self._numbers:  # skipped or blocked without having been started
            self._start(connection, event, platform, stage)
        seconds = event.data.get("seconds")
        connection.execute(
            update(attempts)
            .where(self._of(platform, stage), attempts.c.number == self._numbers[platform, stage])
            .values(
                outcome=str(event.data.get("outcome", "")),
                seconds=float(seconds) if seconds is not None else None,
                reason=redactor.text(_reason(event.data)),
            )
        )

    def _of(self, platform: str, stage: str) -> Any:
        return (attempts.c.run == self._run) & (attempts.c.platform == platform) & (attempts.c.stage == stage)


def _reason(data: Mapping[str, Any]) -> str:
    """Why: the reason of a skip or wait, or the message of an error (a text or the error's JSON form)."""
    error = data.get("error")
    if isinstance(error, Mapping):
        error = error.get("message")
    return str(error or data.get("reason") or "")
