"""Many runs at once stay fast: what a page of them asks for is found by an index."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import event, text

from deployforge_tasks.ledger.database import open_engine
from deployforge_tasks.ledger.history import History, Search
from deployforge_tasks.ledger.store import Key, Ledger


def test_a_page_of_runs_reads_no_table_from_end_to_end(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}")
    asked: list[str] = []
    history = History(engine)
    search = Search(version="1.0.0", platform="npm")

    event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said[2].replace("?", "'x'")))
    history.runs("hello", "", search, 30)
    history.endings([1, 2])
    statements = [said for said in asked if said.startswith("SELECT")]
    with engine.connect() as connection:
        plans = [row.detail for said in statements for row in connection.execute(text(f"EXPLAIN QUERY PLAN {said}"))]
    engine.dispose()
    assert len(statements) == 2
    assert not [line for line in plans if line.startswith("SCAN")]


def test_who_holds_a_platform_can_be_asked_without_taking_it(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}")
    key = Key("hello", "", "npm", "1.0.0")
    assert ledger.holder(key) is None
    with ledger.lock(key, 1.0):
        assert "pid" in (ledger.holder(key) or "")
    assert ledger.holder(key) is None
    ledger.close()


def test_a_holder_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}")
    key = Key("hello", "", "npm", "1.0.0")
    with ledger.lock(key, 1.0):
        (holder,) = (tmp_path / "ledger.locks").glob("*.holder")
        left = holder.read_bytes()
    holder.write_bytes(left)
    assert ledger.holder(key) is None
    ledger.close()
