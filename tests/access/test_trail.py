"""The trail: entries are added, found and never changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy
from sqlalchemy.exc import DatabaseError

from deployforge_tasks.access.records import Records
from deployforge_tasks.access.trail import Filter
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.database import open_engine
from deployforge_tasks.ledger.tables import trail
from tests.ledger.test_opening import TO_SCHEMA, change


def add(records: Records, **changed: str) -> None:
    """An entry of ann's deploy, or another."""
    told = {"actor": "ann", "action": "deploy", "outcome": "done", "project": "hello", "origin": "192.0.2.7"}
    records.trail.add(**{**told, **changed})  # type: ignore[arg-type]


def test_the_newest_entry_comes_first_with_everything_that_was_told(records: Records) -> None:
    add(records, subject="run 1")
    add(records, actor="ben", role="releaser", action="rollback", profile="production", outcome="refused")
    newest, oldest = records.trail.entries("hello")
    assert (newest.actor, newest.role, newest.action, newest.profile, newest.outcome) == (
        "ben",
        "releaser",
        "rollback",
        "production",
        "refused",
    )
    assert (oldest.subject, oldest.origin) == ("run 1", "192.0.2.7")
    assert datetime.now(UTC) - newest.at < timedelta(minutes=5)


def test_a_project_has_a_trail_of_its_own(records: Records) -> None:
    add(records, project="other")
    assert records.trail.entries("hello") == []


@pytest.mark.parametrize(
    "chosen", [Filter(actor="ben"), Filter(action="retry"), Filter(outcome="refused"), Filter(actor="ben", before=3)]
)
def test_filters_narrow_it(records: Records, chosen: Filter) -> None:
    add(records)
    add(records, actor="ben", action="retry", outcome="refused")
    assert [entry.actor for entry in records.trail.entries("hello", chosen)] == ["ben"]


def test_a_filter_by_time_takes_the_beginning_and_leaves_the_end_out(records: Records) -> None:
    add(records)
    at = records.trail.entries("hello")[0].at
    assert records.trail.entries("hello", Filter(since=at, until=at + timedelta(seconds=1)))
    assert not records.trail.entries("hello", Filter(until=at))


def test_all_of_it_is_read_piece_by_piece_and_once(records: Records) -> None:
    for number in range(7):
        add(records, subject=str(number))
    assert [entry.subject for entry in records.trail.everything("hello")] == list("6543210")


def test_it_names_everybody_and_every_action_to_choose_from(records: Records) -> None:
    add(records, actor="")
    add(records, actor="ben", action="retry")
    add(records)
    assert records.trail.actors("hello") == ["ann", "ben"]
    assert records.trail.actions("hello") == ["deploy", "retry"]


def test_secrets_in_it_are_masked(records: Records) -> None:
    redactor.add("canary-of-the-trail")
    records.trail.add(
        actor="ann",
        action="deploy",
        outcome="failed",
        project="hello",
        subject="canary-of-the-trail",
        detail={"said": ["token canary-of-the-trail"]},
    )
    entry = records.trail.entries("hello")[0]
    assert entry.subject == "***"
    assert entry.detail == {"said": ["token ***"]}


def test_what_a_stranger_sends_cannot_fill_it(records: Records) -> None:
    add(records, subject="x" * 100_000)
    assert len(records.trail.entries("hello")[0].subject) == 500


#: By the database: what would change or remove entries.
_CHANGES = {
    "both": ["UPDATE trail SET actor = 'somebody else'", "DELETE FROM trail", "DELETE FROM trail WHERE id = 1"],
    "postgresql": ["TRUNCATE trail"],
    "sqlite": [
        f"INSERT OR REPLACE INTO trail SELECT {', '.join(column.name for column in trail.columns)} FROM trail",
    ],
}


def refused(ledger_url: str) -> None:
    """Every way to change or remove an entry is refused by the database."""
    engine = open_engine(ledger_url)
    for statement in [*_CHANGES["both"], *_CHANGES[engine.dialect.name]]:
        with pytest.raises(DatabaseError, match="rows of trail are only ever added"), engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def test_the_database_refuses_to_change_or_remove_an_entry(records: Records, ledger_url: str) -> None:
    add(records)
    refused(ledger_url)
    assert [entry.actor for entry in records.trail.entries("hello")] == ["ann"]


def test_the_trail_of_an_older_ledger_is_as_safe(ledger_url: str) -> None:
    Records.open(ledger_url).close()
    change(ledger_url, *TO_SCHEMA[2], "UPDATE ledger_schema SET version = 2")
    brought_up = Records.open(ledger_url)
    add(brought_up)
    brought_up.close()
    refused(ledger_url)
