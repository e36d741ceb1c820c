"""What plain `doit` shows: one line per change on stderr, and a summary at the end on stdout.

It listens to the run's events; doit's own calls are too few. It never raises: a reporter that does ends the run.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.graph.context import RunContext


class Quiet:
    """A doit reporter that shows nothing (whoever embeds the graph listens to the events)."""

    desc = "nothing"

    def __init__(self, *_: object) -> None:
        self.runtime_errors: list[str] = []

    def attach(self, context: RunContext) -> None:
        """Called before the first task."""

    def runtime_error(self, message: str) -> None:
        self.runtime_errors.append(message)

    def _nothing(self, *_: object) -> None: ...

    initialize = get_status = execute_task = add_failure = add_success = skip_uptodate = _nothing
    skip_ignore = cleanup_error = teardown_task = complete_run = _nothing


class Reporter(Quiet):
    """The doit reporter of plain `doit` runs."""

    desc = "one line per change, and a summary"

    def __init__(self, outstream: TextIO, options: Any = None) -> None:
        super().__init__()
        self._out = outstream
        self._err = sys.stderr
        self._context: RunContext | None = None

    def attach(self, context: RunContext) -> None:
        self._context = context
        context.bus.listen(self._hear)

    def runtime_error(self, message: str) -> None:
        super().runtime_error(message)
        self._safely(lambda: print(f"error: {message}", file=self._err))

    def complete_run(self, *_: object) -> None:
        self._safely(self._summary)

    def _hear(self, event: Event) -> None:
        line = line_of(event)
        if line:
            self._safely(lambda: print(line, file=self._err, flush=True))

    def _summary(self) -> None:
        if self._context is None:
            return
        for name in self._context.platforms:
            result = self._context.outcomes.of(name)
            if result.outcome != "none":
                line = f"  {name:<16} {result.outcome:<10} {result.seconds:>7.1f}s  {result.reason}".rstrip()
                print(line, file=self._out)
        self._out.flush()

    def _safely(self, show: Callable[[], None]) -> None:
        # A closed pipe or a full disk must never stop a release.
        with contextlib.suppress(Exception):
            show()


def line_of(event: Event) -> str:
    """An event as one line of a CI log; empty for what a log leaves out."""
    data = event.data
    if event.kind == "stage_started":
        return _line(event, "started", "")
    if event.kind == "stage_finished":
        took = f"{data.get('seconds', 0.0):.1f}s" if data.get("seconds") else ""
        error = data.get("error") or {}
        said = " ".join(filter(None, [error.get("id"), str(data.get("reason", ""))]))
        return _line(event, str(data["outcome"]), f"{took:<7} {said}".strip())
    if event.kind == "finding" and data.get("level") != "note":
        return _line(event, str(data["level"]), f"{data['id']} {data['message']}")
    if event.kind == "log" and data.get("level") == "warning":
        return _line(event, "warning", str(data["text"]))
    if event.kind == "log" and data.get("level") == "info" and event.stage == "rollback":  # what a person has to do
        return _line(event, "info", str(data["text"]))
    return ""


def _line(event: Event, word: str, rest: str) -> str:
    who = event.platform or str(event.data.get("target", ""))
    time = event.at.astimezone().strftime("%H:%M:%S")
    return f"{time} {who:<15} {event.stage or '':<10} {word:<8} {rest}".rstrip()
