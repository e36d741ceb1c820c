"""Repositories on GitHub (or on another git server that takes a token): where they are and how to reach them."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlsplit

from deployforge_tasks.core.endpoints import GITHUB_API, GITHUB_WEB
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.git_access import Access, is_http
from deployforge_tasks.platforms._git import G, GitOptions, Place
from deployforge_tasks.platforms._github_api import Repository
from deployforge_tasks.platforms.base import Job


class GithubGitOptions(GitOptions):
    """Options of a platform whose repository may be on GitHub."""

    api: str | None = None
    """Base URL of GitHub's REST API, which tells whose the token is; follows from the repository on github.com."""


H = TypeVar("H", bound=GithubGitOptions)


def github_repository(job: Job[H], place: Place) -> Repository | None:
    """The repository on GitHub's API; None for one that is not on GitHub, or that is reached with an ssh key."""
    parts = urlsplit(place.url)
    ours = parts.hostname == urlsplit(GITHUB_WEB).hostname
    api = job.options.api or (GITHUB_API if ours else None)
    if api is None or not is_http(place.url):
        return None
    name = "/".join(parts.path.removesuffix(".git").strip("/").split("/")[-2:])
    return Repository(job.http, api=api, uploads=api, repo=name, token=place.access.token)


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
