"""Reading the ledger while others write it."""

from __future__ import annotations

import threading

import pytest

from deployforge_tasks.core.events import Bus
from deployforge_tasks.ledger.reading import Reader
from deployforge_tasks.ledger.store import Ledger


def begun(ledger: Ledger) -> tuple[int, Bus]:
    run = ledger.start_run("hello", "", "1.0.0", "deploy")
    bus = Bus()
    bus.listen(ledger.listener(run))
    return run, bus


def test_events_come_in_their_order_and_more_of_them_than_fit_in_memory_at_once(
    ledger: Ledger, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.ledger.reading._CHUNK", 3)
    run, bus = begun(ledger)
    for number in range(8):
        bus.emit("log", "npm", "publish", level="info", text=str(number))
    ledger.listener(run).flush()
    assert [e.event.data["text"] for e in reader.events(run)] == [str(n) for n in range(8)]


def test_only_what_is_new(ledger: Ledger, reader: Reader) -> None:
    run, bus = begun(ledger)
    bus.emit("stage_started", "npm", "publish")
    (first,) = reader.events(run)
    bus.emit("stage_started", "npm", "verify")
    assert [e.event.stage for e in reader.events(run, after=first.number)] == ["verify"]


def test_one_platform_and_one_stage(ledger: Ledger, reader: Reader) -> None:
    run, bus = begun(ledger)
    for platform in ("npm", "pypi"):
        for stage in ("publish", "verify"):
            bus.emit("stage_started", platform, stage)
    found = reader.events(run, platform="pypi", stage="verify")
    assert [(e.event.platform, e.event.stage) for e in found] == [("pypi", "verify")]


def test_a_log_line_is_there_for_others_although_nothing_follows_it(
    ledger: Ledger, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, bus = begun(ledger)
    journal, written = ledger.listener(run), threading.Event()
    write = journal._write

    def noticed() -> None:
        write()
        written.set()

    monkeypatch.setattr(journal, "_LONGEST", 0.01)
    monkeypatch.setattr(journal, "_write", noticed)
    bus.emit("log", "npm", "publish", level="info", text="wheel 3 of 4")
    assert written.wait(10)
    assert [e.event.data["text"] for e in reader.events(run)] == ["wheel 3 of 4"]


def test_a_run_tells_where_it_runs(ledger: Ledger, reader: Reader) -> None:
    run, _ = begun(ledger)
    found = reader.run(run)
    assert found is not None
    assert found.pid
    assert found.host
    assert reader.run(run + 1) is None


def test_the_usual_time_of_a_stage_is_the_median_of_what_went_well(ledger: Ledger, reader: Reader) -> None:
    for seconds, outcome in ((1.0, "ok"), (9.0, "ok"), (3.0, "ok"), (500.0, "failed")):
        run, bus = begun(ledger)
        bus.emit("stage_started", "npm", "publish")
        bus.emit("stage_finished", "npm", "publish", outcome=outcome, seconds=seconds)
        ledger.finish_run(run, outcome, 0)
    assert reader.usual_seconds("hello", "") == {("npm", "publish"): 3.0}
    assert reader.usual_seconds("hello", "staging") == {}
