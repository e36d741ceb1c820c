"""Runs, their attempts and their events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from sqlalchemy.engine import make_url

from deployforge_tasks.core.events import Bus
from deployforge_tasks.ledger.reading import Reader
from deployforge_tasks.ledger.store import Ledger


def _stored_events(url: str) -> list[dict[str, Any]]:
    parsed = make_url(url)
    engine = sqlalchemy.create_engine(parsed.set(drivername="postgresql+psycopg") if "postgres" in url else parsed)
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT kind, platform, stage, data FROM events ORDER BY id")).all()
    engine.dispose()
    return [{**row._mapping, "data": json.loads(row.data) if isinstance(row.data, str) else row.data} for row in rows]


def test_a_run_is_remembered_with_its_outcome(ledger: Ledger, reader: Reader) -> None:
    before = datetime.now(UTC)
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    ledger.finish_run(run, "failed", 1)
    (found,) = reader.runs("hello", "", 20)
    assert (found.id, found.version, found.command, found.outcome, found.exit_code) == (
        run,
        "1.0.0",
        "deploy",
        "failed",
        1,
    )
    assert found.finished_at is not None
    assert before <= found.started_at <= found.finished_at


def test_a_killed_run_has_no_outcome(ledger: Ledger, reader: Reader) -> None:
    ledger.start_run("hello", "", "1.0.0", "deploy")
    (found,) = reader.runs("hello", "", 20)
    assert (found.finished_at, found.outcome, found.exit_code) == (None, None, None)


def test_the_newest_runs_come_first_and_no_more_than_asked(ledger: Ledger, reader: Reader) -> None:
    ids = [ledger.start_run("hello", "", f"1.0.{n}", "deploy") for n in range(5)]
    assert [r.id for r in reader.runs("hello", "", 2)] == [ids[4], ids[3]]


def test_stages_become_numbered_attempts(ledger: Ledger, reader: Reader) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    bus = Bus()
    bus.listen(ledger.listener(run))
    bus.emit("stage_started", "npm", "publish")
    bus.emit("stage_finished", "npm", "publish", outcome="failed", seconds=1.5, error={"message": "npm is down"})
    bus.emit("stage_started", "npm", "publish")
    bus.emit("stage_finished", "npm", "publish", outcome="ok", seconds=2.0)
    found = [(a.platform, a.stage, a.number, a.outcome, a.seconds, a.reason) for a in reader.attempts([run])[run]]
    assert found == [("npm", "publish", 1, "failed", 1.5, "npm is down"), ("npm", "publish", 2, "ok", 2.0, "")]


def test_a_stage_that_was_skipped_without_a_start_is_an_attempt(ledger: Ledger, reader: Reader) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    bus = Bus()
    bus.listen(ledger.listener(run))
    bus.emit("stage_finished", "npm", "publish", outcome="skipped", seconds=0, reason="already there")
    assert [(a.outcome, a.reason) for a in reader.attempts([run])[run]] == [("skipped", "already there")]


def test_events_are_stored_in_order_and_log_lines_with_the_next_event(ledger: Ledger, ledger_url: str) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    bus = Bus()
    bus.listen(ledger.listener(run))
    bus.emit("log", "npm", "publish", level="info", text="packing")
    assert _stored_events(ledger_url) == []
    bus.emit("presence", "npm", "publish", state="absent", reason="not there", by="digest")
    stored = _stored_events(ledger_url)
    assert [e["kind"] for e in stored] == ["log", "presence"]
    assert stored[1]["data"] == {"state": "absent", "reason": "not there", "by": "digest"}


def test_the_last_log_lines_are_written_when_the_run_ends(ledger: Ledger, ledger_url: str) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    listener = ledger.listener(run)
    bus = Bus()
    bus.listen(listener)
    bus.emit("log", level="info", text="bye")
    ledger.finish_run(run, "ok", 0)
    assert [e["data"]["text"] for e in _stored_events(ledger_url)] == ["bye"]
