"""One stage of one platform: events around it, errors completed with platform and stage, output in its own log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import DeployForgeError, InternalError
from deployforge_tasks.core.events import stage_context
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.graph.hooks import fire
from deployforge_tasks.graph.outcomes import BLOCKED, FAILED, OK

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext


#: The stages from which a deploy can be done again (`--from-stage`), in their order.
FROM_STAGES = ("render", "package", "preflight", "publish", "verify")


@dataclass(frozen=True)
class End:
    """How a stage ended (``ok skipped waiting``), why, and its result (JSON values only)."""

    outcome: str = OK
    reason: str = ""
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A stage as a task runs it: `platform` is None and `target` set for release files."""

    context: RunContext
    name: str
    work: Callable[[], End]
    platform: str | None = None
    target: str = ""

    def run(self, waited: float = 0.0) -> End:
        """Do the work.

        Args:
            waited: seconds that it waited for a free worker.

        Raises:
            DeployForgeError: it failed; platform and stage are filled in, the failure is announced.
        """
        started = self.context.clock.monotonic()
        with stage_context(self.platform, self.name):
            self._emit("stage_started", waited=round(waited, 3))
            try:
                end = self._work_with_hooks()
            except Exception as error:
                failure = self._complete(error)
                self.context.outcomes.remember(failure)
                self._finished(started, FAILED, failure.message, error=failure.as_json())
                raise failure from error
            self._finished(started, end.outcome, end.reason)
        return end

    def _work_with_hooks(self) -> End:
        more: dict[str, Any] = {"target": self.target} if self.target else {}
        fire(self.context, "before", self.name, self.platform, **more)
        try:
            end = self.work()
        except Exception as error:
            text = redactor.text(str(error))
            fire(self.context, "after", self.name, self.platform, end={"outcome": FAILED, "reason": text}, **more)
            raise
        ended = {"outcome": end.outcome, "reason": end.reason}
        fire(self.context, "after", self.name, self.platform, end=ended, **more)
        return end

    def skip(self, outcome: str, reason: str) -> None:
        """Announce that the stage needs no work, or cannot be worked on."""
        self._finished(self.context.clock.monotonic(), outcome, reason)

    def fail(self, error: DeployForgeError) -> None:
        """Announce that the stage failed before its work began."""
        failure = self._complete(error)
        self.context.outcomes.remember(failure)
        self._finished(self.context.clock.monotonic(), FAILED, failure.message, error=failure.as_json())

    def fail_unless_failed(self, message: str) -> None:
        """Announce a failure outside of the work itself, unless the work announced one."""
        if self.context.outcomes.of(self.platform or "").stages.get(self.name) != FAILED:
            self.fail(InternalError(redactor.text(message), hint="run again with -vv to see the log of this stage"))

    def block(self, reason: str) -> None:
        self.skip(BLOCKED, reason)

    def _complete(self, error: Exception) -> DeployForgeError:
        if not isinstance(error, DeployForgeError):
            return InternalError(
                redactor.text(f"{type(error).__name__}: {error}"),
                hint="a fault in DeployForge or in a plugin; report it with the log of this stage (-vv shows it)",
                platform=self.platform,
                stage=self.name,
            )
        error.platform = error.platform or self.platform
        error.stage = error.stage or self.name
        error.message, error.hint = redactor.text(error.message), redactor.text(error.hint)
        return error

    def _finished(self, started: float, outcome: str, reason: str, **more: Any) -> None:
        seconds = round(self.context.clock.monotonic() - started, 3)
        self._emit("stage_finished", outcome=outcome, reason=reason, seconds=seconds, **more)

    def _emit(self, kind: str, **data: Any) -> None:
        if self.target:
            data["target"] = self.target
        self.context.bus.emit(kind, self.platform, self.name, **data)
