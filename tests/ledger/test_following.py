"""Following a run of another process by its ledger."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from deployforge_tasks.core.events import Bus
from deployforge_tasks.ledger.reading import Reader
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.ledger.tables import runs
from deployforge_tasks.operations.follow import follow


@pytest.fixture
def reader(ledger: Ledger, ledger_url: str) -> Iterator[Reader]:
    made = Reader.open(ledger_url)
    yield made
    made.close()


def test_it_ends_with_the_run_and_misses_nothing(ledger: Ledger, reader: Reader) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    bus = Bus()
    bus.listen(ledger.listener(run))
    left = ["render", "package", "publish"]

    def go_on(_: float) -> bool:
        """While the follower waits, the run goes on; at last it ends, with an event just before."""
        bus.emit("stage_started", "npm", left.pop(0))
        if not left:
            bus.emit("run_finished", outcome="ok", exit_code=0)
            ledger.finish_run(run, "ok", 0)
        return True

    followed = [event.stage or event.kind for event in follow(reader, run, go_on)]
    assert followed == ["render", "package", "publish", "run_finished"]


def test_it_ends_when_nobody_looks_any_more(ledger: Ledger, reader: Reader) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    assert list(follow(reader, run, lambda _: False)) == []


def test_it_ends_when_the_run_was_killed(ledger: Ledger, reader: Reader) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    with reader._engine.begin() as connection:
        connection.execute(update(runs).where(runs.c.id == run).values(pid=2**22 + 1, host=socket.gethostname()))
    assert list(follow(reader, run, lambda _: True)) == []


def test_a_run_of_another_machine_is_followed_until_it_says_that_it_ended(ledger: Ledger, reader: Reader) -> None:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    with reader._engine.begin() as connection:
        connection.execute(update(runs).where(runs.c.id == run).values(pid=os.getpid(), host="ci-7"))
    waits = []

    def later(_: float) -> bool:
        waits.append(1)
        if len(waits) == 3:
            ledger.finish_run(run, "ok", 0)
        return True

    list(follow(reader, run, later))
    assert len(waits) == 3
