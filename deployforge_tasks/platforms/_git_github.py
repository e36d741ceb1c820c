"""Repositories on GitHub (or on another git server that takes a token): where they are and how to reach them."""

from __future__ import annotations

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.git_access import Access, is_http
from deployforge_tasks.platforms._git import G, Place
from deployforge_tasks.platforms.base import Job


def repository_name(option: str | None, source: str | None, default: str) -> tuple[str, str]:
    """Owner and name of a repository: what the option says (``owner/name``), else `default` at the source's owner.

    Raises:
        ConfigError: neither tells an owner.
    """
    owner, _, name = (option or f"{(source or '').partition('/')[0]}/{default}").partition("/")
    if not owner or not name or "/" in name:
        raise ConfigError(
            f"`{option or ''}` names no repository",
            hint="write it as owner/name, or set `source.repo` so that the owner is known",
            code="DF1310",
        )
    return owner, name


def github_place(job: Job[G], url: str, *, write: bool) -> Place:
    """The place with its token; a public repository can be read without one.

    Raises:
        CredentialError: the token for writing is missing.
    """
    token = job.secrets.require("token") if write and is_http(url) else job.secrets.get("token")
    return Place(url, Access(token=token))
