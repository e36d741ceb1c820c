"""Tables whose rows the database itself refuses to change or remove, whoever asks.

- https://www.sqlite.org/lang_createtrigger.html (`RAISE`); a row is also replaced by `INSERT OR REPLACE`, which runs no
  trigger for the row that it removes (https://www.sqlite.org/lang_conflict.html)
- https://www.postgresql.org/docs/current/sql-createtrigger.html
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, event

_SQLITE = """
CREATE TRIGGER {table}_not_changed BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{refusal}'); END
--
CREATE TRIGGER {table}_not_removed BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{refusal}'); END
--
CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, '{refusal}'); END
"""
_POSTGRESQL = """
CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$
--
CREATE TRIGGER {table}_not_changed BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_refuse()
--
CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()
"""


def append_only(table: Table) -> Table:
    """The table, which gets its triggers when it is created."""
    event.listen(table, "after_create", _add_triggers)
    return table


def _add_triggers(table: Table, connection: Connection, **_: object) -> None:
    statements = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    filled = statements.format(table=table.name, refusal=f"rows of {table.name} are only ever added")
    for statement in filled.split("--"):
        connection.exec_driver_sql(statement)
