"""The address of a git remote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployforge_tasks.core.endpoints import GITHUB_WEB

# https://git-scm.com/docs/git-clone#_git_urls: scp-like, and URLs of every scheme
_URL = re.compile(
    r"(?:git\+)?(?:(?:[a-z+]+://)(?:[^/@]*@)?(?P<host>[^/:]+)(?::\d+)?/|(?:[\w.-]+@)?(?P<scp>[\w.-]+):)(?P<path>[^?#]+)",
    re.IGNORECASE,
)
_PART = re.compile(r"[\w.-]+")


GITHUB_HOST = GITHUB_WEB.partition("://")[2]


@dataclass(frozen=True)
class Remote:
    """Where a repository lives, without anything secret that the address may hold."""

    host: str
    owner: str
    name: str

    @property
    def repo(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def on_github(self) -> bool:
        return self.host == GITHUB_HOST


def parse(url: str) -> Remote | None:
    """Read the address of a repository (https, ssh, ``git@host:owner/name``), or None where it is no such address."""
    match = _URL.fullmatch(url.strip().removesuffix("/"))
    if match is None:
        return None
    parts = match["path"].removesuffix(".git").strip("/").split("/")
    if len(parts) < 2 or not all(_PART.fullmatch(part) for part in parts):
        return None
    host = (match["host"] or match["scp"]).lower()
    if host == GITHUB_HOST:  # whatever follows is a page of the repository
        parts = [parts[0], parts[1].removesuffix(".git")]
    return Remote(host, parts[-2], parts[-1])
