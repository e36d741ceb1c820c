"""What every platform has of a version: only looks, sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.presence import Presence, State

if TYPE_CHECKING:
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.load import Loaded

_AT_ONCE = 16
_PATIENCE = 3.0


@dataclass(frozen=True)
class PlatformStatus:
    """What one platform has.

    `previous` is the newest other version that the ledger knows there; `page` the version's web page; `error` is
    set when the platform could not be asked.
    """

    name: str
    version: str
    presence: Presence
    evidence: Evidence | None
    previous: str | None
    page: str
    error: DeployForgeError | None


@dataclass(frozen=True)
class Status:
    """What the platforms have, in the order of ``deployforge.yml``."""

    project: str
    profile: str
    version: str
    platforms: tuple[PlatformStatus, ...]

    @property
    def exit_code(self) -> int:
        """0, or 6 when a platform could not be asked."""
        return 6 if any(p.presence.state is State.UNKNOWN for p in self.platforms) else 0


def status(loaded: Loaded, *, platforms: Sequence[str] = (), ledger_url: str | None = None) -> Status:
    """Ask every platform at once.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: there is no version to ask for, or the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(_impatient(loaded), ledger_url=ledger_url, command="status")
    try:
        version = str(context.version)
        names = [name for name in context.platforms if not platforms or name in platforms]
        _ = context.ledger, context.store  # opened here, once, so that a fault in them is told once
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="status") as pool:
            found = tuple(pool.map(lambda name: _one(context, name), names))
    finally:
        context.close()
    return Status(loaded.project.name, loaded.profile, version, found)


def _impatient(loaded: Loaded) -> Loaded:
    """The project without a deploy's patience: a person waits for this answer, and nothing depends on it."""
    conditions = loaded.project.conditions
    quick = {"retry_on_failure": 0, "read_patience": min(conditions.read_patience, _PATIENCE)}
    project = loaded.project.model_copy(update={"conditions": conditions.model_copy(update=quick)})
    return replace(loaded, project=project)


def _one(context: RunContext, name: str) -> PlatformStatus:
    from deployforge_tasks.graph.jobs import make_job, page
    from deployforge_tasks.graph.presence_check import PresenceCheck

    answer = PresenceCheck(context, name).answer
    job = make_job(context, name, "status")
    return PlatformStatus(
        name=name,
        version=str(context.version_of(name)),
        presence=answer.presence,
        evidence=context.ledger.evidence(context.key(name)),
        previous=job.previous(),
        page=page(context, name),
        error=answer.error,
    )
