"""Whose the credential for a git repository is, and whether it may write there."""

from __future__ import annotations

import re
from datetime import datetime

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.effects.git_access import is_ssh, without_password
from deployforge_tasks.effects.git_ssh import say
from deployforge_tasks.platforms import _github_account
from deployforge_tasks.platforms._git import G, GitPlatform, Place
from deployforge_tasks.platforms._git_checks import may_write
from deployforge_tasks.platforms._github_api import Repository
from deployforge_tasks.platforms.base import Job

SOMEBODY = "an account that the server does not name"
#: How forges greet an account over ssh: aurweb (``aurweb/git/serve.py``), GitHub, GitLab, Gitea and Forgejo.
_GREETINGS = (
    re.compile(r"^Welcome to AUR, ([^!\s]+)!", re.MULTILINE),
    re.compile(r"^Hi ([^!\s]+)! You've successfully authenticated", re.MULTILINE),
    re.compile(r"^Welcome to GitLab, @([^!\s]+)!", re.MULTILINE),
    re.compile(r"^Hi there, ([^!\s]+)! You've successfully authenticated", re.MULTILINE),
)


def identity(platform: GitPlatform[G], job: Job[G], hub: Repository | None, credential: str = "token") -> Identity:
    """The account, as GitHub's API tells it, else as the server greets it over ssh, else nameless.

    Args:
        hub: the repository on GitHub's API; None for one that is elsewhere, or reached over ssh.
        credential: the platform's credential that goes with the repository's URL.

    Raises:
        CredentialError: it is missing or refused, or may not write there.
        NetworkError: no usable answer.
    """
    place = platform.place(job, write=True)
    if hub is not None:
        return _github_account.identity(hub, job.secrets)
    try:
        who = greeted(job, place) if is_ssh(place.url) else SOMEBODY
        with platform.open(job, write=True) as repository:
            may_write(platform, job, repository)
    except CredentialError as error:
        raise refused(job, place, error, credential) from error
    return Identity(
        who, (f"write to {without_password(place.url)}",), note="git tells nothing of when a credential ends"
    )


def greeted(job: Job[G], place: Place) -> str:
    """The account that the server greets, or `SOMEBODY` where it greets nobody."""
    done = say(job.processes, place.url, job.workdir / "git", place.access)
    said = f"{done.stdout}\n{done.stderr}"
    return next((match[1] for greeting in _GREETINGS if (match := greeting.search(said))), SOMEBODY)


def refused(job: Job[G], place: Place, error: CredentialError, credential: str) -> CredentialError:
    """The refusal with the hint for our own credential, if one was used (ssh may have used a key of the user's own)."""
    ours = place.access.ssh_key if is_ssh(place.url) else place.access.token
    if not ours or error.code != "DF2010":
        return error
    return job.secrets.refused(credential, error.message, code=error.code, url=error.url)


def token_ends(job: Job[G], hub: Repository | None) -> datetime | None:
    """When the token for a repository on GitHub ends; None where nobody tells, or could be asked just now."""
    if hub is None:
        return None
    try:
        return _github_account.access(hub, job.secrets).told.expires
    except (CredentialError, NetworkError):
        return None  # git itself decides whether we may write
