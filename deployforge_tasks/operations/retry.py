"""Retry: go on with what failed or was left undone in the newest run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployforge_tasks.operations.deploy import DeployResult, deploy
from deployforge_tasks.operations.graph_run import choose
from deployforge_tasks.operations.left import Left, left_by_newest_run

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Listener
    from deployforge_tasks.operations.settings import Settings
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class Retry:
    """What a retry will do: `platforms` are worked on by about `tasks` tasks, `left.done` are left alone.

    `loaded` is the project with the version and the profile of that run. `gone` are platforms that were left undone
    and are no longer enabled.
    """

    loaded: Loaded
    left: Left
    platforms: tuple[str, ...]
    tasks: int
    gone: tuple[str, ...] = ()


def plan_retry(settings: Settings, *, platforms: Sequence[str] = (), ledger_url: str | None = None) -> Retry:
    """Look into the ledger what there is to do. Asks no platform.

    Args:
        settings: where the project is; a profile or version in it restricts which runs count.
        platforms: only these.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the project cannot be used, or no run can be gone on with.
    """
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.graph.tasks import tasks_left

    project = settings.load()
    version = str(project.version) if settings.version else None
    profile = settings.profile or None
    left = left_by_newest_run(project, profile=profile, version=version, ledger_url=ledger_url)
    loaded = replace(settings, version=left.version, profile=left.profile).load()
    context = RunContext(loaded, ledger_url=ledger_url)
    try:
        names = [name for name in choose(context, platforms) if name in left.undone]
        count = sum(tasks_left(context, name, left.ended_well[name]) for name in names)
        gone = tuple(name for name in left.undone if name not in context.platforms)
    finally:
        context.close()
    return Retry(loaded, left, tuple(names), count, gone)


def retry(
    plan: Retry,
    *,
    jobs: int = 8,
    dry_run: bool = False,
    listeners: Sequence[Listener] = (),
    ledger_url: str | None = None,
    force: Sequence[str] = (),
    fail_fast: bool = False,
    strict: bool = False,
    loopback_only: bool = False,
) -> DeployResult:
    """Do what the plan says, as a deploy of its platforms alone (`deploy` explains the arguments)."""
    if not plan.platforms:  # to `deploy` that would mean every platform
        left = plan.left
        return DeployResult(plan.loaded.project.name, left.version, left.profile, {}, 0, "ok", 0.0)
    return deploy(
        plan.loaded,
        platforms=plan.platforms,
        jobs=jobs,
        dry_run=dry_run,
        listeners=listeners,
        ledger_url=ledger_url,
        force=force,
        fail_fast=fail_fast,
        strict=strict,
        loopback_only=loopback_only,
        command="deployforge retry",
    )
