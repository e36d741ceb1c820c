"""Roll back: take users to an earlier version, as far as each platform allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.events import Listener
from deployforge_tasks.core.model import Rollback
from deployforge_tasks.operations.graph_run import choose, run_graph

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded

INCOMPLETE = 8


@dataclass(frozen=True)
class PlatformRollback:
    """What was done on one platform; `error` is set when it failed, `rollback` otherwise."""

    name: str
    title: str
    rollback: Rollback | None = None
    error: DeployForgeError | None = None


@dataclass(frozen=True)
class RollbackResult:
    """What became of a rollback; the exit code is 8 when anything failed or is left for a person."""

    project: str
    version: str
    to: str | None
    platforms: Mapping[str, PlatformRollback]
    exit_code: int


def rollback(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    to: str | None = None,
    jobs: int = 8,
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
