"""Running the graph: look-ups in a pool of their own, stages in `-n` threads, a stop that drains, isolated failures.

Doit's own runners ask every `uptodate` one after the other in the main thread. Here the main thread still decides,
writes the state and talks to the reporter, but a `PresenceCheck` is fetched beforehand by a pool.
"""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from doit.control import TaskDispatcher
from doit.exceptions import TaskError, TaskFailed, UnmetDependency
from doit.runner import Runner

from deployforge_tasks.core.presence import State
from deployforge_tasks.graph.action import StageAction
from deployforge_tasks.graph.outcomes import SKIPPED, WAITING
from deployforge_tasks.graph.output import routed_output
from deployforge_tasks.graph.presence_check import EvidenceCheck, PresenceCheck, announce_seen
from deployforge_tasks.graph.undo import begin

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.graph.stage import Stage

#: Look-ups at once: they only wait for the network.
CHECKS = 64
_LATE = "the time is over: what runs is ended, nothing new begins"
_STOPPING = "stopping: what runs may finish, nothing new begins; Ctrl-C again kills"
#: How long to wait for a result before looking whether a signal came (Windows cannot be interrupted while it waits).
_TICK = 0.5


class GraphRunner(Runner):  # type: ignore[misc]
    """A doit runner.

    Args:
        context: the run.
        jobs: how many stages run at once.
    """

    def __init__(self, *args: Any, context: RunContext, jobs: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.context = context
        self._jobs = max(1, jobs)
        self._results: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
        self._pending = 0
        self._undoing = False
        self._told_stop = False

    def run_tasks(self, task_dispatcher: Any) -> None:
        """Run what is selected until nothing is left, or until what runs is done after a stop."""
        checks = ThreadPoolExecutor(CHECKS, thread_name_prefix="check")
        stages = ThreadPoolExecutor(self._jobs, thread_name_prefix="stage")
        with routed_output(), checks as self._checks, stages as self._stages:
            self._run(task_dispatcher)
            self._undo(task_dispatcher)

    def _run(self, dispatcher: Any) -> None:
        self._dispatcher = dispatcher
        self._advance(None)
        while self._pending:
            self._take()

    def _undo(self, dispatcher: Any) -> None:
        """After a failure: take back what this run published, if the project wants that; a stop is no failure."""
        if self.context.stopping:
            return
        self._undoing = True
        for name in begin(self.context):
            if not self.context.stopping:
                self._run(TaskDispatcher(dispatcher.tasks, dispatcher.targets, [f"rollback:{name}"]))

    @property
    def _halted(self) -> bool:
        return self.context.stopping or (self.context.halted and not self._undoing)

    def _take(self) -> None:
        self._tell_stop()
        try:
            node, result = self._results.get(timeout=_TICK)
        except queue.Empty:
            return
        self._pending -= 1
        if result is _CHECKED:
            self._consider(node)
        elif result is _NOT_BEGUN:
            return
        else:
            self.process_task_result(node, result)
            self._advance(node)

    def _tell_stop(self) -> None:
        """Say once why nothing new begins. Not from the handler of a signal: that may not lock."""
        if self.context.stopping and not self._told_stop:
            self._told_stop = True
            self.context.log.warning(_LATE if self.context.late else _STOPPING)

    def _advance(self, node: Any) -> None:
        """Hand a finished node to the dispatcher and start everything that is ready then."""
        while not self._halted:
            try:
                node = self._dispatcher.generator.send(node)
            except StopIteration:
                return
            if node == "hold on":
                return
            check = presence_check(node.task)
            if check and node.run_status is None and not check.fetched:
                self._submit(self._checks, node, check.fetch, _CHECKED)
                node = None
            elif self._select(node):
                self._start(node)
                node = None

    def _consider(self, node: Any) -> None:
        """After a look-up: run the task, or go on."""
        if self._halted:
            return
        if self._select(node):
            self._start(node)
            self._advance(None)
        else:
            self._advance(node)

    def _select(self, node: Any) -> bool:
        """Whether to run a task now; False also when it fails, is up to date, or has to wait for its setup."""
        if node.run_status == "run" and (node.bad_deps or node.ignored_deps):
            names = " ".join(bad.task.name for bad in (*node.bad_deps, *node.ignored_deps))
            self._handle_task_error(node, UnmetDependency(names))
            return False
        check = presence_check(node.task)
        if check and node.run_status is None and not node.bad_deps and (error := check.failure()):
            stage = stage_of(node.task)
            if stage:
                stage.fail(error)
            self._handle_task_error(node, TaskFailed(error.message, report=False))
            return False
        selected = bool(self.select_task(node, self._dispatcher.tasks))
        if node.run_status == "up-to-date":
            self._announce_skip(node.task)
        return selected

    def _start(self, node: Any) -> None:
        task = node.task
        self.reporter.execute_task(task)
        for action in task.actions:
            if isinstance(action, StageAction):
                action.ready_since = self.context.clock.monotonic()
        self._submit(self._stages, node, lambda: task.execute(self.stream), None)

    def _submit(self, pool: ThreadPoolExecutor, node: Any, work: Any, marker: Any) -> None:
        def run() -> None:
            if self._halted:  # it waited for a free thread
                self._results.put((node, _NOT_BEGUN))
                return
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - one task's fault must not end the run
                result = TaskError(f"{type(error).__name__}: {error}", report=False)
            self._results.put((node, marker or result))

        self._pending += 1
        pool.submit(run)

    def _handle_task_error(self, node: Any, base_fail: Any) -> None:
        stage = stage_of(node.task)
        if stage and isinstance(base_fail, UnmetDependency):
            stage.block(f"waits for {base_fail.message.replace(' ', ', ')}, which failed")
        elif stage and not isinstance(base_fail, TaskFailed):
            stage.fail_unless_failed(base_fail.message)
        super()._handle_task_error(node, base_fail)
        if stage and stage.platform and not self._undoing:
            self._drain_after(stage.platform)

    def _drain_after(self, name: str) -> None:
        """Start nothing new after a failure that the run cannot be good after, if that is wanted."""
        context = self.context
        if context.required(name) and context.fail_fast:
            context.drain(f"{name} failed, and with --fail-fast nothing is begun after that")
        elif context.required(name) and context.project.conditions.rollback_on_error:
            context.drain(f"{name} failed, and `rollback_on_error` takes back what is out")

    def _announce_skip(self, task: Any) -> None:
        stage = stage_of(task)
        if stage is None:
            return
        check = next((call for call, _, _ in task.uptodate if isinstance(call, PresenceCheck | EvidenceCheck)), None)
        if isinstance(check, PresenceCheck):
            pending = check.presence.state is State.PENDING
            announce_seen(self.context, check)
            reason = check.presence.reason
            stage.skip(WAITING, f"submitted: {reason}") if pending else stage.skip(SKIPPED, reason)
        elif isinstance(check, EvidenceCheck):
            evidence = check.evidence()
            self.context.outcomes.of(check.name).evidence = evidence
            stage.skip(SKIPPED, f"proven before with {evidence.client}" if evidence else "switched off")
        else:
            stage.skip(SKIPPED, "up to date")


_CHECKED = object()
_NOT_BEGUN = object()


def stage_of(task: Any) -> Stage | None:
    """The stage behind a task; groups have none."""
    actions = task.actions
    return actions[0].stage if actions and isinstance(actions[0], StageAction) else None


def presence_check(task: Any) -> PresenceCheck | None:
    """The look-up that decides about a task, if one does."""
    return next((call for call, _, _ in task.uptodate if isinstance(call, PresenceCheck)), None)
