"""doit's commands where its own ones would be slow or could do harm: `run`, `list`, `ignore`, `reset-dep`."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from doit.cmd_base import DoitCmdBase
from doit.cmd_list import List as DoitList
from doit.cmd_run import (
    Run as DoitRun,
)
from doit.cmd_run import (
    opt_always,
    opt_continue,
    opt_num_process,
    opt_outfile,
    opt_parallel_type,
    opt_reporter,
    opt_verbosity,
)
from doit.control import TaskControl
from doit.exceptions import InvalidCommand
from doit.task import Stream

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.graph.hooks import fire
from deployforge_tasks.graph.outcomes import STRICT
from deployforge_tasks.graph.reporter import Quiet
from deployforge_tasks.graph.signals import Signals
from deployforge_tasks.graph.stage import FROM_STAGES
from deployforge_tasks.notify import pending

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext


class Run(DoitRun):  # type: ignore[misc]
    """Run tasks with `GraphRunner`. `-n` counts threads; there is no `-s`, which would leave out the checks before."""

    name = "run"
    doc_purpose = "run tasks"
    cmd_options = (
        opt_always,
        {**opt_continue, "default": True},
        opt_verbosity,
        opt_reporter,
        opt_outfile,
        {**opt_num_process, "help": "number of stages that run at once [default: %(default)s]"},
        {**opt_parallel_type, "default": "thread"},
    )

    def _execute(
        self,
        outfile: Any,
        verbosity: int | None = None,
        *,
        always: bool = False,
        continue_: bool = True,
        reporter: Any = "console",
        num_process: int = 0,
        par_type: str = "thread",
    ) -> int:
        from deployforge_tasks.graph.runner import GraphRunner

        control = TaskControl(self.task_list)
        control.process(self.sel_tasks)
        stream = Path(outfile).open("w", encoding="utf-8") if isinstance(outfile, str) else outfile  # noqa: SIM115 - closed below
        context: RunContext = self.loader.context
        if always:
            context.from_stage = FROM_STAGES[0]
        context.fail_fast = context.fail_fast or not continue_
        shown = self._reporter(reporter, stream)
        if isinstance(shown, Quiet):
            shown.attach(context)
        runner = GraphRunner(
            self.dep_manager,
            shown,
            continue_=True,  # a failure starts nothing new by `fail_fast`, which lets what runs finish
            always_execute=always,
            stream=Stream(verbosity),
            context=context,
            jobs=num_process,
        )
        try:
            return run_to_the_end(context, runner, control)
        finally:
            if stream is not outfile:
                stream.close()
            if self.loader.owned:
                context.close()
                for line in pending.lines(pending.wait_for_all()):
                    sys.stderr.write(f"warning: {line}\n")

    def _reporter(self, chosen: Any, stream: Any) -> Any:
        made = self.reporters[chosen] if isinstance(chosen, str) else chosen
        return made(stream, {"failure_verbosity": 0}) if isinstance(made, type) else made


def run_to_the_end(context: RunContext, runner: Any, control: Any) -> int:
    """Run the selected tasks as one run of the ledger; the exit code comes from what happened, not from doit."""
    from deployforge_tasks.graph.loader import readable_errors

    aims = _aims(control)
    with readable_errors():
        context.start(aims)
    required = {name: context.required(name) for name in context.platforms}
    exit_code = 70
    try:
        with Signals(context) as signals:
            exit_code = _run_with_hooks(context, runner, control, aims, signals)
    finally:
        outcome = context.outcomes.word(context.platforms, exit_code, required)
        if context.strict and exit_code == 0:
            exit_code = STRICT.get(outcome, 0)
        context.finish(outcome, exit_code)
    return exit_code


def _run_with_hooks(context: RunContext, runner: Any, control: Any, aims: list[str], signals: Signals) -> int:
    required = {name: context.required(name) for name in context.platforms}
    try:
        fire(context, "before", "run", platforms=aims)
    except DeployForgeError as error:
        context.drain("a hook failed before the run")
        runner.finish()
        return _remember(context, error)
    doit_result = runner.run_all(control.task_dispatcher())
    exit_code = context.outcomes.exit_code(required, signals.stopped_by)
    if exit_code == 0 and doit_result == 3:
        exit_code = 70
    outcome = context.outcomes.word(context.platforms, exit_code, required)
    ends = {name: context.outcomes.of(name).outcome for name in aims}
    try:
        fire(context, "after", "run", end={"outcome": outcome, "exit_code": exit_code}, platforms=ends)
    except DeployForgeError as error:
        return exit_code or _remember(context, error)
    return exit_code


def _remember(context: RunContext, error: DeployForgeError) -> int:
    """A hook of the whole run failed; its exit code."""
    error.stage = "run"
    context.outcomes.remember(error)
    context.log.warning(f"{error.code} {error.message}")
    return error.exit_code


def _aims(control: Any) -> list[str]:
    """The platforms that the selected tasks publish to (a hub that another one only needs is none)."""
    aims: dict[str, None] = {}
    waiting = list(control.selected_tasks or ())
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        group, _, platform = name.partition(":")
        if group == "publish" and platform:
            aims[platform] = None
        waiting += control.tasks[name].task_dep
    return list(aims)


class List(DoitList):  # type: ignore[misc]
    """`doit list`; with `--status` every platform is asked at the same time."""

    name = "list"

    def _execute(
        self,
        subtasks: bool,
        quiet: bool,
        *,
        status: bool,
        private: bool,
        list_deps: bool,
        template: str | None,
        sort: str,
        pos_args: list[str] | None,
    ) -> int:
        if status:
            self._fetch_checks()
        try:
            listed = super()._execute(subtasks, quiet, status, private, list_deps, template, sort, pos_args)
            self.outstream.flush()
        except BrokenPipeError:  # whoever read the list went away (`doit list | head`)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        return int(listed)

    def _fetch_checks(self) -> None:
        from deployforge_tasks.graph.runner import CHECKS, presence_check

        checks = {id(check): check for task in self.task_list if (check := presence_check(task))}
        with ThreadPoolExecutor(CHECKS) as pool:
            list(pool.map(lambda check: check.fetch(), checks.values()))


class _Refused(DoitCmdBase):  # type: ignore[misc]
    """A command of doit's that would make a release look done when it is not."""

    cmd_options: ClassVar[tuple[Any, ...]] = ()
    why = ""

    def _execute(self, pos_args: Any = None) -> int:
        raise InvalidCommand(f"`{self.name}` is switched off: {self.why}")


class Ignore(_Refused):
    """`doit ignore` would skip a platform and everything behind it, and still end with 0."""

    name = "ignore"
    doc_purpose = "switched off: set `enabled: false` for a platform instead"
    doc_usage = ""
    why = "a skipped platform would look deployed. Set `enabled: false` for it in deployforge.yml"


class ResetDep(_Refused):
    """`doit reset-dep` marks tasks as done without doing them."""

    name = "reset-dep"
    doc_purpose = "switched off: tasks are never marked as done without being done"
    doc_usage = ""
    why = "it would mark tasks as done that were not. Run them: what is there already is skipped"
