"""The operations that only read: status, config, platforms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.presence import State
from deployforge_tasks.operations import config, platforms
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.operations.status import status
from deployforge_tasks.rehearsal.server import Reply, Request
from tests.graph.shelf import ShelfServer, load_project, shelves, write_project
from tests.support.running import running


class TogetherServer(ShelfServer):
    """Answers no look-up before three of them wait."""

    barrier = threading.Barrier(3)

    def answer(self, request: Request) -> Reply:
        self.barrier.wait(timeout=20)
        return super().answer(request)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShelfServer]:
    with running(ShelfServer(tmp_path / "server")) as made:
        yield made


def test_status_asks_all_platforms_at_once(tmp_path: Path) -> None:
    server = TogetherServer(tmp_path / "server")
    server.start()
    try:
        with shelves("a", "b", "c"):
            folder = write_project(tmp_path / "project", {name: {"url": server.url} for name in "abc"})
            found = status(load_project(folder))
    finally:
        server.stop()
    assert [p.presence.state for p in found.platforms] == [State.ABSENT] * 3


def test_what_nothing_reads_is_told_by_a_check_and_is_no_warning(tmp_path: Path) -> None:
    project = "name: hello\nversion: 1.0.0\ndescription: Greets\nmonitoring: {download_tracking: true}\n"
    (tmp_path / "deployforge.yml").write_text(project, "utf-8")
    found = config.check(Settings(tmp_path / "deployforge.yml", environ={}))
    assert [note.path for note in found.notes] == ["monitoring.download_tracking"]
    assert "monitoring" not in {warning.path for warning in found.warnings}


def test_status_tells_of_a_platform_that_cannot_write_the_version(tmp_path: Path) -> None:
    project = """
name: hello-forge
version: 1.2.3.4
description: Greets
source: {repo: hello-makers/hello-forge}
platforms: {crates: {index: "http://127.0.0.1:9/", api: "http://127.0.0.1:9/"}}
"""
    (tmp_path / "deployforge.yml").write_text(project, "utf-8")
    found = status(Settings(tmp_path / "deployforge.yml", environ={}).load())
    (crates,) = found.platforms
    assert crates.presence.state is State.UNKNOWN
    assert "has three numbers" in crates.presence.reason


def test_status_knows_what_was_proven_and_what_was_there_before(tmp_path: Path, server: ShelfServer) -> None:
    with shelves("a"):
        folder = write_project(tmp_path / "project", {"a": {"url": server.url}})
        deploy(load_project(folder, "1.0.0"))
        (now,) = status(load_project(folder, "1.0.0")).platforms
        (later,) = status(load_project(folder, "1.1.0")).platforms
    assert now.presence.state is State.SAME
    assert now.evidence is not None
    assert (later.presence.state, later.previous) == (State.ABSENT, "1.0.0")


def test_status_of_a_platform_that_does_not_answer_leaves_the_others_alone(tmp_path: Path, server: ShelfServer) -> None:
    with shelves("a", "b"):
        options = {"a": {"url": server.url}, "b": {"url": "http://127.0.0.1:9"}}
        found = status(load_project(write_project(tmp_path / "project", options, retry_on_failure=0)))
    assert [p.presence.state for p in found.platforms] == [State.ABSENT, State.UNKNOWN]
    assert found.platforms[1].error is not None
    assert found.exit_code == 6


def test_status_sends_nothing(tmp_path: Path, server: ShelfServer) -> None:
    with shelves("a"):
        status(load_project(write_project(tmp_path / "project", {"a": {"url": server.url}})))
    assert server.accepted == []


def test_the_effective_configuration_has_defaults_and_no_secrets(tmp_path: Path) -> None:
    with shelves("a"):
        folder = write_project(tmp_path / "project", {"a": {"text": "${CANARY}"}})
        settings = Settings(file=folder / "deployforge.yml", environ={"CANARY": "plain"})
        data = config.effective(settings)
    assert data["platforms"]["a"]["text"] == "plain"
    assert data["platforms"]["a"]["pieces"] == 1
    assert data["version"] == "1.0.0"


def test_every_platform_can_be_described() -> None:
    infos = platforms.known()
    assert {"npm", "pypi", "docker"} & {info.name for info in infos}
    assert [info.name for info in infos] == platforms.names()
    assert all(info.title and info.options for info in infos)


def test_an_alias_describes_its_platform() -> None:
    by_alias = {alias: info.name for info in platforms.known() for alias in info.aliases}
    assert {alias: platforms.describe(alias).name for alias in by_alias} == by_alias


def test_an_unknown_platform_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        platforms.describe("nonsense")
