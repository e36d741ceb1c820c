"""The dashboard collects download counts by itself, and goes on whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.dashboard import collecting
from deployforge_tasks.dashboard.app import create_app
from deployforge_tasks.dashboard.desk import Desk, open_desk
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.operations.stats import due
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.project.load import Loaded
from tests.dashboard.listener import eventually, listening
from tests.dashboard.site import served, sign_on
from tests.graph.shelf import ShelfOptions, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told

YESTERDAY = datetime.now(UTC).date() - DAY


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    CountingShelf.answers = {"a": told(daily([5], YESTERDAY))}
    CountingShelf.asked.clear()
    folder = write_project(tmp_path / "project", {"a": {}})
    with shelves("a", kind=CountingShelf), open_desk(Settings(folder / "deployforge.yml", environ={})) as made:
        yield made


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was due at each look; they follow without a pause."""
    found: list[list[str]] = []

    def look(loaded: Loaded, *, ledger_url: str) -> list[str]:
        found.append(due(loaded, ledger_url=ledger_url))
        return found[-1]

    monkeypatch.setattr(collecting, "EVERY", 0.01)
    monkeypatch.setattr(collecting, "due", look)
    return found


def counted(desk: Desk) -> int | None:
    (a,) = desk.downloads().platforms
    return a.counted


def test_it_collects_once_it_runs_and_then_as_often_as_the_project_says(desk: Desk, looks: list[list[str]]) -> None:
    with TestClient(create_app(desk)):
        eventually(lambda: len(looks) > 3)
    assert counted(desk) == 5
    assert looks[:3] == [["a"], [], []]
    assert CountingShelf.asked["a"] == [None]


def test_those_who_watch_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.dashboard.stream._STATS_EVERY", 1)
    asked, watched = threading.Event(), threading.Event()

    def answer(job: Job[ShelfOptions], since: date | None) -> Sequence[Series]:
        asked.set()
        assert watched.wait(30)
        return [daily([5], YESTERDAY)]

    CountingShelf.answers = {"a": answer}
    app = create_app(desk)
    app.state.last_look.by_itself = False
    sign_on(TestClient(app, base_url="http://127.0.0.1"))
    with served(app) as address, listening(address) as listener:
        listener.wait_for("ready")
        assert asked.wait(30)
        watched.set()
        listener.wait_for("stats")
    assert counted(desk) == 5


def test_pages_and_the_end_wait_for_no_source(desk: Desk) -> None:
    asked, release = threading.Event(), threading.Event()

    def never(job: Job[ShelfOptions], since: date | None) -> Sequence[Series]:
        asked.set()
        release.wait(60)
        return ()

    CountingShelf.answers = {"a": never}
    app = create_app(desk)
    app.state.last_look.by_itself = False
    try:
        with TestClient(app, base_url="http://127.0.0.1") as client:
            assert asked.wait(30)
            sign_on(client)
            assert client.get("/").status_code == 200
        assert not release.is_set()
    finally:
        release.set()


@pytest.mark.parametrize("fault", [ConfigError("the ledger is away", hint="wait"), KeyError("a plugin's fault")])
def test_it_goes_on_after_a_failure(desk: Desk, fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([fault])

    def failing_once(loaded: Loaded, *, ledger_url: str) -> list[str]:
        for error in answers:
            raise error
        return ["a"]

    monkeypatch.setattr(collecting, "EVERY", 0.01)
    monkeypatch.setattr(collecting, "due", failing_once)
    with TestClient(create_app(desk)):
        eventually(lambda: counted(desk) == 5)


def test_it_asks_nobody_where_only_the_command_collects(desk: Desk, looks: list[list[str]]) -> None:
    file = desk.settings.file
    file.write_text(f"{file.read_text('utf-8')}\nanalytics: {{every: 0}}\n", "utf-8")
    with TestClient(create_app(desk)):
        eventually(lambda: len(looks) > 3)
    assert CountingShelf.asked == {}
