"""Progress where nothing can be redrawn (CI, pipes): one line per change, and a sign of life every 30 seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.table import duration, one_line, plural
from deployforge_tasks.core.events import Event

HEARTBEAT = 30.0
#: Stages whose good end is worth a line without -v; whatever did not go well always is.
_LOUD = ("fetch", "build", "publish", "verify", "rollback", "stats")
_LONGEST_TARGET = "windows/amd64"


class Lines:
    """A listener that writes lines; a context manager, for the heartbeat.

    Args:
        write: gets each line.
        style: colours a word.
        names: the platforms of the run.
        verbose: 1 shows every stage and the tasks' messages, 2 their whole log.
        heartbeat: seconds of silence after which a sign of life is written.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        style: Callable[[str, str], str],
        names: Sequence[str],
        *,
        verbose: int = 0,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._write = write
        self._style = style
        self._width = max(len(name) for name in (*names, _LONGEST_TARGET))
        self._verbose = verbose
        self._heartbeat = heartbeat
        self._stopped: set[str] = set()
        self._running: dict[tuple[str, str], float] = {}
        self._last = time.monotonic()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def __call__(self, event: Event) -> None:
        who = event.platform or str(event.data.get("target", ""))
        stage = event.stage or ""
        with self._lock:
            if event.kind == "stage_started":
                self._running[who, stage] = time.monotonic()
            elif event.kind == "stage_finished":
                self._running.pop((who, stage), None)
            line = self._line(event, who, stage)
            if line:
                self._put(f"{event.at.astimezone():%H:%M:%S} {line}")

    def _line(self, event: Event, who: str, stage: str) -> str:
        data = event.data
        if event.kind == "stage_started":
            wanted = self._verbose or stage in ("publish", "rollback")
            return self._columns(who, stage, "started") if wanted else ""
        if event.kind == "stage_finished":
            return self._finished(event, who, stage)
        if event.kind == "finding" and (data["level"] == "warning" or self._verbose):
            return self._columns(who, stage, str(data["level"]), f"{data['id']} {data['message']}")
        if event.kind == "presence" and self._verbose:
            return self._columns(who, stage, str(data["state"]), str(data["reason"]))
        if event.kind == "log":
            shown = {"warning": 0, "info": 1}.get(str(data["level"]), 2) <= self._verbose
            return self._columns(who, stage, str(data["level"]), str(data["text"])) if shown else ""
        return ""

    def _finished(self, event: Event, who: str, stage: str) -> str:
        outcome, error = str(event.data["outcome"]), event.data.get("error") or {}
        # What follows a failure of the same platform is no news.
        known = outcome == "blocked" and who in self._stopped
        if outcome in ("failed", "blocked"):
            self._stopped.add(who)
        quiet = known or (outcome in ("ok", "skipped") and stage not in _LOUD)
        if quiet and not self._verbose:
            return ""
        note = f"{error['id']} {error['message']}" if error else str(event.data.get("reason", ""))
        seconds = float(event.data.get("seconds") or 0.0)
        took = duration(seconds) if outcome in ("ok", "failed") else ""
        return self._columns(who, stage, outcome, "  ".join(part for part in (took, note) if part))

    def _columns(self, who: str, stage: str, word: str, note: str = "") -> str:
        styled = self._style(word, look(word)[1]) + " " * (8 - len(word))
        return f"{who:<{self._width}}  {stage:<9}  {styled}  {one_line(note)}".rstrip()

    def _put(self, line: str) -> None:
        self._last = time.monotonic()
        self._write(line)

    def _beat(self) -> None:
        while not self._done.wait(min(1.0, self._heartbeat)):
            with self._lock:
                if time.monotonic() - self._last >= self._heartbeat and self._running:
                    self._put(f"{time.strftime('%H:%M:%S')} {self._sign_of_life()}")

    def _sign_of_life(self) -> str:
        now = time.monotonic()
        running = [f"{who} {stage} {duration(now - since)}" for (who, stage), since in self._running.items()]
        return f"still running {plural(len(running), 'task')}: {', '.join(running)}"
