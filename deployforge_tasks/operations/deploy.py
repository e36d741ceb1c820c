"""Deploy: bring every chosen platform to the wanted version, exactly once."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.events import Listener
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.presence import Decision, Presence, decide
from deployforge_tasks.graph.outcomes import ROLLED_BACK
from deployforge_tasks.operations.graph_run import choose, run_graph
from deployforge_tasks.operations.left import left_by_newest_run
from deployforge_tasks.operations.rollback import PlatformRollback

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class PlatformResult:
    """What became of one platform.

    `outcome` is ``published`` (by this run), ``rolled-back`` (by this run, which then failed and took it back),
    ``skipped`` (it was there), ``waiting`` (submitted, a registry or a person has to act), ``failed``, ``blocked``
    (something it needs failed), ``stopped`` (the run was stopped before it) or ``planned`` (a dry run; `plan` says
    what would be done). `reason` is for people; `published` names the pieces that this run published.
    """

    name: str
    title: str
    outcome: str
    reason: str = ""
    seconds: float = 0.0
    presence: Presence | None = None
    plan: Decision | None = None
    evidence: Evidence | None = None
    error: DeployForgeError | None = None
    published: tuple[str, ...] = ()
    page: str = ""
    required: bool = True
    needs: tuple[str, ...] = ()
    irreversible: bool = False


@dataclass(frozen=True)
class DeployResult:
    """What became of a run. `outcome` is ``ok degraded waiting failed stopped`` or ``planned``; `run` its number.

    `taken_back` tells, newest publication first, what `conditions.rollback_on_error` did after the failure of
    `taken_back_because`: also of platforms that could not be taken back, or stay as they are.
    """

    project: str
    version: str
    profile: str
    platforms: Mapping[str, PlatformResult]
    exit_code: int
    outcome: str
    seconds: float
    run: int | None = None
    errors: tuple[DeployForgeError, ...] = ()
    """Every error of the run, those of shared release files included."""
    taken_back: Mapping[str, PlatformRollback] = field(default_factory=dict)
    taken_back_because: tuple[str, ...] = ()


def deploy(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    jobs: int = 8,
    dry_run: bool = False,
    listeners: Sequence[Listener] = (),
    ledger_url: str | None = None,
    force: Sequence[str] = (),
    loopback_only: bool = False,
    command: str = "deploy",
    only_failed: bool = False,
    from_stage: str | None = None,
    fail_fast: bool = False,
    strict: bool = False,
    until: float = math.inf,
) -> DeployResult:
    """Deploy a project; never raises for what happens to one platform.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        jobs: how many stages run at once.
        dry_run: only look and plan; nothing is sent, packaged or downloaded.
        listeners: who hears the run's events.
        ledger_url: another ledger than the project's own.
        force: platforms on which a rejected or withdrawn version is published again.
        loopback_only: HTTP may reach nothing but this machine.
        command: what the user called, for the ledger.
        only_failed: of these only the platforms that the newest run of this version (and profile) left undone.
        from_stage: do this stage (``render package preflight publish verify``) and what follows again, even where it
            is up to date; what is published is still never published twice.
        fail_fast: after the failure of a required platform start nothing new (default: keep going).
        strict: exit with 9 when something waits, with 10 when only platforms failed that are not required.
        until: the moment (`time.monotonic`) at which the run stops, and ends what it has started.

    Raises:
        ConfigError: the project, its version or a platform's name cannot be used, or `only_failed` finds no run.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(
        loaded,
        ledger_url=ledger_url,
        listeners=listeners,
        force=force,
        loopback_only=loopback_only,
        command=command,
        from_stage=from_stage,
        fail_fast=fail_fast,
        strict=strict,
        until=until,
    )
    start = time.monotonic()
    try:
        names = choose(context, platforms)
        if only_failed:
            version = str(context.version)
            left = left_by_newest_run(loaded, profile=loaded.profile, version=version, ledger_url=ledger_url)
            names = [name for name in names if name in left.undone]
        if dry_run:
            found = _plan(context, names)
            code, outcome = 0, "planned"
        else:
            code = run_graph(context, [f"deploy:{name}" for name in names], jobs) if names else 0
            outcome = context.outcome or "ok"
            found = {name: _result(context, name) for name in names}
        errors = tuple(context.outcomes.errors)
        version = str(context.version)
    finally:
        context.close()
    seconds = time.monotonic() - start
    return DeployResult(
        loaded.project.name,
        version,
        loaded.profile,
        found,
        code,
        outcome,
        seconds,
        context.run,
        errors,
        taken_back=_taken_back(context),
        taken_back_because=context.undone_because,
    )


def _taken_back(context: RunContext) -> dict[str, PlatformRollback]:
    """What was taken back after a failure, and what stays."""
    found = {}
    for name in dict.fromkeys([*context.undone, *context.stays]):
        state = context.outcomes.of(name)
        failed = next((e for e in context.outcomes.errors if (e.platform, e.stage) == (name, "rollback")), None)
        title, stays = context.platforms[name].title, context.stays.get(name, "")
        if name in context.undone and "rollback" not in state.stages:
            stays = "the run was stopped before it"
        found[name] = PlatformRollback(name, title, context.rollbacks.get(name), failed, stays)
    return found


def _plan(context: RunContext, names: Sequence[str]) -> dict[str, PlatformResult]:
    """Ask every platform at once what would be done."""
    from deployforge_tasks.graph.presence_check import PresenceCheck

    context.open()
    checks = {name: PresenceCheck(context, name) for name in names}
    with ThreadPoolExecutor(max(1, len(checks))) as pool:
        list(pool.map(lambda check: check.fetch(), checks.values()))
    return {name: _planned(context, name, check.answer.presence, check.answer.error) for name, check in checks.items()}


def _planned(context: RunContext, name: str, presence: Presence, error: DeployForgeError | None) -> PlatformResult:
    from deployforge_tasks.graph.jobs import page

    platform = context.platforms[name]
    plan = decide(presence, editable=platform.traits.editable, force=name in context.force)
    return PlatformResult(
        name,
        platform.title,
        "planned",
        plan.reason,
        presence=presence,
        plan=plan,
        error=error,
        page=page(context, name),
        required=context.required(name),
        needs=context.hubs(name),
        irreversible=platform.traits.immutable,
    )


def _result(context: RunContext, name: str) -> PlatformResult:
    from deployforge_tasks.graph.jobs import page

    platform, state = context.platforms[name], context.outcomes.of(name)
    outcome, reason = state.outcome, state.reason
    if outcome == ROLLED_BACK:
        reason = f"taken back, because {', '.join(context.undone_because)} failed"
    if context.halted and outcome in ("none", "ok"):
        outcome, reason = "stopped", context.drained or "the run was stopped before it"
    return PlatformResult(
        name,
        platform.title,
        outcome,
        reason,
        seconds=round(state.seconds, 3),
        presence=state.presence,
        evidence=state.evidence,
        error=state.error,
        published=tuple(state.published),
        page=page(context, name),
        required=context.required(name),
        needs=context.hubs(name),
        irreversible=platform.traits.immutable,
    )
