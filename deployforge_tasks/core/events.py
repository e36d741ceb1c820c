"""Events: everything that happens in a run, in the order it happened.

Tasks never print. They hand events to the run's bus, which passes them to whoever listens: the progress display,
the ledger, the log files, a dashboard. Every text is redacted before it reaches a listener.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deployforge_tasks.core.redact import redactor


@dataclass(frozen=True)
class Event:
    """One thing that happened; `data` holds JSON values only. A listener may ignore kinds that it does not know.

    ==============  =========================================================================================
    kind            data
    ==============  =========================================================================================
    run_started     project, version, profile, run, platforms (those that it is to publish to), environment
    run_finished    outcome, exit_code
    stage_started   waited (seconds for a free worker), target (release files only)
    wait            seconds, why (rate limit | again): a stage waits before it asks or sends again
    stage_finished  outcome (ok | failed | skipped | waiting | blocked), reason, seconds, error (when failed)
    presence        state, reason, by
    packaged        pieces (files that have a size), bytes (all of them together)
    intent          piece, digest
    receipt         piece, digest
    finding         id, level, message, hint, credential (whether it is about one)
    evidence        method, client, said, reason
    undo_started    because (platforms that failed), platforms (newest first), stays (platform: reason)
    rolled_back     to, done, manual (text, url)
    log             level (debug | info | warning), text
    ==============  =========================================================================================
    """

    kind: str
    platform: str | None = None
    stage: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


Listener = Callable[[Event], None]


class Bus:
    """Hands each event to every listener, one event at a time. A listener that raises is dropped, never the run."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()

    def listen(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)

    def emit(self, kind: str, platform: str | None = None, stage: str | None = None, **data: Any) -> None:
        event = Event(kind, platform, stage, redactor.data(data))
        token = _delivering.set(True)
        try:
            with self._lock:
                self._deliver(event)
        finally:
            _delivering.reset(token)

    def _deliver(self, event: Event) -> None:
        for listener in list(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a broken pipe or full disk in one display must not end a release
                self._listeners.remove(listener)


_delivering: ContextVar[bool] = ContextVar("deployforge_delivering", default=False)


def delivering() -> bool:
    """Whether this thread is inside a listener: what it writes then is a display's, not the task's own output."""
    return _delivering.get()


_context: ContextVar[tuple[str | None, str | None]] = ContextVar("deployforge_stage", default=(None, None))


@contextmanager
def stage_context(platform: str | None, stage: str | None) -> Iterator[None]:
    """Everything logged inside belongs to this platform and stage (follows threads that copy the context)."""
    token = _context.set((platform, stage))
    try:
        yield
    finally:
        _context.reset(token)


@dataclass(frozen=True)
class Log:
    """A task's own log: lines become events of the platform and stage that is running."""

    bus: Bus

    def info(self, text: str) -> None:
        self._emit("info", text)

    def warning(self, text: str) -> None:
        self._emit("warning", text)

    def waiting(self, seconds: float, asked: bool) -> None:
        """Tell that the stage waits before it asks or sends again.

        Args:
            seconds: how long it will wait.
            asked: the other side asks for it (a rate limit).
        """
        platform, stage = _context.get()
        if platform is not None:
            self.bus.emit("wait", platform, stage, seconds=round(seconds, 3), why="rate limit" if asked else "again")

    def _emit(self, level: str, text: str) -> None:
        platform, stage = _context.get()
        self.bus.emit("log", platform, stage, level=level, text=text)
