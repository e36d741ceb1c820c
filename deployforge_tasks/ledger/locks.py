"""One lock per project, profile, platform and version; the operating system or the server frees it with its holder."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text

from deployforge_tasks.core.errors import DeployForgeError, PublishError
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.ledger.model import Key

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5


@dataclass(frozen=True)
class Waiting:
    """How to wait for a lock that somebody else holds.

    `seconds` is the longest time; `pause` waits some seconds and says False to give up at once (the run is being
    stopped); `tell` hears once who holds it.
    """

    seconds: float
    pause: Callable[[float], bool]
    tell: Callable[[str], None]


def pause(seconds: float) -> bool:
    """Wait; never gives up."""
    time.sleep(seconds)
    return True


@contextmanager
def file_lock(folder: Path, key: Key, waiting: Waiting) -> Iterator[None]:
    """A lock among the processes and threads of one machine (the file system that holds a SQLite ledger)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_digest(key)[:24]}.lock"
    holder = path.with_suffix(".holder")
    lock = FileLock(path, timeout=0, thread_local=False)
    _take(key, lambda: _try_file(lock), lambda: _read_holder(holder), waiting)
    try:
        write_atomic(holder, json.dumps(_me()).encode())
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


@contextmanager
def server_lock(engine: Engine, key: Key, waiting: Waiting) -> Iterator[None]:
    """A session advisory lock on a connection of its own: PostgreSQL frees it when the connection ends.

    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    number = int.from_bytes(bytes.fromhex(_digest(key))[:8], "big", signed=True)
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    # Out of the pool: closing it is what frees the lock, and many locks must not use up what the work itself needs.
    connection.detach()
    try:
        me = _me()
        connection.execute(
            text("SELECT set_config('application_name', :name, false)"),
            {"name": f"deployforge pid {me['pid']} {me['host']}"[:63]},
        )
        _take(key, lambda: _try_server(connection, number), lambda: _server_holder(connection, number), waiting)
        yield
    finally:
        connection.close()


def file_holder(folder: Path, key: Key) -> str | None:
    """Who holds a lock among the processes of this machine; None when nobody does."""
    path = folder / f"{_digest(key)[:24]}.lock"
    holder = path.with_suffix(".holder")
    if not holder.exists():  # without it nobody holds the lock, and trying it would make others wait
        return None
    who, lock = _read_holder(holder), FileLock(path, timeout=0, thread_local=False)
    if not _try_file(lock):
        return who
    lock.release()  # whoever held it was killed
    return None


def server_lock_holder(engine: Engine, key: Key) -> str | None:
    """The same for a lock of a server."""
    number = int.from_bytes(bytes.fromhex(_digest(key))[:8], "big", signed=True)
    with engine.connect() as connection:
        return _server_holder(connection, number)


def _take(key: Key, attempt: Callable[[], bool], holder: Callable[[], str | None], waiting: Waiting) -> None:
    """Try until it is ours, time is over, or the run is being stopped: a wait inside the lock itself hears no stop."""
    start, delay, told = time.monotonic(), _FIRST_PAUSE, False
    while not attempt():
        who, waited = holder() or "another process", time.monotonic() - start
        left = waiting.seconds - waited
        if not told and left > 0:
            waiting.tell(who)
            told = True
        if left <= 0 or not waiting.pause(min(delay, left)):
            raise _held(key, waited, who)
        delay = min(delay * 2, _LONGEST_PAUSE)


def _try_file(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


def _try_server(connection: Connection, number: int) -> bool:
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}))


def _server_holder(connection: Connection, number: int) -> str | None:
    unsigned = number % 2**64
    row = connection.execute(
        text(
            "SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
            "AND l.classid::bigint = :high AND l.objid::bigint = :low"
        ),
        {"high": unsigned >> 32, "low": unsigned % 2**32},
    ).first()
    return None if row is None else _server_name(row[0], row[1])


def _server_name(name: str, since: datetime) -> str:
    return f"{name.removeprefix('deployforge ')} since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _me() -> dict[str, str]:
    return {"pid": str(os.getpid()), "host": socket.gethostname(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"}


def _read_holder(file: Path) -> str:
    try:
        who = json.loads(file.read_text(encoding="utf-8"))
        return f"pid {who['pid']} {who['host']} since {who['since']} UTC"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _digest(key: Key) -> str:
    parts = json.dumps([key.project, key.profile, key.platform, key.version])
    return hashlib.sha256(parts.encode()).hexdigest()


def _held(key: Key, waited: float, who: str) -> DeployForgeError:
    return PublishError(
        f"{key} is being deployed by {who}; waited {waited:.0f} s",
        hint="wait for it or stop it, then deploy again: nothing will be published twice",
        code="DF4010",
        platform=key.platform,
    )
