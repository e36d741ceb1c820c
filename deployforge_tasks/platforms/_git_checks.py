"""Checks before publishing, and the way back, for platforms that are git repositories."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, RollbackError
from deployforge_tasks.core.model import Change, Finding, Level, RollbackPlan
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.git import Checkout
from deployforge_tasks.effects.git_access import holds_password
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._expiry import expiry
from deployforge_tasks.platforms._git import G, GitPlatform
from deployforge_tasks.platforms.base import Job


def check(platform: GitPlatform[G], job: Job[G]) -> list[Finding]:
    """What holds for every git repository: git is here, the credential may write, nobody is taken back."""
    prefix = platform.name.upper()
    if which("git") is None:
        return [Finding(f"{prefix}-001", Level.ERROR, "`git` is not on this machine", "install git")]
    try:
        place = platform.place(job, write=True)
    except CredentialError as error:
        return [Finding.of_error(f"{prefix}-003", error)]
    if holds_password(place.url):
        hint = "take it out, and put the token into the platform's credential"
        return [Finding(f"{prefix}-002", Level.ERROR, "a password stands in the repository's URL", hint)]
    try:
        with platform.open(job, write=True) as repository:
            may_write(platform, job, repository)
            found = [*_newer(platform, job, repository), *platform.check_repository(job, repository)]
    except DeployForgeError as error:
        return [Finding.of_error(f"{prefix}-004", error, says=f"cannot write there: {error.message}")]
    return [*found, *expiry(f"{prefix}-006", job, platform.credential_ends(job))]


def may_write(platform: GitPlatform[G], job: Job[G], repository: Checkout) -> None:
    """Ask the remote whether we may write; it decides that before anything is sent."""
    commit = repository.head or repository.commit({}, "nothing", platform.author(job), job.clock.now())
    repository.push(commit, dry_run=True)


def _newer(platform: GitPlatform[G], job: Job[G], repository: Checkout) -> list[Finding]:
    text = repository.read(platform.main(job))
    offered = None if text is None else platform.version_in(text)
    if not platform.is_newer(offered, job.version) or platform.published_at(
        repository, job, platform.spelled(job.version)
    ):
        return []
    level = Level.WARNING if job.options.allow_older else Level.ERROR
    hint = "set `allow_older: true` if users are to be taken back"
    return [Finding(f"{platform.name.upper()}-005", level, f"{offered} is offered there, which is newer", hint)]


def restoring(platform: GitPlatform[G], job: Job[G], to: Version | None) -> RollbackPlan:
    """The plan to put the files back as they were at an earlier version, with a new commit on top.

    Without an earlier version the files are removed. Doing it twice does it once.

    Raises:
        RollbackError: the repository offers something else than the version to take back, or never offered `to`.
    """
    with platform.open(job, write=True) as repository:
        way = _way_back(platform, job, repository, to)
        if isinstance(way, Change):
            return RollbackPlan((way,))
    left = "users who have it keep it until the next version"
    text = f"{repository.url} offers {way.version or 'nothing'} again ({left})"
    return RollbackPlan((Change(text, partial(_restore, platform, job, to)),))


def _restore(platform: GitPlatform[G], job: Job[G], to: Version | None) -> None:
    with platform.open(job, write=True) as repository:
        way = _way_back(platform, job, repository, to)
        if isinstance(way, Change):  # somebody did it since the plan was made
            return
        files = {path: repository.blob(path, way.commit) if way.commit else None for path in platform.paths(job)}
        what = f"back to {way.version}" if way.version else "remove it"
        message = f"{job.project.name}: take {platform.spelled(job.version)} back, {what}"
        repository.push(repository.commit(files, message, platform.author(job), job.clock.now()))


@dataclass(frozen=True)
class _Way:
    """The commit to restore and the version that it offers; both None to remove the files."""

    commit: str | None
    version: str | None


def _way_back(platform: GitPlatform[G], job: Job[G], repository: Checkout, to: Version | None) -> _Way | Change:
    """What to restore; a change that makes nothing when it is so already."""
    wanted = platform.spelled(job.version)
    text = repository.read(platform.main(job))
    offered = None if text is None else platform.version_in(text)
    if text is None or (to and offered == platform.spelled(to)):
        return Change(f"{repository.url} offers {offered or 'nothing'} already")
    if offered != wanted:
        raise RollbackError(
            f"{repository.url} offers {offered}, not {wanted}",
            hint=f"roll back {offered} instead",
            code="DF5510",
        )
    commit = earlier(platform, job, repository, to)
    return _Way(commit, platform.version_in(repository.read(platform.main(job), commit) or "") if commit else None)


def earlier(platform: GitPlatform[G], job: Job[G], repository: Checkout, to: Version | None) -> str | None:
    """The newest commit that offered `to` (or, without it, any version before this one).

    Raises:
        RollbackError: `to` was never offered.
    """
    if to is not None:
        commit = platform.published_at(repository, job, platform.spelled(to))
        if commit is None:
            raise RollbackError(
                f"{repository.url} never offered {to}", hint="name a version that was published there", code="DF5511"
            )
        return commit
    main = platform.main(job)
    for commit in repository.history(main):
        found = platform.version_in(repository.read(main, commit) or "")
        version = platform.parsed(found) if found else None
        if version is not None and version < job.version:
            return commit
    return None
