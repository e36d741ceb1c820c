"""Bringing the ledger of an older DeployForge up to date: one step a schema version, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, text, update

from deployforge_tasks.ledger import tables


def migrate(connection: Connection, found: int) -> None:
    """Apply every step from schema `found` to the present one."""
    for version in range(found, tables.SCHEMA_VERSION):
        _STEPS[version](connection)
    connection.execute(update(tables.ledger_schema).values(version=tables.SCHEMA_VERSION))


def _runs_with_a_place_and_deliveries(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN host TEXT"))
    connection.execute(text("ALTER TABLE runs ADD COLUMN pid INTEGER"))
    tables.deliveries.create(connection)


def _downloads_and_access(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN actor TEXT"))
    for table in (
        tables.counters,
        tables.days,
        tables.counts,
        tables.gaps,
        tables.collections,
        tables.trail,
        tables.approvals,
        tables.access_tokens,
        tables.sessions,
    ):
        table.create(connection)


def _approvals_that_can_be_given_back(connection: Connection) -> None:
    # The step before makes the table as it is now.
    if "used_for" not in {column["name"] for column in inspect(connection).get_columns("approvals")}:
        connection.execute(text("ALTER TABLE approvals ADD COLUMN used_for TEXT"))


def _sessions_that_are_seen(connection: Connection) -> None:
    if "seen_at" not in {column["name"] for column in inspect(connection).get_columns("sessions")}:
        connection.execute(text(f"ALTER TABLE sessions ADD COLUMN seen_at {_time(connection)}"))
        connection.execute(text("ALTER TABLE sessions ADD COLUMN origin TEXT"))
        connection.execute(text("ALTER TABLE sessions ADD COLUMN account TEXT"))


def _time(connection: Connection) -> str:
    """What a column with a time is called by the database."""
    return tables.UtcTime().compile(connection.dialect)


#: By the schema version that a step starts from.
_STEPS: Mapping[int, Callable[[Connection], None]] = {
    1: _runs_with_a_place_and_deliveries,
    2: _downloads_and_access,
    3: _approvals_that_can_be_given_back,
    4: _sessions_that_are_seen,
}
