"""What can be checked about a snap before it is uploaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployforge_tasks.core.endpoints import SNAP_FORUM
from deployforge_tasks.core.errors import CredentialError, DeployForgeError, StatusError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.platforms._expiry import expiry
from deployforge_tasks.platforms._snap_account import HELP
from deployforge_tasks.platforms._snap_identity import Login, login
from deployforge_tasks.platforms._snap_options import CHANNEL, SnapOptions, channels, snap_name, store_of, summary
from deployforge_tasks.platforms._snap_package import architectures, skeleton_problem
from deployforge_tasks.platforms.base import Job

# snapd, snap/naming/validate.go: at least one letter, single dashes inside, 2 to 40 characters
_NAME = re.compile(r"(?=.{2,40}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_SUMMARY = 78  # snapcraft's limit; snapd takes 128
_DESCRIPTION = 4096
_RIGHTS = ("package_access", "package_push", "package_release")


def findings(job: Job[SnapOptions]) -> list[Finding]:
    return [*_texts(job), *_channels(job), *_skeleton(job), *_login(job)]


def _texts(job: Job[SnapOptions]) -> Iterator[Finding]:
    if not _NAME.fullmatch(snap_name(job)):
        yield _error(
            "001", f"`{snap_name(job)}` is no snap name", "set `name`: lower-case letters, digits, single dashes"
        )
    try:
        _ = job.version.snap
    except ValueError as error:
        yield _error("002", str(error), "set a shorter `version` for this platform")
    if len(summary(job)) > _SUMMARY:
        yield _error("003", f"the summary has more than {_SUMMARY} characters", "set `summary` at the top of the file")
    if len(job.description("snap")) > _DESCRIPTION:
        yield _error("003", f"the description has more than {_DESCRIPTION} characters", "set `descriptions: {snap: …}`")


def _channels(job: Job[SnapOptions]) -> Iterator[Finding]:
    options = job.options
    for channel in job.options.channels:
        if not CHANNEL.fullmatch(channel):
            yield _error("004", f"`{channel}` is no channel", "write [track/]risk, for example stable or 2/candidate")
    high = [c for c in channels(job) if c.split("/")[1] in ("stable", "candidate")]
    if high and options.grade == "devel":
        yield _error(
            "005", f"grade devel cannot go to {', '.join(high)}", "set `grade: stable`, or release to beta or edge"
        )
    if high and options.confinement == "devmode":
        yield _error("005", f"confinement devmode cannot go to {', '.join(high)}", "release to beta or edge")
    if options.confinement == "classic":
        yield Finding(
            "SNAP-006",
            Level.WARNING,
            "classic confinement is granted by hand: the upload will wait for a review",
            f"ask in the store-requests category of {SNAP_FORUM}",
        )


def _skeleton(job: Job[SnapOptions]) -> Iterator[Finding]:
    for arch in architectures(job):
        folder = job.workdir / "rendered" / arch
        if folder.is_dir() and (problem := skeleton_problem(job.processes, folder)):
            yield _error("007", f"snapd refuses the {arch} snap: {problem}", "correct the options, or your template")


def _login(job: Job[SnapOptions]) -> Iterator[Finding]:
    """The login must be there, be allowed to push this snap and not end soon; nothing is uploaded."""
    try:
        known = login(job)
        yield from _rights(job, known)
        yield from expiry("SNAP-011", job, known.expires, "credentials", called="login")
        store_of(job).check_push(snap_name(job))
    except CredentialError as error:
        yield Finding.of_error("SNAP-008", error)
    except StatusError as error:
        if error.status == 404:
            hint = f"register the name: snapcraft register {snap_name(job)}"
            yield _error("009", f"the name {snap_name(job)} is not registered for this account", hint)
        elif error.status in (401, 403):
            yield _refused(f"the store refuses the login: {error.message}")
        else:
            yield Finding("SNAP-010", Level.WARNING, f"the store could not be asked: {error.message}", error.hint)
    except DeployForgeError as error:
        yield Finding("SNAP-010", Level.WARNING, f"the store could not be asked: {error.message}", error.hint)


def _rights(job: Job[SnapOptions], known: Login) -> Iterator[Finding]:
    lacking = [r for r in _RIGHTS if known.permissions and r not in known.permissions]
    if lacking:
        yield _refused(f"the login lacks {', '.join(lacking)}")
    closed = [c for c in channels(job) if known.channels and c not in known.channels]
    if closed:
        yield _refused(f"the login may not release to {', '.join(closed)}")
    if known.snaps and snap_name(job) not in known.snaps:
        yield _refused(f"the login is for {', '.join(known.snaps)} only, not for {snap_name(job)}")


def _error(number: str, message: str, hint: str) -> Finding:
    return Finding(f"SNAP-{number}", Level.ERROR, message, hint)


def _refused(message: str) -> Finding:
    return Finding("SNAP-008", Level.ERROR, message, HELP, credential=True)
