"""Roll back: take users to an earlier version, as far as each platform allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError, InternalError
from deployforge_tasks.core.events import Listener, stage_context
from deployforge_tasks.core.model import Rollback
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.operations.graph_run import choose, run_graph

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.load import Loaded

INCOMPLETE = 8


@dataclass(frozen=True)
class PlatformRollback:
    """What was done on one platform (in a plan: what will be); `error` is set when it failed, `rollback` otherwise.

    `stays` says why nothing was taken back, where a failed deploy took back only what it had published itself.
    """

    name: str
    title: str
    rollback: Rollback | None = None
    error: DeployForgeError | None = None
    stays: str = ""


@dataclass(frozen=True)
class RollbackResult:
    """What became of a rollback; the exit code is 8 when anything failed or is left for a person.

    `planned`: nothing was done, and the code is 8 only when there is no way to do it.
    """

    project: str
    version: str
    to: str | None
    platforms: Mapping[str, PlatformRollback]
    exit_code: int
    planned: bool = False


def rollback(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    to: str | None = None,
    jobs: int = 8,
    dry_run: bool = False,
    listeners: Sequence[Listener] = (),
    ledger_url: str | None = None,
    loopback_only: bool = False,
) -> RollbackResult:
    """Take users of the loaded version back.

    Args:
        loaded: the project; its version is the one to leave.
        platforms: only these (default: every enabled one).
        to: the version to go to (default: on each platform the one published before, by the ledger).
        jobs: how many platforms at once.
        dry_run: only look and plan; nothing is sent.
        listeners: who hears the run's events.
        ledger_url: another ledger than the project's own.
        loopback_only: HTTP may reach nothing but this machine.

    Raises:
        ConfigError: the project, its version or a platform's name cannot be used.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(
        loaded,
        ledger_url=ledger_url,
        listeners=listeners,
        loopback_only=loopback_only,
        command="rollback",
        rollback_to=to,
    )
    try:
        names = choose(context, platforms)
        if dry_run:
            return _planned(context, names, to)
        code = run_graph(context, [f"rollback:{name}" for name in names], jobs) if names else 0
        version = str(context.version)
    finally:
        context.close()
    found = {
        name: PlatformRollback(
            name, context.platforms[name].title, context.rollbacks.get(name), context.outcomes.of(name).error
        )
        for name in names
    }
    incomplete = any(p.rollback is None or p.rollback.manual for p in found.values())
    stopped = code if code in (130, 143) else 0
    return RollbackResult(loaded.project.name, version, to, found, stopped or (INCOMPLETE if incomplete else 0))


def _planned(context: RunContext, names: Sequence[str], to: str | None) -> RollbackResult:
    """Ask every platform at once what a rollback would do."""
    context.open()
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        found = dict(zip(names, pool.map(lambda name: _plan(context, name), names), strict=True))
    code = INCOMPLETE if any(p.error for p in found.values()) else 0
    return RollbackResult(context.project.name, str(context.version), to, found, code, planned=True)


def _plan(context: RunContext, name: str) -> PlatformRollback:
    from deployforge_tasks.graph.stages import rollback_job

    platform = context.platforms[name]
    try:
        with stage_context(name, "rollback"):
            job, to = rollback_job(context, name)
            plan = platform.rollback_plan(job, to)
    except DeployForgeError as error:
        error.platform = error.platform or name
        return PlatformRollback(name, platform.title, error=error)
    except Exception as error:  # noqa: BLE001 - one platform's fault must not hide the plans of the others
        text = redactor.text(f"{type(error).__name__}: {error}")
        fault = InternalError(text, hint="a fault in DeployForge or in a plugin; report it", platform=name)
        return PlatformRollback(name, platform.title, error=fault)
    return PlatformRollback(name, platform.title, Rollback(tuple(c.text for c in plan.changes), plan.manual))
