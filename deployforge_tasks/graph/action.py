"""doit's view of a stage: runs it, keeps what it prints in its own log, and hands back JSON values only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from doit.action import BaseAction
from doit.exceptions import TaskError, TaskFailed

from deployforge_tasks.core.errors import DeployForgeError, InternalError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.graph.output import output_to

if TYPE_CHECKING:
    from doit.exceptions import BaseFail

    from deployforge_tasks.graph.stage import Stage


class StageAction(BaseAction):  # type: ignore[misc]
    """The only action of a stage's task."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.task: Any = None
        self.ready_since: float | None = None
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
                end = stage.run(self._waited())
            self.values = json_values(end.values)
        except DeployForgeError as error:
            return TaskFailed(redactor.text(f"{error.code} {error.message} (hint: {error.hint})"), report=False)
        except Exception as error:  # noqa: BLE001 - doit must go on with the other platforms
            return TaskError(redactor.text(f"{type(error).__name__}: {error}"), report=False)
        self.result = json.dumps(self.values, sort_keys=True)
        return None

    def _waited(self) -> float:
        return 0.0 if self.ready_since is None else self.stage.context.clock.monotonic() - self.ready_since

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
