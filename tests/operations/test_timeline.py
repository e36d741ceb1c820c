"""When stages waited and worked, and what the whole run waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.operations.timeline import Bar, arranged, planned, timeline
from tests.support.cases import sample_project

EDGES = [("publish:hub", "publish:tap")]


def test_the_critical_path_goes_back_from_what_ended_last_to_what_that_waited_for() -> None:
    bars = [
        Bar("hub", "publish", "ok", 0, 0, 5),
        Bar("tap", "publish", "ok", 5, 5, 8),
        Bar("npm", "publish", "ok", 0, 0, 6),
    ]
    assert [bar.name for bar in arranged(bars, EDGES).path] == ["publish:hub", "publish:tap"]


def test_what_a_stage_saves_at_most_ends_where_another_way_is_as_long() -> None:
    bars = [
        Bar("hub", "publish", "ok", 0, 0, 5),
        Bar("tap", "publish", "ok", 5, 5, 8),
        Bar("npm", "publish", "ok", 0, 0, 6),
    ]
    saves = {bar.name: bar.saves for bar in arranged(bars, EDGES).path}
    assert saves == {"publish:hub": 2, "publish:tap": 2}


def test_a_way_leads_through_stages_that_had_nothing_to_do() -> None:
    bars = [Bar("linux-amd64", "fetch", "ok", 0, 0, 3), Bar("npm", "publish", "ok", 3, 3, 4)]
    edges = [("fetch:linux-amd64", "render:npm"), ("render:npm", "package:npm"), ("package:npm", "publish:npm")]
    assert [bar.name for bar in arranged(bars, edges).path] == ["fetch:linux-amd64", "publish:npm"]


def test_stages_that_worked_at_once_are_on_workers_of_their_own() -> None:
    bars = [Bar("a", "publish", "ok", 0, 0, 5), Bar("b", "publish", "ok", 0, 1, 2), Bar("c", "publish", "ok", 0, 3, 4)]
    found = arranged(bars, [])
    assert found.lanes == 2
    assert {bar.platform: bar.lane for bar in found.bars} == {"a": 0, "b": 1, "c": 1}


def test_a_plan_lays_what_stages_took_before_behind_one_another() -> None:
    usual = {("hub", "publish"): 4.0, ("tap", "render"): 1.0, ("tap", "publish"): 2.0}
    found = planned(["hub", "tap"], {"tap": ["hub"]}, usual)
    assert {bar.name: bar.start for bar in found.bars} == {"publish:hub": 0, "render:tap": 0, "publish:tap": 4}
    assert found.seconds == 6
    assert found.planned


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(file=sample_project(tmp_path) / "deployforge.yml", environ={})


def _record(settings: Settings, *events: Event) -> int:
    loaded = settings.load()
    ledger = Ledger.open(f"sqlite:///{(loaded.root / '.deployforge' / 'ledger.db').as_posix()}")
    run = ledger.start_run(loaded.project.name, "", "1.0.0", "deployforge deploy")
    journal = ledger.listener(run)
    for event in events:
        journal(event)
    ledger.finish_run(run, "ok", 0)
    ledger.close()
    return run


def test_the_journal_tells_how_long_a_stage_waited_for_a_worker_and_for_a_rate_limit(settings: Settings) -> None:
    run = _record(
        settings,
        Event("stage_started", "npm", "publish", {"waited": 0.0}),
        Event("wait", "npm", "publish", {"seconds": 1.5, "why": "rate limit"}),
        Event("stage_finished", "npm", "publish", {"outcome": "ok", "seconds": 4.0}),
    )
    (bar,) = timeline(settings.load(), run).bars
    assert bar.waited == pytest.approx(1.5, abs=0.1)
    assert bar.worked == pytest.approx(2.5, abs=0.1)
    assert bar.waits[0].why == "rate limit"


def test_a_wait_that_a_stop_cut_short_ends_with_its_stage(settings: Settings) -> None:
    run = _record(
        settings,
        Event("stage_started", "npm", "publish", {}),
        Event("wait", "npm", "publish", {"seconds": 60, "why": "again"}),
        Event("stage_finished", "npm", "publish", {"outcome": "failed", "seconds": 2.0}),
    )
    (bar,) = timeline(settings.load(), run).bars
    assert bar.waited <= 2.0


def test_what_a_stage_takes_usually_is_the_median_of_the_runs_before(settings: Settings) -> None:
    for seconds in (1.0, 9.0, 2.0):
        _record(
            settings,
            Event("stage_started", "npm", "publish", {}),
            Event("stage_finished", "npm", "publish", {"outcome": "ok", "seconds": seconds}),
        )
    run = _record(
        settings,
        Event("stage_started", "npm", "publish", {}),
        Event("stage_finished", "npm", "publish", {"outcome": "ok", "seconds": 50.0}),
    )
    (bar,) = timeline(settings.load(), run).bars
    assert bar.usual == 2.0
