"""Real registry servers for tests, on loopback and empty: those that rehearsals use, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.rehearsal.real_servers.npm import Verdaccio
from deployforge_tasks.rehearsal.real_servers.process import FOLDERS
from deployforge_tasks.rehearsal.real_servers.pypi import Pypiron, PypiServer
from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN, Npm
from deployforge_tasks.rehearsal.stand_ins.pypi import Pypi
from tests.support.running import running

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
def verdaccio(folder: Path) -> Iterator[Server]:
    """An empty verdaccio with one user."""
    with running(Verdaccio(folder)) as server:
        yield Server(server.url, server.secrets()["npm"]["token"])


@contextmanager
def npm_server(kind: str, folder: Path, stand_in: type[Npm]) -> Iterator[Server]:
    """An empty npm registry: a real verdaccio (the test is skipped where there is none), or else the stand-in."""
    if kind == "verdaccio":
        if not VERDACCIO.exists():
            pytest.skip("verdaccio is not on this machine")
        with verdaccio(folder / "verdaccio") as server:
            yield server
    else:
        with running(stand_in(folder / "stand-in")) as registry:
            yield Server(registry.url, TOKEN)


@contextmanager
def pypiserver(folder: Path) -> Iterator[Server]:
    """An empty pypiserver that lets everybody upload."""
    with running(PypiServer(folder)) as server:
        yield Server(server.url, "any-password")


@contextmanager
def pypiron(folder: Path) -> Iterator[Server]:
    """An empty pypiron: a current simple index as JSON, and uploads as PyPI's."""
    with running(Pypiron(folder)) as server:
        yield Server(server.url, server.secrets()["pypi"]["token"])


@contextmanager
def pypi_server(kind: str, folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """An empty index (``pypiserver``, ``pypiron``, or else the stand-in): the options that point there, and a token."""
    if kind == "pypiserver":
        with pypiserver(folder / "pypiserver") as real:
            yield {"registry": f"{real.url}/", "index": real.url}, real.token
    elif kind == "pypiron":
        if not PYPIRON.exists():
            pytest.skip("pypiron is not on this machine")
        with pypiron(folder / "pypiron") as real:
            yield {"registry": f"{real.url}/legacy/"}, real.token
    else:
        with running(Pypi(folder / "stand-in")) as stand_in:
            yield dict(stand_in.overlay({})["pypi"]), stand_in.secrets()["pypi"]["token"]


VERDACCIO = Path(Verdaccio.path() or "/verdaccio/is/missing")
PYPIRON = Path(Pypiron.path() or "/pypiron/is/missing")
