"""The ledger: what was done, what is frozen and what is proven. Safe to use from several threads and processes."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.presence import Presence
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger import locks, tables
from deployforge_tasks.ledger.database import open_engine, sqlite_file, writing
from deployforge_tasks.ledger.downloads import DownloadStore
from deployforge_tasks.ledger.journal import Journal
from deployforge_tasks.ledger.model import Intent, Key
from deployforge_tasks.ledger.reading import Reader

__all__ = ["Intent", "Key", "Ledger"]

#: Stands for "every piece" in a receipt of something that somebody else published.
WHOLE = "*"
#: The kind of a receipt that says: users were taken back from this version.
_LEFT = "left"


class Ledger:
    """SQL store of runs and facts.

    Each method is one transaction, committed when it returns: an intent is on disk before the call it announces.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._journals: dict[int, Journal] = {}

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Open (and on first use make) a ledger: ``sqlite:///…/ledger.db`` or ``postgresql://…``.

        Raises:
            ConfigError: it cannot be opened, or a newer DeployForge wrote it.
        """
        return cls(open_engine(url))

    def close(self) -> None:
        for journal in self._journals.values():
            journal.flush()
        self._journals.clear()
        self._engine.dispose()

    # Runs

    def start_run(self, project: str, profile: str, version: str, command: str, *, actor: str | None = None) -> int:
        row = {"project": project, "profile": profile, "version": version, "command": command, "actor": actor}
        with writing(self._engine) as connection:
            place = {"host": socket.gethostname(), "pid": os.getpid()}
            return _insert(connection, tables.runs, {**redactor.data(row), **place, "started_at": _now()})

    def finish_run(self, run: int, outcome: str, exit_code: int) -> None:
        journal = self._journals.pop(run, None)
        if journal:
            journal.flush()
        runs = tables.runs
        with writing(self._engine) as connection:
            connection.execute(
                update(runs).where(runs.c.id == run).values(outcome=outcome, exit_code=exit_code, finished_at=_now())
            )

    def listener(self, run: int) -> Journal:
        """A listener for the run's bus, which stores its events, log lines and attempts."""
        return self._journals.setdefault(run, Journal(self._engine, run))

    def reader(self) -> Reader:
        """What runs left, through the same connections; it is closed with the ledger."""
        return Reader(self._engine)

    def downloads(self) -> DownloadStore:
        """Where download counters are stored, through the same connections."""
        return DownloadStore(self._engine)

    # Artifacts

    def freeze(self, project: str, version: str, name: str, sha256: str) -> None:
        """Remember a release file's digest for good.

        Raises:
            ArtifactError: the file was frozen with another digest.
        """
        row = {"project": project, "version": version, "name": name, "sha256": sha256, "at": _now()}
        table = tables.artifacts
        with writing(self._engine) as connection:
            connection.execute(self._upsert(table, row, on=("project", "version", "name"), update=()))
            frozen = connection.scalar(
                select(table.c.sha256).where(
                    table.c.project == project, table.c.version == version, table.c.name == name
                )
            )
        if frozen != sha256:
            raise ArtifactError(
                f"{name} of {project} {version} has sha256 {sha256}, and {frozen} is frozen",
                hint="the file changed after it was first released: restore it, or release a new version",
                code="DF3110",
            )

    def frozen(self, project: str, version: str) -> dict[str, str]:
        """The frozen sha256 of every release file, by its name."""
        table = tables.artifacts
        query = select(table.c.name, table.c.sha256).where(table.c.project == project, table.c.version == version)
        with self._engine.connect() as connection:
            return {row.name: row.sha256 for row in connection.execute(query)}

    # Intents and receipts

    def intend(self, key: Key, piece: str, digest: str) -> int:
        """Commit that an irreversible call is about to be made; it dangles until `receive` or `settle`."""
        row = {**_columns(key), "piece": redactor.text(piece), "digest": digest, "at": _now()}
        with writing(self._engine) as connection:
            return _insert(connection, tables.intents, row)

    def receive(self, intent: int) -> None:
        """The call returned."""
        with writing(self._engine) as connection:
            self._close_intent(connection, intent, "received")

    def open_intents(self, key: Key) -> list[Intent]:
        """The dangling ones, oldest first."""
        table = tables.intents
        query = select(table).where(_of(table, key), table.c.outcome.is_(None)).order_by(table.c.id)
        with self._engine.connect() as connection:
            return [Intent(row.id, key, row.piece, row.digest, row.at) for row in connection.execute(query)]

    def settle(self, intent: int, outcome: str) -> None:
        """Close a dangling intent by what a look-up found: ``published`` or ``void`` (it never happened)."""
        if outcome not in ("published", "void"):
            raise ValueError(f"an intent is settled as published or void, not {outcome}")
        with writing(self._engine) as connection:
            self._close_intent(connection, intent, outcome)

    def receipts(self, key: Key, *, before: datetime | None = None) -> dict[str, str]:
        """Digest of every piece that we published (before that moment, if one is named), by its name."""
        table = tables.receipts
        query = select(table.c.piece, table.c.digest).where(_of(table, key), table.c.kind == "ours")
        if before is not None:
            query = query.where(table.c.at <= before)
        with self._engine.connect() as connection:
            return {row.piece: row.digest for row in connection.execute(query.order_by(table.c.id))}

    def record_presence(self, key: Key, presence: Presence) -> None:
        """Remember that a look-up found the version published by somebody else; nothing to do if we published it."""
        if self.receipts(key):
            return
        digest = next((look.digest for look in presence.looks if look.digest), "")
        with writing(self._engine) as connection:
            self._add_receipt(connection, _columns(key), WHOLE, digest, "seen")

    def record_left(self, key: Key) -> None:
        """Users were taken back from this version: nobody is taken back to it, until it is published again."""
        with writing(self._engine) as connection:
            self._add_receipt(connection, _columns(key), WHOLE, "", _LEFT)

    def forget_left(self, key: Key) -> None:
        """The version counts as any other again."""
        table = tables.receipts
        with writing(self._engine) as connection:
            connection.execute(delete(table).where(_of(table, key), table.c.kind == _LEFT))

    def is_left(self, key: Key) -> bool:
        """Whether users were taken back from this version, and it was not published again since."""
        table = tables.receipts
        query = select(table.c.id).where(_of(table, key), table.c.kind == _LEFT)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

    def published(self, project: str, profile: str, platform: str) -> list[str]:
        """The versions with receipts (seen ones too), oldest first, without those that users were taken back from."""
        table = tables.receipts
        query = (
            select(table.c.version, table.c.kind)
            .where(table.c.project == project, table.c.profile == profile, table.c.platform == platform)
            .order_by(table.c.id)
        )
        with self._engine.connect() as connection:
            rows = [(row.version, row.kind) for row in connection.execute(query)]
        left = {version for version, kind in rows if kind == _LEFT}
        return list(dict.fromkeys(version for version, _ in rows if version not in left))

    # Evidence

    def evidence(self, key: Key) -> Evidence | None:
        table = tables.evidence
        query = select(table.c.method, table.c.client, table.c.said, table.c.reason).where(_of(table, key))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Evidence(*row) if row else None

    def record_evidence(self, key: Key, evidence: Evidence) -> None:
        row = {
            "method": evidence.method,
            "client": evidence.client,
            "said": evidence.said,
            "reason": evidence.reason,
        }
        values = {**_columns(key), **redactor.data(row), "at": _now()}
        with writing(self._engine) as connection:
            connection.execute(
                self._upsert(tables.evidence, values, on=tuple(_columns(key)), update=(*row, "at")),
            )

    def forget_evidence(self, key: Key) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(tables.evidence).where(_of(tables.evidence, key)))

    # Locks

    def lock(
        self,
        key: Key,
        wait: float,
        *,
        pause: Callable[[float], bool] = locks.pause,
        tell: Callable[[str], None] = lambda _: None,
    ) -> AbstractContextManager[None]:
        """Hold a key alone among all threads and processes; a holder that dies in any way frees it.

        Args:
            key: what to hold.
            wait: seconds.
            pause: waits some seconds; False gives up waiting at once.
            tell: hears who holds it, when it has to be waited for.

        Raises:
            DeployForgeError: somebody else holds it; says who.
        """
        waiting = locks.Waiting(wait, pause, tell)
        file = sqlite_file(self._engine)
        if file is None:
            return locks.server_lock(self._engine, key, waiting)
        return locks.file_lock(file.parent / f"{file.stem}.locks", key, waiting)

    def holder(self, key: Key) -> str | None:
        """Who holds a key now; None when nobody does."""
        file = sqlite_file(self._engine)
        if file is None:
            return locks.server_lock_holder(self._engine, key)
        return locks.file_holder(file.parent / f"{file.stem}.locks", key)

    def _close_intent(self, connection: Connection, intent: int, outcome: str) -> None:
        table = tables.intents
        row = connection.execute(select(table).where(table.c.id == intent)).mappings().one()
        connection.execute(update(table).where(table.c.id == intent).values(outcome=outcome))
        if outcome != "void":
            key = {name: row[name] for name in ("project", "profile", "platform", "version")}
            self._add_receipt(connection, key, row["piece"], row["digest"], "ours")
            receipts = tables.receipts
            connection.execute(delete(receipts).where(_of(receipts, Key(**key)), receipts.c.kind == _LEFT))

    def _add_receipt(self, connection: Connection, key: dict[str, str], piece: str, digest: str, kind: str) -> None:
        row = {**key, "piece": piece, "digest": digest, "kind": kind, "at": _now()}
        on = (*key, "kind", "piece")
        connection.execute(self._upsert(tables.receipts, row, on=on, update=("digest", "at")))

    def _upsert(self, table: Table, row: dict[str, Any], *, on: tuple[str, ...], update: tuple[str, ...]) -> Any:
        """Insert a row, or change the columns in `update` of the one that is there."""
        # Only the dialect in use: importing PostgreSQL's takes as long as reading the whole ledger.
        dialect = import_module(f"sqlalchemy.dialects.{self._engine.dialect.name}")
        statement = dialect.insert(table).values(row)
        if not update:
            return statement.on_conflict_do_nothing(index_elements=list(on))
        return statement.on_conflict_do_update(index_elements=list(on), set_={name: row[name] for name in update})


def _insert(connection: Connection, table: Table, row: dict[str, Any]) -> int:
    result = connection.execute(insert(table).values(row).returning(table.c.id))
    return int(result.scalar_one())


def _columns(key: Key) -> dict[str, str]:
    return {"project": key.project, "profile": key.profile, "platform": key.platform, "version": key.version}


def _of(table: Table, key: Key) -> Any:
    columns = table.c
    return (
        (columns.project == key.project)
        & (columns.profile == key.profile)
        & (columns.platform == key.platform)
        & (columns.version == key.version)
    )


def _now() -> datetime:
    return datetime.now(UTC)
