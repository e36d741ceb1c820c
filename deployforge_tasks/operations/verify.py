"""Verify: install again what is published, whatever was proven before. Publishes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.operations.graph_run import choose, run_graph

if TYPE_CHECKING:
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.core.events import Listener
    from deployforge_tasks.core.model import Evidence
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.load import Loaded

_OUTCOMES = {"ok": "verified", "none": "stopped"}


@dataclass(frozen=True)
class PlatformVerification:
    """One platform: `outcome` is ``verified waiting`` (not public yet) ``skipped failed`` or ``stopped``.

    `evidence` is the new one; what was there before counts no longer.
    """

    name: str
    title: str
    outcome: str
    reason: str = ""
    evidence: Evidence | None = None
    error: DeployForgeError | None = None
    required: bool = True
    seconds: float = 0.0


@dataclass(frozen=True)
class VerifyResult:
    """What became of the installations. The exit code is 7 when a required one failed."""

    project: str
    version: str
    profile: str
    platforms: Mapping[str, PlatformVerification]
    exit_code: int
    outcome: str
    seconds: float
    run: int | None = None


def verify(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    jobs: int = 8,
    listeners: Sequence[Listener] = (),
    ledger_url: str | None = None,
    strict: bool = False,
    loopback_only: bool = False,
) -> VerifyResult:
    """Install the loaded version from every chosen platform and run it.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        jobs: how many platforms at once.
        listeners: who hears the run's events.
        ledger_url: another ledger than the project's own.
        strict: 9 when something is not public yet, 10 when only platforms failed that are not required.
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
        command="deployforge verify",
        from_stage="verify",
        only_verify=True,
        strict=strict,
    )
    start = time.monotonic()
    try:
        names = choose(context, platforms)
        code = run_graph(context, [f"verify:{name}" for name in names], jobs) if names else 0
        version = str(context.version)
    finally:
        context.close()
    found = {name: _result(context, name) for name in names}
    if any(p.outcome == "failed" and p.required for p in found.values()) and code not in (130, 143):
        code = VerifyError.exit_code
    seconds = time.monotonic() - start
    return VerifyResult(
        loaded.project.name, version, loaded.profile, found, code, context.outcome or "ok", seconds, context.run
    )


def _result(context: RunContext, name: str) -> PlatformVerification:
    state = context.outcomes.of(name)
    return PlatformVerification(
        name,
        context.platforms[name].title,
        _OUTCOMES.get(state.outcome, state.outcome),
        state.reason or ("the run was stopped before it" if state.outcome == "none" else ""),
        evidence=state.evidence,
        error=state.error,
        required=context.required(name),
        seconds=round(state.seconds, 3),
    )
