"""The real databases that a ledger lives in: SQLite in a temporary folder, PostgreSQL 15 or newer on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


def _server_programs() -> Path | None:
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))  # where Debian keeps them
    return found[-1].parent if found else None


PROGRAMS = _server_programs()


def _as_postgres(*command: str) -> None:
    """PostgreSQL refuses to run as root; the tests of a container do."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if is_root else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, timeout=60, cwd="/")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a server's maintenance database."""
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not on this machine")
    folder = Path(tempfile.mkdtemp(prefix="deployforge-pg-"))
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _as_postgres(str(PROGRAMS / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "-N", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    log = str(folder / "log")
    _as_postgres(str(PROGRAMS / "pg_ctl"), "-D", str(data), "-o", options, "-l", log, "-w", "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres(str(PROGRAMS / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str) -> str:
    """The URL of an empty database on a server."""
    import psycopg

    name = f"ledger_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server.rpartition('/')[0]}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/project/.deployforge/ledger.db"
    return new_database(request.getfixturevalue("postgresql"))
