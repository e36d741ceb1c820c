"""Status: what users get, how far that is behind, and what is otherwise than our own records say."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deployforge_tasks.core.presence import State
from deployforge_tasks.ledger.store import Key, Ledger
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.diff import diff
from deployforge_tasks.operations.rollback import rollback
from deployforge_tasks.operations.status import PlatformStatus, Status, status
from tests.graph.shelf import ShelfServer, load_project, shelves, write_project


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShelfServer]:
    made = ShelfServer(tmp_path / "server")
    made.start()
    with shelves("a", "b"):
        yield made
    made.stop()


@pytest.fixture
def project(tmp_path: Path, server: ShelfServer) -> Callable[..., Path]:
    def write(**options: object) -> Path:
        return write_project(tmp_path / "project", {"a": {"url": server.url, **options}}, settle=0)

    return write


def the_one(found: Status) -> PlatformStatus:
    (platform,) = found.platforms
    return platform


def test_status_tells_the_version_that_users_get(project: Callable[..., Path]) -> None:
    folder = project()
    deploy(load_project(folder))
    found = the_one(status(load_project(folder)))
    assert found.live is not None
    assert (found.live.version, found.behind, found.drift) == ("1.0.0", 0, "")


def test_before_the_first_release_users_get_nothing(project: Callable[..., Path]) -> None:
    found = the_one(status(load_project(project())))
    assert (found.presence.state, found.live) == (State.ABSENT, None)


def test_a_version_that_is_there_and_not_what_users_get_is_behind(
    project: Callable[..., Path], server: ShelfServer
) -> None:
    folder = project()
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        deploy(load_project(folder, version))
    server.newest["a"] = "1.0.0"
    found = status(load_project(folder, "1.2.0"))
    assert (the_one(found).presence.state, the_one(found).behind) == (State.SAME, 2)
    assert (found.exit_code, found.strict_exit_code) == (0, 1)


def test_users_of_a_newer_version_are_not_behind(project: Callable[..., Path]) -> None:
    folder = project()
    for version in ("1.0.0", "1.1.0"):
        deploy(load_project(folder, version))
    found = status(load_project(folder, "1.0.0"))
    assert (the_one(found).behind, found.strict_exit_code) == (0, 0)


def test_what_users_get_may_be_spelled_in_a_way_that_is_no_version(
    project: Callable[..., Path], server: ShelfServer
) -> None:
    folder = project()
    deploy(load_project(folder))
    server.newest["a"] = "nightly"
    found = the_one(status(load_project(folder)))
    assert found.live is not None
    assert (found.live.version, found.behind, found.drift) == ("nightly", 0, "")


def test_a_pre_release_is_not_expected_to_be_what_users_get(project: Callable[..., Path], server: ShelfServer) -> None:
    folder = project()
    deploy(load_project(folder, "1.0.0"))
    deploy(load_project(folder, "1.1.0-rc.1"))
    server.newest["a"] = "1.0.0"
    assert the_one(status(load_project(folder, "1.1.0-rc.1"))).behind == 0


def test_what_was_published_and_is_gone_is_drift(project: Callable[..., Path], server: ShelfServer) -> None:
    folder = project()
    deploy(load_project(folder))
    server.files.clear()
    found = status(load_project(folder))
    assert "no longer there" in the_one(found).drift
    assert found.strict_exit_code == 1


def test_what_was_changed_after_it_was_published_is_drift(project: Callable[..., Path], server: ShelfServer) -> None:
    folder = project()
    deploy(load_project(folder))
    server.files["a", "1.0.0"]["a-0"] = b"something else"
    assert "was changed" in the_one(status(load_project(folder))).drift


def test_a_part_that_was_taken_away_is_drift(project: Callable[..., Path], server: ShelfServer) -> None:
    folder = project(pieces=2)
    deploy(load_project(folder))
    del server.files["a", "1.0.0"]["a-1"]
    assert "a part of" in the_one(status(load_project(folder))).drift


def test_a_release_that_was_never_finished_is_no_drift(project: Callable[..., Path], server: ShelfServer) -> None:
    folder = project(pieces=2)
    deploy(load_project(folder))
    with closing(Ledger.open(f"sqlite:///{folder}/.deployforge/ledger.db")) as ledger:
        key = Key("hello-forge", "", "a", "1.0.0")
        assert set(ledger.receipts(key)) == {"a-0", "a-1"}
    with sqlite3.connect(folder / ".deployforge" / "ledger.db") as ledger_file:
        ledger_file.execute("delete from receipts where piece = 'a-1'")
    del server.files["a", "1.0.0"]["a-1"]
    found = status(load_project(folder))
    assert (the_one(found).presence.state, the_one(found).drift) == (State.PARTIAL, "")
    assert found.strict_exit_code == 1


def test_what_a_registry_may_not_show_yet_is_no_drift(tmp_path: Path, server: ShelfServer) -> None:
    folder = write_project(tmp_path / "project", {"a": {"url": server.url}}, settle=3600)
    deploy(load_project(folder, "1.0.0"))
    deploy(load_project(folder, "1.1.0"))
    server.newest["a"] = "1.0.0"
    assert the_one(status(load_project(folder, "1.1.0"))).drift == ""
    server.files.clear()
    found = the_one(status(load_project(folder, "1.1.0")))
    assert (found.presence.state, found.drift) == (State.ABSENT, "")


def test_what_was_taken_back_on_purpose_is_no_drift(project: Callable[..., Path]) -> None:
    folder = project()
    for version in ("1.0.0", "1.1.0"):
        deploy(load_project(folder, version))
    rollback(load_project(folder, "1.1.0"))
    found = the_one(status(load_project(folder, "1.1.0")))
    assert (found.presence.state, found.drift) == (State.WITHDRAWN, "")


def test_a_package_that_was_made_again_with_other_options_is_no_drift(tmp_path: Path, server: ShelfServer) -> None:
    server.mutable = True
    with shelves("a", editable=True):
        folder = write_project(tmp_path / "project", {"a": {"url": server.url}}, settle=0)
        deploy(load_project(folder))
        write_project(folder, {"a": {"url": server.url, "text": "otherwise"}}, settle=0)
        diff(load_project(folder))
        found = the_one(status(load_project(folder)))
        assert (found.presence.state, found.drift) == (State.DIFFERENT, "")
        server.files["a", "1.0.0"]["a-0"] = b"something else"
        assert "was changed" in the_one(status(load_project(folder))).drift


def test_what_was_never_published_is_missing_and_no_drift(project: Callable[..., Path]) -> None:
    found = status(load_project(project()))
    assert the_one(found).drift == ""
    assert found.strict_exit_code == 1


def test_what_waits_for_a_review_is_told_by_its_own_code(project: Callable[..., Path], server: ShelfServer) -> None:
    folder = project()
    deploy(load_project(folder))
    server.pending = True
    assert status(load_project(folder)).strict_exit_code == 9


def test_a_platform_that_is_not_required_never_fails_a_strict_look(project: Callable[..., Path]) -> None:
    assert status(load_project(project(required=False))).strict_exit_code == 0


def test_a_platform_that_does_not_answer_is_unknown_and_no_drift(tmp_path: Path, server: ShelfServer) -> None:
    folder = write_project(tmp_path / "gone", {"a": {"url": server.url}}, retry_on_failure=0)
    deploy(load_project(folder))
    server.stop()
    found = status(load_project(folder))
    assert (the_one(found).drift, found.strict_exit_code) == ("", 6)
