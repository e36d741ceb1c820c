"""Whose accounts push the images, and what the registries let them do."""

from __future__ import annotations

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms._docker_options import DockerOptions, account, connect, wanted
from deployforge_tasks.platforms._oci import Registry
from deployforge_tasks.platforms.base import Job

_NO_END = "registries do not tell when a password ends"


def repositories(job: Job[DockerOptions]) -> list[tuple[str, str]]:
    """Host and name of every repository that this version goes to."""
    return list(dict.fromkeys((i.reference.host, i.reference.repository) for i in wanted(job)))


def identity(job: Job[DockerOptions]) -> Identity:
    """The account at every registry, and what its token server grants it on our repositories.

    Raises:
        CredentialError: an account is missing, or its registry refuses it.
        NotImplementedError: the registries ask for no password.
        NetworkError: no usable answer.
    """
    users: dict[str, str] = {}
    rights: list[str] = []
    notes = [_NO_END]
    for host, repository in repositories(job):
        registry = login(job, host)
        if not registry.asks_for_password:
            continue
        users[host] = account(job, host)[0]
        granted = logged_in(job, host, registry, repository)
        if granted is None:
            notes.append(f"{host} does not tell what the account may do")
        else:
            rights.append(f"{host}/{repository}: {', '.join(granted) or 'nothing'}")
    if not users:
        raise NotImplementedError
    who = [user if len(users) == 1 else f"{user} at {host}" for host, user in users.items()]
    return Identity(", ".join(who), tuple(rights), note="; ".join(dict.fromkeys(notes)))


def login(job: Job[DockerOptions], host: str) -> Registry:
    """The registry with the account that is meant for it; nothing is asked yet.

    Raises:
        CredentialError: there is no account for it.
    """
    if not all(account(job, host)):
        raise CredentialError(
            f"there is no username and password for {host}",
            hint="set DOCKER_USERNAME and DOCKER_PASSWORD (GHCR_USERNAME and GHCR_TOKEN for ghcr.io), or name the "
            f"variables under `credentials: docker:` as `{host}.username` and `{host}.password`",
            code="DF2145",
        )
    return connect(job, host)


def logged_in(job: Job[DockerOptions], host: str, registry: Registry, repository: str) -> tuple[str, ...] | None:
    """What the account may do with a repository (``pull``, ``push``); None where the registry does not tell.

    Raises:
        CredentialError: the registry refuses the account, in its own words.
    """
    try:
        return registry.granted(repository)
    except CredentialError as error:
        own = f"{host}.password"
        if job.secrets.get(own):
            hint = f"set the variable that `credentials: docker:` names for `{own}` to a new access token"
            raise CredentialError(error.message, hint=hint, code=error.code, url=error.url) from error
        github = host == endpoints.GHCR_HOST and job.secrets.get("ghcr_password")
        name = "ghcr_password" if github else "password"
        raise job.secrets.refused(name, error.message, code=error.code, url=error.url) from error
