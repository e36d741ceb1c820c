"""doit's view of a stage: runs it, keeps what it prints in its own log, and hands back JSON values only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from doit.action import BaseAction
from doit.exceptions import TaskError, TaskFailed

from deployforge_tasks.core.errors import DeployForgeError, InternalError
from deployforge_tasks.core.events import delivering
from deployforge_tasks.core.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Callable

    from doit.exceptions import BaseFail

    from deployforge_tasks.graph.stage import Stage

_sink: ContextVar[Any] = ContextVar("deployforge_output", default=None)


class StageAction(BaseAction):  # type: ignore[misc]
    """The only action of a stage's task."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.task: Any = None
        self.out: str | None = None
        self.err: str | None = None
        self.result: str | None = None
        self.values: dict[str, Any] = {}

    def execute(self, out: Any = None, err: Any = None) -> BaseFail | None:
        """Run the stage. A failure is returned, as doit wants it: never raised."""
        stage = self.stage
        try:
            with output_to(
                lambda line: stage.context.bus.emit("log", stage.platform, stage.name, level="debug", text=line)
            ):
                end = stage.run()
            self.values = json_values(end.values)
        except DeployForgeError as error:
            return TaskFailed(redactor.text(f"{error.code} {error.message} (hint: {error.hint})"), report=False)
        except Exception as error:  # noqa: BLE001 - doit must go on with the other platforms
            return TaskError(redactor.text(f"{type(error).__name__}: {error}"), report=False)
        self.result = json.dumps(self.values, sort_keys=True)
        return None

    def __str__(self) -> str:
        return f"{self.stage.name} {self.stage.platform or self.stage.target}"

    __repr__ = __str__


def json_values(values: dict[str, Any]) -> dict[str, Any]:
    """The values as they will be read back, without secrets.

    Raises:
        InternalError: something in them is no JSON (doit would notice only when it writes its state).
    """
    try:
        clean: dict[str, Any] = json.loads(redactor.text(json.dumps(values)))
    except (TypeError, ValueError) as error:
        raise InternalError(f"a stage's result is not JSON: {error}", hint="please report this") from error
    return clean


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
