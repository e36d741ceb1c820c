"""What a deploy may be told: from which stage, whether a failure ends it, and how strict its end is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.cli import exit_codes
from deployforge_tasks.core.events import Event
from deployforge_tasks.graph.outcomes import DEGRADED, STRICT, WAITING
from deployforge_tasks.operations.deploy import DeployResult, deploy
from tests.graph import child
from tests.graph.shelf import Heard, Shelf, ShelfServer, load_project, shelves, write_project
from tests.support.faults import hold_before, status
from tests.support.proxy import FaultProxy, Rule

STAGES = ("render", "package", "preflight", "publish", "verify")
FLAW = {"flaw": "the name is taken"}


def project(folder: Path, url: str, **platforms: dict[str, Any]) -> Path:
    return write_project(folder, {name: {"url": url, **more} for name, more in platforms.items()})


def release(folder: Path, *names: str, **arguments: Any) -> DeployResult:
    with shelves(*names):
        return deploy(load_project(folder), **{"jobs": 1, **arguments})


def after_the_failure_of(name: str, held: Rule) -> Callable[[Event], None]:
    """A listener that lets a held request go on when a platform has failed."""

    def listen(event: Event) -> None:
        if event.kind == "stage_finished" and event.platform == name and event.data["outcome"] == "failed":
            held.release()

    return listen


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_and_what_follows_is_done_again_and_nothing_is_published_twice(
    tmp_path: Path, server: ShelfServer, stage: str
) -> None:
    folder = project(tmp_path, server.url, a={})
    release(folder, "a")
    heard = Heard()
    result = release(folder, "a", from_stage=stage, listeners=[heard])

    begun = [e.stage for e in heard.events if e.kind == "stage_started"]
    assert begun == [s for s in STAGES[STAGES.index(stage) :] if s != "publish"]
    assert server.accepted == ["a-0"]
    assert result.exit_code == 0
    assert result.platforms["a"].outcome == "skipped"


def test_a_package_is_really_made_again(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, a={})
    with shelves("a"):
        deploy(load_project(folder))
        deploy(load_project(folder))
        assert Shelf.made == ["a"]
        deploy(load_project(folder), from_stage="package")
        assert Shelf.made == ["a", "a"]


def test_a_version_that_is_not_there_is_published_whatever_the_stage(tmp_path: Path, server: ShelfServer) -> None:
    assert release(project(tmp_path, server.url, a={}), "a", from_stage="verify").exit_code == 0
    assert server.accepted == ["a-0"]


def test_plain_doit_begins_from_a_stage_too(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, a={})
    child.doit(folder, "a", "deploy")
    done = child.doit(folder, "a", "deploy", "from_stage=package")

    assert done.returncode == 0, done.stderr
    assert "package    started" in done.stderr
    assert "render     started" not in done.stderr
    assert server.accepted == ["a-0"]


@pytest.mark.parametrize(("word", "said"), [("from_stage=lunch", "names no stage"), ("strict=maybe", "is no switch")])
def test_a_word_that_doit_cannot_understand_is_a_clear_error(tmp_path: Path, word: str, said: str) -> None:
    done = child.doit(project(tmp_path, "http://127.0.0.1:9", a={}), "a", "deploy", word)

    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failure_lets_the_others_go_on(tmp_path: Path, server: ShelfServer) -> None:
    result = release(project(tmp_path, server.url, a=FLAW, b={}), "a", "b")

    assert (result.platforms["a"].outcome, result.platforms["b"].outcome) == ("failed", "published")


def test_with_fail_fast_nothing_new_begins_after_a_failure(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    held = proxy.when("GET", "/[bc]/", do=hold_before, times=None)
    folder = project(tmp_path, proxy.url, a=FLAW, b={}, c={})
    result = release(folder, "a", "b", "c", fail_fast=True, listeners=[after_the_failure_of("a", held)])

    assert server.accepted == []
    assert {p.outcome for p in result.platforms.values()} == {"failed", "stopped"}
    assert result.platforms["c"].reason == "a failed, and with --fail-fast nothing is begun after that"
    assert (result.exit_code, result.outcome) == (5, "failed")


def test_with_fail_fast_what_runs_may_finish(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    folder = project(tmp_path, proxy.url, a={}, b={})
    held = proxy.when("PUT", "/a/", do=hold_before)
    failed = proxy.when("PUT", "/b/", do=status(403), times=None)

    go_on = after_the_failure_of("b", held)
    result = release(folder, "a", "b", jobs=4, fail_fast=True, listeners=[go_on])

    assert failed.met
    assert server.accepted == ["a-0"]
    assert (result.platforms["a"].outcome, result.platforms["b"].outcome) == ("published", "failed")


def test_with_fail_fast_a_platform_that_is_not_required_ends_nothing(tmp_path: Path, server: ShelfServer) -> None:
    result = release(project(tmp_path, server.url, a={**FLAW, "required": False}, b={}), "a", "b", fail_fast=True)

    assert result.platforms["b"].outcome == "published"


@pytest.mark.parametrize("words", [["--no-continue", "deploy"], ["deploy", "fail_fast=1"]])
def test_plain_doit_fails_fast_too(tmp_path: Path, server: ShelfServer, proxy: FaultProxy, words: list[str]) -> None:
    held = proxy.when("GET", "/b/", do=hold_before)
    process = child.start(project(tmp_path, proxy.url, a=FLAW, b={}), "a,b", *words)
    assert process.stderr is not None
    assert any("failed" in line for line in iter(process.stderr.readline, ""))
    held.release()
    _, err = process.communicate(timeout=60)

    assert process.returncode == 5, err
    assert server.accepted == []


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 10)])
def test_a_failure_that_is_not_required_degrades_a_run(
    tmp_path: Path, server: ShelfServer, strict: bool, code: int
) -> None:
    folder = project(tmp_path, server.url, a={**FLAW, "required": False}, b={})
    result = release(folder, "a", "b", strict=strict)

    assert (result.outcome, result.exit_code) == (DEGRADED, code)


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 9)])
def test_what_waits_does_not_fail_a_run(tmp_path: Path, server: ShelfServer, strict: bool, code: int) -> None:
    server.hidden = {"a"}
    result = release(project(tmp_path, server.url, a={}), "a", strict=strict)

    assert (result.outcome, result.exit_code) == (WAITING, code)


def test_a_required_failure_weighs_more_than_what_waits(tmp_path: Path, server: ShelfServer) -> None:
    server.hidden = {"a"}
    result = release(project(tmp_path, server.url, a={}, b=FLAW), "a", "b", strict=True)

    assert (result.outcome, result.exit_code) == ("failed", 5)


def test_plain_doit_is_strict_when_asked(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, a={**FLAW, "required": False}, b={})

    assert child.doit(folder, "a,b", "deploy").returncode == 0
    assert child.doit(folder, "a,b", "deploy", "strict=1").returncode == 10


def test_the_codes_of_strict_runs_are_those_of_the_table() -> None:
    assert STRICT == {WAITING: exit_codes.WAITING, DEGRADED: exit_codes.DEGRADED}
    assert set(STRICT.values()) <= set(exit_codes.EXIT_CODES)
