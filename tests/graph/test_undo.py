"""`conditions.rollback_on_error`: what a failed run published is taken back, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.events import Event
from deployforge_tasks.core.model import RollbackPlan
from deployforge_tasks.core.versions import Version
from deployforge_tasks.operations.deploy import DeployResult, deploy
from deployforge_tasks.operations.rollback import rollback
from deployforge_tasks.platforms.base import Job
from tests.graph import child
from tests.graph.shelf import Heard, Shelf, ShelfOptions, ShelfServer, load_project, shelves, write_project
from tests.support.faults import hold_after, hold_before, status
from tests.support.proxy import FaultProxy

posix = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGKILL and SIGTERM")
FLAW = {"flaw": "the name is taken"}


def project(folder: Path, url: str, platforms: dict[str, dict[str, Any]], **conditions: Any) -> Path:
    """A project that rolls back."""
    options = {name: {"url": url, **more} for name, more in platforms.items()}
    return write_project(folder, options, **{"rollback_on_error": True, **conditions})


def in_turn(folder: Path, *names: str) -> None:
    """Let each platform wait for the one before it, also in a process of its own."""
    with (folder / "deployforge.yml").open("a") as file:
        file.write("depends: {" + ", ".join(f"{b}: [{a}]" for a, b in pairwise(names)) + "}\n")


def release(folder: Path, version: str = "1.1.0", **arguments: Any) -> DeployResult:
    return deploy(load_project(folder, version), jobs=1, **arguments)


def test_what_this_run_published_is_taken_back_newest_first(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}, "c": {}})
    with shelves("a", "b", "c", needs={"b": ("a",), "c": ("b",)}):
        release(folder, "1.0.0")
        proxy.when("PUT", "/c/", do=status(403), times=None)
        heard = Heard()
        result = release(folder, listeners=[heard])

    assert server.taken_back == [("b", "1.1.0"), ("a", "1.1.0")]
    assert {name: p.outcome for name, p in result.platforms.items()} == {
        "a": "rolled-back",
        "b": "rolled-back",
        "c": "failed",
    }
    assert list(result.taken_back) == ["b", "a"]
    assert result.taken_back_because == ("c",)
    assert result.taken_back["b"].rollback is not None
    assert result.taken_back["b"].rollback.done == ("back to 1.0.0",)
    assert (result.exit_code, result.outcome) == (4, "failed")
    assert [e.kind for e in heard.events][-1] == "run_finished"


def test_without_the_condition_everything_stays(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, {"a": {}, "b": FLAW}, rollback_on_error=False)
    with shelves("a", "b"):
        result = release(folder)

    assert server.taken_back == []
    assert result.platforms["a"].outcome == "published"
    assert result.taken_back == {}


def test_a_first_release_is_left_to_a_person_where_nothing_was_before(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, {"a": {}, "b": {"pieces": 2}})
    server.refused = {"b-1"}
    with shelves("a", "b", needs={"b": ("a",)}):
        result = release(folder)

    rollback = result.taken_back["a"].rollback
    assert rollback is not None
    assert (rollback.done, rollback.manual[0].url) == ((), server.url)
    assert list(result.taken_back) == ["b", "a"], "the part of b that went out is its own"
    assert result.platforms["b"].outcome == "failed"


def test_a_platform_that_had_the_version_before_this_run_keeps_it(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}})
    with shelves("a", "b"):
        deploy(load_project(folder, "1.1.0"), platforms=["a"])
        proxy.when("PUT", "/b/", do=status(403), times=None)
        result = release(folder)

    assert server.taken_back == []
    assert result.platforms["a"].outcome == "skipped"
    assert result.taken_back == {}


def test_a_platform_that_had_a_part_of_it_stays_and_is_named(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {"pieces": 2}, "b": {}})
    with shelves("a", "b", needs={"b": ("a",)}):
        proxy.when("PUT", "/a-1", do=status(403), times=None)
        deploy(load_project(write_project(tmp_path / "other", {"a": {"url": proxy.url, "pieces": 2}}), "1.1.0"))
        proxy.clear()
        proxy.when("PUT", "/b/", do=status(403), times=None)
        result = release(folder)

    assert server.taken_back == []
    assert "before this run" in result.taken_back["a"].stays


@pytest.mark.parametrize("how", ["not required", "waiting"])
def test_only_the_failure_of_a_required_platform_takes_back(tmp_path: Path, server: ShelfServer, how: str) -> None:
    folder = project(tmp_path, server.url, {"a": {}, "b": {**FLAW, "required": False} if how == "not required" else {}})
    server.hidden = {"b"} if how == "waiting" else set()
    with shelves("a", "b", needs={"b": ("a",)}):
        result = release(folder)

    assert server.taken_back == []
    assert result.platforms["a"].outcome == "published"
    assert result.outcome == ("degraded" if how == "not required" else "waiting")


def test_after_the_failure_of_a_required_platform_nothing_more_is_published(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    held = proxy.when("GET", "/[bc]/", do=hold_before, times=None)

    def go_on(event: Event) -> None:
        if event.kind == "stage_finished" and event.data["outcome"] == "failed":
            held.release()

    folder = project(tmp_path, proxy.url, {"a": FLAW, "b": {}, "c": {}})
    with shelves("a", "b", "c"):
        result = release(folder, listeners=[go_on])

    assert server.accepted == []
    assert result.platforms["c"].outcome == "stopped"
    assert "a failed" in result.platforms["c"].reason


def test_a_rollback_that_fails_is_told_and_does_not_stop_the_others(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}, "c": {}})
    with shelves("a", "b", "c", needs={"b": ("a",), "c": ("b",)}):
        release(folder, "1.0.0")
        proxy.when("PUT", "/c/", do=status(403), times=None)
        proxy.when("POST", "/b/", do=status(500), times=None)
        result = release(folder)

    assert server.taken_back == [("a", "1.1.0")]
    assert result.taken_back["b"].error is not None
    assert result.platforms["b"].outcome == "published"
    assert result.exit_code == 4, "the code of the failure, not that of the rollback"


def test_the_events_of_the_ledger_tell_what_was_taken_back_and_why(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}})
    with shelves("a", "b", needs={"b": ("a",)}):
        release(folder, "1.0.0")
        proxy.when("PUT", "/b/", do=status(403), times=None)
        release(folder)

    with sqlite3.connect(folder / ".deployforge" / "ledger.db") as ledger:
        rows = ledger.execute("select kind, platform, data from events where kind in ('undo_started', 'rolled_back')")
        told = [(kind, platform, json.loads(data)) for kind, platform, data in rows]
    assert told == [
        ("undo_started", None, {"because": ["b"], "platforms": ["a"], "stays": {}}),
        ("rolled_back", "a", {"to": "1.0.0", "done": ["back to 1.0.0"], "manual": []}),
    ]


def test_a_version_that_was_taken_back_is_not_there_for_the_next_run(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}})
    with shelves("a", "b", needs={"b": ("a",)}):
        release(folder, "1.0.0")
        proxy.when("PUT", "/b/", do=status(403), times=None)
        release(folder)
        proxy.clear()
        again = release(folder)
        forced = release(folder, force=["a"])

    error = again.platforms["a"].error
    assert error is not None
    assert (error.code, error.hint) == (
        "DF4012",
        "solve it there and release a new version, or publish it again with `--force-platform a`",
    )
    assert forced.exit_code == 0
    assert release_is_settled(folder)


def release_is_settled(folder: Path) -> bool:
    with shelves("a", "b"):
        return release(folder).exit_code == 0


def test_plain_doit_takes_back_too(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, {"a": {}, "b": {}})
    in_turn(folder, "a", "b")
    child.doit(folder, "a,b", "publish:a", "version=1.0.0")
    server.refused = {"b-0"}
    done = child.doit(folder, "a,b", "deploy", "version=1.1.0")

    assert server.taken_back == [("a", "1.1.0")]
    assert done.returncode == 4
    assert "b failed: taking back a" in done.stderr
    assert "back to 1.0.0" in done.stderr


@posix
def test_a_version_is_not_there_after_a_rollback_that_was_killed(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}})
    with shelves("a"):
        release(folder, "1.0.0")
        release(folder, "1.1.0")
        rule = proxy.when("POST", "/a/", do=hold_after)
        process = child.start(folder, "a", "rollback:a", "version=1.1.0")
        assert rule.wait(30), process.communicate(timeout=5)
        process.kill()
        process.communicate()
        proxy.clear()
        again = release(folder, "1.1.0").platforms["a"]

    assert server.taken_back == [("a", "1.1.0")]
    assert again.error is not None
    assert again.error.code == "DF4012"


def test_a_version_is_still_there_after_a_rollback_that_failed(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}})
    with shelves("a"):
        release(folder, "1.0.0")
        release(folder, "1.1.0")
        proxy.when("POST", "/a/", do=status(403), times=None)
        assert rollback(load_project(folder, "1.1.0")).platforms["a"].error is not None
        assert release(folder, "1.1.0").platforms["a"].outcome == "skipped"


@posix
def test_a_stop_takes_nothing_back(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}})
    in_turn(folder, "a", "b")
    server.refused = {"b-0"}
    rule = proxy.when("PUT", "/b/", do=hold_before)
    process = child.start(folder, "a,b", "deploy")
    assert rule.wait(30), process.communicate(timeout=5)
    os.kill(process.pid, signal.SIGINT)
    rule.release()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130, out + err
    assert (server.accepted, server.taken_back) == (["a-0"], [])


def test_what_another_run_counts_on_stays(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}})
    in_turn(folder, "a", "b")
    server.refused = {"b-0"}
    with shelves("a", "b"):
        release(folder, "1.0.0", platforms=["a"])
        rule = proxy.when("PUT", "/b/", do=hold_before)
        process = child.start(folder, "a,b", "deploy", "version=1.1.0")
        assert rule.wait(30), process.communicate(timeout=5)
        beside = release(folder, "1.1.0", platforms=["a"])
        rule.release()
        _, err = process.communicate(timeout=30)

    assert beside.platforms["a"].outcome == "skipped"
    assert server.taken_back == []
    assert "b failed: taking back nothing" in err
    with sqlite3.connect(folder / ".deployforge" / "ledger.db") as ledger:
        ((told,),) = ledger.execute("select data from events where kind = 'undo_started'")
    assert json.loads(told)["stays"] == {"a": f"run {beside.run} of the version went on at the same time"}


@posix
def test_the_run_after_a_killed_one_takes_back_only_its_own(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}, "c": {}})
    in_turn(folder, "a", "b", "c")
    rule = proxy.when("PUT", "/b/", do=hold_before)
    process = child.start(folder, "a,b,c", "deploy")
    assert rule.wait(30), process.communicate(timeout=5)
    process.kill()
    process.communicate()
    proxy.clear()
    proxy.when("PUT", "/c/", do=status(403), times=None)

    done = child.doit(folder, "a,b,c", "deploy")

    assert done.returncode == 4, done.stderr
    assert "c failed: taking back b" in done.stderr
    assert "back to" not in done.stderr
    assert "a stays" not in done.stderr, "this run did not publish to a"


def test_a_plan_that_cannot_be_made_takes_nothing_back_from_that_platform(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Shelf, job: Job[ShelfOptions], to: Version | None) -> RollbackPlan:
        raise ValueError("no plan")

    folder = project(tmp_path, proxy.url, {"a": {}, "b": {}})
    monkeypatch.setattr(Shelf, "rollback_plan", broken)
    proxy.when("PUT", "/b/", do=status(403), times=None)
    with shelves("a", "b", needs={"b": ("a",)}):
        result = release(folder)

    assert server.taken_back == []
    assert result.taken_back["a"].error is not None
    assert "no plan" in result.taken_back["a"].error.message
