"""What the AUR's own hook checks, checked before the push; and the way back, which on Arch needs a higher epoch."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import RollbackError
from deployforge_tasks.core.model import Change, Finding, Found, Level, ManualStep, RollbackPlan
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.git import Checkout
from deployforge_tasks.effects.git_access import is_ssh
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._aur_files import package_name, srcinfo
from deployforge_tasks.platforms._git_checks import earlier
from deployforge_tasks.platforms.base import Job

if TYPE_CHECKING:
    from deployforge_tasks.platforms.aur import Aur, AurOptions

_NAME = re.compile(r"[a-z0-9][a-z0-9.+_-]*")  # aurweb conf/config.defaults, repo-regex
_PKGVER = re.compile(r"[^\s:/-]+")  # makepkg refuses these
_LARGEST = 256_000  # bytes of a file, aurweb/git/update.py


def check_package(platform: Aur, job: Job[AurOptions]) -> list[Finding]:
    """The AUR's rules for a package, and what else would fail late."""
    name, pkgver = package_name(job), platform.spelled(job.version)
    rules = [
        (bool(_NAME.fullmatch(name)), "AUR-020", f"`{name}` is no package name", "set `package`: a-z 0-9 . + _ -"),
        (bool(_PKGVER.fullmatch(pkgver)), "AUR-021", f"`{pkgver}` is no pkgver", "leave out : / - and blanks"),
        (bool(job.targets), "AUR-022", "no release file is for Linux", "build for linux, or switch this platform off"),
        (job.options.branch in (None, "master"), "AUR-023", "the AUR takes `master` only", "leave `branch` out"),
        (_small_enough(job), "AUR-024", f"a file is larger than {_LARGEST} bytes", "shorten the template"),
    ]
    findings = [Finding(id_, Level.ERROR, message, hint) for holds, id_, message, hint in rules if not holds]
    if not name.endswith("-bin"):
        message = f"{name} ships binaries, and the AUR wants such names to end in -bin"
        findings.append(Finding("AUR-025", Level.WARNING, message, f"set `package: {name}-bin`"))
    key = job.secrets.found("ssh_key")
    if key and is_ssh(platform.place(job, write=True).url):
        findings += _check_key(key)
    return findings


def _small_enough(job: Job[AurOptions]) -> bool:
    return all(piece.size <= _LARGEST for piece in job.package.pieces) if job.package else True


def _check_key(key: Found) -> list[Finding]:
    if which("ssh") is None:
        return [Finding("AUR-026", Level.ERROR, "`ssh` is not on this machine", "install the OpenSSH client")]
    if "PRIVATE KEY" not in key.value:
        hint = "give the text of the private key, with its BEGIN and END lines"
        return [Finding("AUR-027", Level.ERROR, f"what {key.source} has is no private key", hint, credential=True)]
    return []


def check_epoch(job: Job[AurOptions], repository: Checkout) -> list[Finding]:
    """Users would never get a version with a lower epoch than the one that is there."""
    there = _epoch(repository.read(".SRCINFO") or "")
    if there <= job.options.epoch:
        return []
    message = f"the AUR has epoch {there} (from a rollback), this package has {job.options.epoch}"
    return [Finding("AUR-028", Level.ERROR, message, f"set `epoch: {there}`, else nobody gets the new version")]


def taking_back(platform: Aur, job: Job[AurOptions], to: Version | None) -> RollbackPlan:
    """The plan to publish the files of an earlier version again, with a higher epoch.

    Pacman takes nobody back to a lower version.

    A package cannot be deleted by its owner; without an earlier version that stays a request on the web.

    Raises:
        RollbackError: the AUR offers something else than the version to take back, or never offered `to`.
    """
    with platform.open(job, write=True) as repository:
        text = repository.read(".SRCINFO") or ""
        if to and platform.version_in(text) == platform.spelled(to):
            return RollbackPlan((Change(f"{repository.url} offers {platform.version_in(text)} already"),))
        commit = _commit_before(platform, job, repository, to)
        if commit is None:
            return platform.manual("ask on the package's page for its deletion", platform.page(job))
        back, epoch = platform.version_in(repository.read(".SRCINFO", commit) or ""), _epoch(text) + 1
    change = Change(
        f"{repository.url} offers {back} again, as {epoch}:{back}", partial(_take_back, platform, job, to, epoch)
    )
    step = f"set `epoch: {epoch}` under `aur` in deployforge.yml before the next version, else nobody gets it"
    return RollbackPlan((change,), (ManualStep(step, platform.page(job)),))


def _take_back(platform: Aur, job: Job[AurOptions], to: Version | None, epoch: int) -> None:
    with platform.open(job, write=True) as repository:
        commit = _commit_before(platform, job, repository, to)
        if commit is None or _epoch(repository.read(".SRCINFO") or "") >= epoch:
            raise RollbackError(
                f"{repository.url} has changed since the plan was made", hint="run the rollback again", code="DF5515"
            )
        files = {path: with_epoch(repository, path, commit, epoch) for path in platform.paths(job)}
        back = platform.version_in(files[".SRCINFO"].decode())
        message = f"{package_name(job)}: take {platform.spelled(job.version)} back, to {epoch}:{back}"
        repository.push(repository.commit(files, message, platform.author(job), job.clock.now()))


def _commit_before(platform: Aur, job: Job[AurOptions], repository: Checkout, to: Version | None) -> str | None:
    """The commit to publish again; None when there was no earlier version."""
    offered, wanted = platform.version_in(repository.read(".SRCINFO") or ""), platform.spelled(job.version)
    if offered != wanted:
        raise RollbackError(
            f"{repository.url} offers {offered or 'nothing'}, not {wanted}",
            hint=f"roll back {offered} instead" if offered else "there is nothing to roll back",
            code="DF5510",
        )
    return earlier(platform, job, repository, to)


def with_epoch(repository: Checkout, path: str, commit: str, epoch: int) -> bytes:
    """A file as it was at a commit, with another epoch right after its pkgrel."""
    text = repository.read(path, commit) or ""
    text = re.sub(r"^\s*epoch ?= ?\d+\n", "", text, flags=re.MULTILINE)
    return re.sub(
        r"^(\s*)pkgrel( ?= ?)(\S+)\n",
        lambda m: f"{m[0]}{m[1]}epoch{m[2]}{epoch}\n",
        text,
        count=1,
        flags=re.MULTILINE,
    ).encode()


def _epoch(text: str) -> int:
    return int(next(iter(srcinfo(text).get("epoch", [])), "0"))
