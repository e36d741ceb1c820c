"""What a stage prints goes to its own log: each thread's output apart from the others'."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

from deployforge_tasks.core.events import delivering

_sink: ContextVar[Any] = ContextVar("deployforge_output", default=None)


class _Router:
    """A stand-in for stdout or stderr: lines of a task go to that task, everything else to the real stream."""

    def __init__(self, real: TextIO) -> None:
        self._real = real

    def write(self, text: str) -> int:
        sink = None if delivering() else _sink.get()
        if sink is None:
            return self._real.write(text)
        sink(text)
        return len(text)

    def flush(self) -> None:
        if delivering() or _sink.get() is None:
            self._real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Lines:
    """Collects text until a line is complete."""

    def __init__(self, line: Callable[[str], None]) -> None:
        self._line = line
        self._rest = ""

    def __call__(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        if self._rest:
            self._line(self._rest)
            self._rest = ""


@contextmanager
def output_to(line: Callable[[str], None]) -> Iterator[None]:
    """Whatever this thread prints inside goes to `line`, line by line (while `routed_output` is on)."""
    lines = _Lines(line)
    token = _sink.set(lines)
    try:
        yield
    finally:
        _sink.reset(token)
        lines.end()


@contextmanager
def routed_output() -> Iterator[None]:
    """Route stdout and stderr of the process while a graph runs; the streams are put back after."""
    out, err = sys.stdout, sys.stderr
    routed_out, routed_err = _Router(out), _Router(err)
    sys.stdout, sys.stderr = routed_out, routed_err
    try:
        yield
    finally:
        # Somebody else (a test runner) may have put in their own meanwhile: theirs stays.
        if sys.stdout is routed_out:
            sys.stdout = out
        if sys.stderr is routed_err:
            sys.stderr = err
