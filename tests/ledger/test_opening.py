"""Opening ledgers that can and cannot be opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger.store import Key, Ledger

KEY = Key("hello", "", "npm", "1.0.0")


def test_what_was_written_is_there_after_opening_again(ledger_url: str) -> None:
    first = Ledger.open(ledger_url)
    first.receive(first.intend(KEY, "hello", "x"))
    first.close()
    second = Ledger.open(ledger_url)
    assert second.receipts(KEY) == {"hello": "x"}
    second.close()


def change(ledger_url: str, *statements: str) -> None:
    """Change the database behind a ledger's back."""
    parsed = make_url(ledger_url)
    engine = sqlalchemy.create_engine(
        parsed.set(drivername="postgresql+psycopg") if "postgres" in ledger_url else parsed
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


#: Takes a ledger back to an older schema, by the schema.
TO_SCHEMA = {
    4: [f"ALTER TABLE sessions DROP COLUMN {name}" for name in ("seen_at", "origin", "account")],
    3: ["ALTER TABLE approvals DROP COLUMN used_for"],
    2: [
        "ALTER TABLE runs DROP COLUMN actor",
        *(f"DROP TABLE {name}" for name in ("days", "counts", "gaps", "counters", "collections")),
        *(f"DROP TABLE {name}" for name in ("trail", "approvals", "sessions", "access_tokens")),
    ],
    1: ["ALTER TABLE runs DROP COLUMN host", "ALTER TABLE runs DROP COLUMN pid", "DROP TABLE deliveries"],
}


@pytest.mark.parametrize("schema", TO_SCHEMA)
def test_the_ledger_of_an_older_version_is_brought_up_to_date_and_keeps_what_it_has(
    ledger_url: str, schema: int
) -> None:
    old = Ledger.open(ledger_url)
    old.receive(old.intend(KEY, "hello", "x"))
    old.close()
    back = [statement for number in TO_SCHEMA if number >= schema for statement in TO_SCHEMA[number]]
    change(ledger_url, *back, f"UPDATE ledger_schema SET version = {schema}")

    new = Ledger.open(ledger_url)

    assert new.receipts(KEY) == {"hello": "x"}
    assert new.start_run("hello", "", "1.0.0", "deploy") > 0
    new.close()
    Ledger.open(ledger_url).close()  # and it is up to date from then on


def test_a_newer_schema_is_refused_with_what_to_do(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    change(ledger_url, "UPDATE ledger_schema SET version = 99")
    with pytest.raises(ConfigError, match="schema 99") as caught:
        Ledger.open(ledger_url)
    assert caught.value.code == "DF1053"
    assert "newer DeployForge" in caught.value.hint


def test_sqlite_uses_a_write_ahead_log(tmp_path: Path) -> None:
    Ledger.open(f"sqlite:///{tmp_path}/ledger.db").close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", "DF1050"),
        ("mysql://host/ledger", "DF1050"),
        ("sqlite://", "DF1050"),
        ("postgresql://user:canary-password@127.0.0.1:9/ledger", "DF1052"),
    ],
)
def test_a_ledger_that_cannot_be_opened_is_a_configuration_error(url: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Ledger.open(url)
    assert caught.value.code == code
    assert caught.value.hint
    assert "canary-password" not in caught.value.message


def test_a_ledger_whose_lock_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db.setup").mkdir()
    with pytest.raises(ConfigError, match=r"cannot be opened: .*ledger\.db\.setup") as caught:
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    assert caught.value.code == "DF1052"


def test_a_file_that_is_no_database_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is no database, but it is long enough to look like a header of one " * 30)
    with pytest.raises(ConfigError, match="cannot be opened"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
