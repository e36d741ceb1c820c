"""Real registry servers for tests, on loopback and empty: those that rehearsals use, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployforge_tasks.rehearsal.real_servers.npm import Verdaccio
from deployforge_tasks.rehearsal.real_servers.process import FOLDERS, RealServer
from deployforge_tasks.rehearsal.real_servers.pypi import Pypiron, PypiServer

TOOLS = Path(os.environ.get("DEPLOYFORGE_TEST_TOOLS", "/opt/deployforge-tools"))
NPM12 = TOOLS / "npm12" / "bin"
_SERVERS = (TOOLS / "verdaccio" / "node_modules" / ".bin", TOOLS / "pypiron" / "bin")
os.environ.setdefault(FOLDERS, os.pathsep.join(str(folder) for folder in _SERVERS))


@dataclass(frozen=True)
class Server:
    """A running registry: its URL and a credential for it."""

    url: str
    token: str


@contextmanager
def running(kind: type[RealServer], folder: Path) -> Iterator[RealServer]:
    """Start a server and stop it by its own handle."""
    server = kind(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def verdaccio(folder: Path) -> Iterator[Server]:
    """An empty verdaccio with one user."""
    with running(Verdaccio, folder) as server:
        yield Server(server.url, server.secrets()["npm"]["token"])


@contextmanager
def pypiserver(folder: Path) -> Iterator[Server]:
    """An empty pypiserver that lets everybody upload."""
    with running(PypiServer, folder) as server:
        yield Server(server.url, "any-password")


@contextmanager
def pypiron(folder: Path) -> Iterator[Server]:
    """An empty pypiron: a current simple index as JSON, and uploads as PyPI's."""
    with running(Pypiron, folder) as server:
        yield Server(server.url, server.secrets()["pypi"]["token"])


VERDACCIO = Path(Verdaccio.path() or "/verdaccio/is/missing")
PYPIRON = Path(Pypiron.path() or "/pypiron/is/missing")
