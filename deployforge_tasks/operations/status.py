"""What every platform has of a version, and what its users get now: only looks, sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from deployforge_tasks.core.model import Evidence, Live
from deployforge_tasks.core.presence import Presence, State
from deployforge_tasks.operations.graph_run import choose

if TYPE_CHECKING:
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.load import Loaded

_AT_ONCE = 16
_PATIENCE = 3.0


@dataclass(frozen=True)
class PlatformStatus:
    """What one platform has.

    `live` is the version that users get there now, None when there is none or the platform cannot tell; `behind`
    how many releases it is behind the wanted one, as far as the ledger knows them (0: users get it, or a newer one).
    `drift` says what is otherwise than our own records say it should be. `previous` is the newest other version that
    the ledger knows there; `page` the version's web page; `error` is set when the platform could not be asked.
    """

    name: str
    version: str
    presence: Presence
    evidence: Evidence | None
    previous: str | None
    page: str
    error: DeployForgeError | None
    live: Live | None = None
    behind: int = 0
    drift: str = ""
    required: bool = True


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

    @property
    def strict_exit_code(self) -> int:
        """For those who want everything to be as it should: 6 cannot be told, 1 it is not, 9 a review is awaited."""
        needed = [p for p in self.platforms if p.required]
        if any(p.presence.state is State.UNKNOWN for p in needed):
            return 6
        if any(p.drift or p.behind or p.presence.state not in (State.SAME, State.PENDING) for p in needed):
            return 1
        return 9 if any(p.presence.state is State.PENDING for p in needed) else 0


def status(loaded: Loaded, *, platforms: Sequence[str] = (), ledger_url: str | None = None) -> Status:
    """Ask every platform at once.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: there is no version to ask for, a platform's name cannot be used, or the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(_impatient(loaded), ledger_url=ledger_url, command="status")
    try:
        version = str(context.version)
        names = choose(context, platforms)
        context.open()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="status") as pool:
            lives = {name: pool.submit(_live, context, name) for name in names}
            asked = list(pool.map(partial(_one, context), names))
        found = tuple(_judged(context, one, lives[one.name].result()) for one in asked)
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
    from deployforge_tasks.graph.jobs import page, previous_version
    from deployforge_tasks.graph.presence_check import PresenceCheck

    answer = PresenceCheck(context, name).answer
    return PlatformStatus(
        name=name,
        version=str(context.version_of(name)),
        presence=answer.presence,
        evidence=context.ledger.evidence(context.key(name)),
        previous=previous_version(context, name),
        page=page(context, name),
        error=answer.error,
    )


def _live(context: RunContext, name: str) -> Live | None:
    """The version that users get; a platform that cannot tell it is no reason to fail."""
    from deployforge_tasks.graph.jobs import make_job

    try:
        return context.platforms[name].live(make_job(context, name, "status"))
    except Exception:  # noqa: BLE001 - whether the wanted version is there is told without it
        return None


def _judged(context: RunContext, found: PlatformStatus, live: Live | None) -> PlatformStatus:
    """With what users get, how far that is behind, and what is otherwise than it should be."""
    behind = _behind(context, found, live) if live is not None and found.presence.state is State.SAME else 0
    drift = _drift(context, found, behind)
    return replace(found, live=live, behind=behind, drift=drift, required=context.required(found.name))


def _behind(context: RunContext, found: PlatformStatus, live: Live) -> int:
    """How many releases users are behind; 0 where what they get is spelled in a way that cannot be ordered."""
    from deployforge_tasks.core.versions import Version

    wanted = Version.parse(found.version)
    try:
        now = Version.parse(live.version)
    except ValueError:  # somebody else may have written it
        return 0
    if wanted <= now or wanted.is_prerelease:
        return 0
    released = context.ledger.published(context.project.name, context.loaded.profile, found.name)
    return len({v for v in map(Version.parse, released) if now < v < wanted and not v.is_prerelease}) + 1


def _drift(context: RunContext, found: PlatformStatus, behind: int) -> str:
    from deployforge_tasks.graph.jobs import old_receipts

    ledger, key, state = context.ledger, context.key(found.name), found.presence.state
    ours = ledger.receipts(key)
    if ledger.is_left(key) or ours != old_receipts(context, found.name)():
        return ""  # users were taken back on purpose, or the platform may not show yet what it accepted
    if ours and state in (State.ABSENT, State.WITHDRAWN):
        return "it was published from here, and is no longer there"
    if ours and state is State.DIFFERENT and not _is_as_sent(context, found.name, ours):
        return "it was changed after it was published from here"
    if state is State.PARTIAL and any(piece in ours for piece in found.presence.missing):  # else it was never finished
        return "a part of what was published from here is no longer there"
    return "it is there, and users get an older version" if behind else ""


def _is_as_sent(context: RunContext, name: str, ours: Mapping[str, str]) -> bool:
    """Whether the platform has what we sent: then it differs only from what a package would hold now."""
    from deployforge_tasks.graph.jobs import make_job
    from deployforge_tasks.graph.look import look

    return look(context, name, make_job(context, name, "status", digests=ours)).presence.state is State.SAME
