"""The real sshd of rehearsals for one test: git repositories as the AUR serves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployforge_tasks.rehearsal.real_servers.aur import AurOverSsh


@dataclass(frozen=True)
class GitOverSsh:
    """A running server: its base URL, the client's private key (text) and the server's public host key."""

    url: str
    private_key: str
    host_key: str
    root: Path


def available() -> bool:
    """Whether a real sshd can be started here."""
    return AurOverSsh.available()


def middle_of(key: str) -> str:
    """The lines of a private key that are its own: what to look for where it must not be."""
    return "\n".join(key.splitlines()[1:-1])


@contextmanager
def git_over_ssh(folder: Path) -> Iterator[GitOverSsh]:
    """Start sshd on a free port of this machine; it is stopped by its own handle."""
    server = AurOverSsh(folder)
    server.start()
    try:
        yield GitOverSsh(server.url, server.secrets()["aur"]["ssh_key"], server.host_key, server.repositories)
    finally:
        server.stop()
