"""doit's per-task state in SQLite: one row a task, committed as soon as the task is done.

Doit's own backends write at the end of the run, so that a killed run forgets everything, and two runs at once lose each
other's rows. Rows are keyed by a scope (project, profile, version) besides the task, because a task has the same name
in every version.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

#: Separates the file from the scope in the name that doit hands to a backend.
SCOPE = "#"
#: Seconds to wait for another process that writes, and before looking again.
_BUSY, _AGAIN = 30.0, 0.01
_TABLE = """
create table if not exists task_state (
    scope text not null, task text not null, data text not null, primary key (scope, task)
)"""


class State:
    """A backend for doit's `Dependency`; doit calls it from its main thread only."""

    desc = "DeployForge's own: SQLite, one commit a task"

    def __init__(self, name: str, codec: Any, *, module_name: str | None = None) -> None:
        file, _, self._scope = str(name).partition(SCOPE)
        self.name = file
        self._codec = codec
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, Any]] = {}
        self._dirty: set[str] = set()
        self._database = _open(Path(file))

    def get(self, task_id: str, dependency: str) -> Any:
        return self._row(task_id).get(dependency)

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        """Keep a value. Doit sets ``deps:`` last, and ``ignore:`` alone: then the row is complete and is committed."""
        self._row(task_id)[dependency] = value
        self._dirty.add(task_id)
        if dependency in ("deps:", "ignore:"):
            self._commit(task_id)

    def in_(self, task_id: str) -> bool:
        return bool(self._row(task_id))

    def remove(self, task_id: str) -> None:
        self._rows[task_id] = {}
        self._dirty.discard(task_id)
        self._write("delete from task_state where scope = ? and task = ?", (self._scope, task_id))

    def remove_all(self) -> None:
        """Forget every task of this scope; other versions keep theirs."""
        self._rows.clear()
        self._dirty.clear()
        self._write("delete from task_state where scope = ?", (self._scope,))

    def dump(self) -> None:
        """The end of a run: everything but half-written rows is on disk already."""
        for task_id in sorted(self._dirty):
            self._commit(task_id)
        self._database.close()

    def _row(self, task_id: str) -> dict[str, Any]:
        if task_id not in self._rows:
            query = "select data from task_state where scope = ? and task = ?"
            with self._lock:
                found = self._database.execute(query, (self._scope, task_id)).fetchone()
            self._rows[task_id] = self._codec.decode(found[0]) if found else {}
        return self._rows[task_id]

    def _commit(self, task_id: str) -> None:
        row = (self._scope, task_id, self._codec.encode(self._rows[task_id]))
        self._write("insert or replace into task_state values (?, ?, ?)", row)
        self._dirty.discard(task_id)

    def _write(self, statement: str, values: tuple[str, ...]) -> None:
        with self._lock:
            self._database.execute(statement, values)


def _open(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    patient_until = time.monotonic() + _BUSY
    while True:
        try:
            return _connect(file)
        except sqlite3.Error as error:
            # SQLite does not wait for another process that turns a new file to WAL: it says "locked" at once.
            if "locked" in str(error) and time.monotonic() < patient_until:
                time.sleep(_AGAIN)
                continue
            raise InvalidCommand(
                f"{file} cannot be used as state ({error}). It only saves work: remove it, and nothing is published "
                "twice"
            ) from error


def _connect(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        database.execute(_TABLE)
    except sqlite3.Error:
        database.close()
        raise
    return database
