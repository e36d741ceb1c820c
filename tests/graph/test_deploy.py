"""Several platforms in one run: at once, apart from one another, in the order that they need."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError, NetworkError
from deployforge_tasks.core.presence import Presence
from deployforge_tasks.ledger.reading import Reader
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.rollback import rollback
from deployforge_tasks.platforms.base import Job
from tests.graph.shelf import (
    VERSION,
    Heard,
    Shelf,
    ShelfOptions,
    ShelfServer,
    load_project,
    shelves,
    write_project,
)
from tests.support.faults import status
from tests.support.proxy import FaultProxy


def test_all_platforms_are_looked_up_at_the_same_time_without_n(
    tmp_path: Path, server: ShelfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"p{number}" for number in range(12)]
    together = threading.Barrier(len(names), timeout=10)
    real = Shelf.presence

    def meet(self: Shelf, job: Job[ShelfOptions]) -> Presence:
        answer = real(self, job)
        if self.name not in met:
            met.add(self.name)
            together.wait()
        return answer

    met: set[str] = set()
    monkeypatch.setattr(Shelf, "presence", meet)
    project = write_project(tmp_path, {name: {"url": server.url} for name in names})
    with shelves(*names):
        result = deploy(load_project(project), jobs=0)

    assert result.exit_code == 0
    assert sorted(server.accepted) == sorted(f"{name}-0" for name in names)


def test_stages_of_different_platforms_run_at_the_same_time_with_n(
    tmp_path: Path, server: ShelfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(3, timeout=10)
    monkeypatch.setattr(Shelf, "render", lambda self, job: together.wait())
    project = write_project(tmp_path, {name: {"url": server.url} for name in "abc"})
    with shelves("a", "b", "c"):
        assert deploy(load_project(project), jobs=3).exit_code == 0


def test_a_check_that_raises_fails_its_own_platform_only(
    tmp_path: Path, server: ShelfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Shelf.presence

    def broken(self: Shelf, job: Job[ShelfOptions]) -> Presence:
        if self.name == "bad":
            raise KeyError("pieces")
        return real(self, job)

    monkeypatch.setattr(Shelf, "presence", broken)
    project = write_project(tmp_path, {name: {"url": server.url} for name in ("good", "bad", "fine")})
    with shelves("good", "bad", "fine"):
        result = deploy(load_project(project), jobs=2)

    assert {name: p.outcome for name, p in result.platforms.items()} == {
        "good": "published",
        "bad": "failed",
        "fine": "published",
    }
    assert isinstance(result.platforms["bad"].error, NetworkError)
    assert "KeyError" in result.platforms["bad"].error.message


def test_a_fault_in_a_platforms_code_is_an_internal_error_of_that_platform(
    tmp_path: Path, server: ShelfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shelf, "render", lambda self, job: 1 // 0 if self.name == "bad" else None)
    project = write_project(tmp_path, {name: {"url": server.url} for name in ("good", "bad")})
    with shelves("good", "bad"):
        result = deploy(load_project(project))

    assert result.platforms["good"].outcome == "published"
    assert result.platforms["bad"].error is not None
    assert (result.platforms["bad"].error.code, result.exit_code) == ("DF9000", 70)


def test_a_preflight_error_fails_the_platform_and_blocks_its_publishing(tmp_path: Path, server: ShelfServer) -> None:
    heard = Heard()
    project = write_project(tmp_path, {"a": {"url": server.url, "flaw": "wrong colour"}, "b": {"url": server.url}})
    with shelves("a", "b"):
        result = deploy(load_project(project), listeners=[heard])

    assert heard.ends("preflight") == {"a": "failed", "b": "ok"}
    assert heard.ends("publish") == {"a": "blocked", "b": "ok"}
    assert heard.ends("verify") == {"a": "blocked", "b": "ok"}
    assert result.platforms["a"].reason == "SHELF-001 wrong colour"
    assert (result.exit_code, server.accepted) == (5, ["b-0"])


def test_an_optional_platform_degrades_the_run_and_does_not_fail_it(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(
        tmp_path, {"a": {"url": server.url, "flaw": "wrong colour", "required": False}, "b": {"url": server.url}}
    )
    with shelves("a", "b"):
        result = deploy(load_project(project))

    assert (result.exit_code, result.outcome, result.platforms["a"].outcome) == (0, "degraded", "failed")


def test_the_gate_holds_every_upload_until_the_required_platforms_are_ready(
    tmp_path: Path, server: ShelfServer
) -> None:
    project = write_project(
        tmp_path, {"a": {"url": server.url, "flaw": "wrong colour"}, "b": {"url": server.url}}, gate="required"
    )
    with shelves("a", "b"):
        result = deploy(load_project(project))

    assert server.accepted == []
    assert result.platforms["b"].outcome == "blocked"
    assert "gate:a" in result.platforms["b"].reason


def test_the_gate_lets_pass_what_is_there_already_and_what_is_optional(tmp_path: Path, server: ShelfServer) -> None:
    server.files["a", VERSION] = {"a-0": b"there already"}
    flaw = {"url": server.url, "flaw": "wrong colour"}
    project = write_project(
        tmp_path, {"a": flaw, "b": {"url": server.url}, "c": {**flaw, "required": False}}, gate="required"
    )
    with shelves("a", "b", "c"):
        result = deploy(load_project(project))

    assert (result.exit_code, server.accepted) == (0, ["b-0"])
    assert "a" not in Shelf.made


def test_a_hub_is_published_before_what_needs_it(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"spoke": {"url": server.url}, "hub": {"url": server.url}})
    with shelves("spoke", "hub", needs={"spoke": ("hub",)}):
        result = deploy(load_project(project), jobs=4)

    assert (result.exit_code, server.accepted) == (0, ["hub-0", "spoke-0"])


def test_a_hub_that_fails_blocks_only_what_needs_it(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=status(403), times=None)
    project = write_project(
        tmp_path, {"hub": {"url": proxy.url}, "spoke": {"url": server.url}, "other": {"url": server.url}}
    )
    with shelves("hub", "spoke", "other", needs={"spoke": ("hub",)}):
        result = deploy(load_project(project), jobs=4)

    assert {name: p.outcome for name, p in result.platforms.items()} == {
        "hub": "failed",
        "spoke": "blocked",
        "other": "published",
    }
    assert result.platforms["spoke"].reason == "waits for publish:hub, which failed"


def test_only_the_named_platforms_are_deployed(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"a": {"url": server.url}, "b": {"url": server.url}})
    with shelves("a", "b"):
        result = deploy(load_project(project), platforms=["b"])

    assert (list(result.platforms), server.accepted) == (["b"], ["b-0"])


def test_a_platform_that_is_switched_off_cannot_be_named(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"a": {"url": server.url, "enabled": False}, "b": {"url": server.url}})
    with shelves("a", "b"), pytest.raises(ConfigError, match="`a` is switched off"):
        deploy(load_project(project), platforms=["a"])


def test_what_a_task_prints_goes_to_its_own_log_and_nowhere_else(
    tmp_path: Path, server: ShelfServer, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = Heard()
    names = ("a", "b", "c", "d")
    project = write_project(tmp_path, {name: {"url": server.url} for name in names})
    with shelves(*names):
        deploy(load_project(project), listeners=[heard], jobs=4)

    for name in names:
        assert [line for line in heard.logged(name) if "packaging" in line] == [f"packaging {name}"]
    assert "packaging" not in "".join(capsys.readouterr())


def test_the_ledger_has_the_run_with_every_stage(tmp_path: Path, server: ShelfServer) -> None:
    names = ("a", "b", "c")
    project = write_project(tmp_path, {name: {"url": server.url} for name in names})
    with shelves(*names):
        result = deploy(load_project(project), jobs=3)

    reader = Reader.open(f"sqlite:///{(tmp_path / '.deployforge' / 'ledger.db').as_posix()}")
    (run,) = reader.runs("hello-forge", "", 20)
    stages = {(attempt.platform, attempt.stage, attempt.outcome) for attempt in reader.attempts([run.id])[run.id]}
    reader.close()
    assert (run.id, run.outcome, run.exit_code) == (result.run, "ok", 0)
    work = ("render", "package", "preflight", "publish", "verify")
    assert stages == {(name, stage, "ok") for name in names for stage in work}


def test_a_listener_that_breaks_does_not_disturb_the_run(tmp_path: Path, server: ShelfServer) -> None:
    def broken(event: object) -> None:
        raise BrokenPipeError

    project = write_project(tmp_path, {"a": {"url": server.url}})
    with shelves("a"):
        assert deploy(load_project(project), listeners=[broken]).exit_code == 0


def test_a_changed_option_makes_the_package_again(tmp_path: Path, server: ShelfServer) -> None:
    made = []
    for text in ("one", "one", "two"):
        project = write_project(tmp_path, {"a": {"url": server.url, "text": text, "flaw": "not yet"}})
        with shelves("a"):
            deploy(load_project(project))
            made.append(list(Shelf.made))

    assert made == [["a"], [], ["a"]]


def test_two_versions_keep_their_state_apart(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"a": {"url": server.url}})
    with shelves("a"):
        for version in ("1.0.0", "1.1.0", "1.0.0"):
            assert deploy(load_project(project, version)).exit_code == 0

    assert server.accepted == ["a-0", "a-0"]
    assert Shelf.made == ["a", "a"]


def test_a_rollback_goes_to_the_version_published_before(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"a": {"url": server.url}})
    with shelves("a"):
        first = rollback(load_project(project, "1.0.0"))
        for version in ("1.0.0", "1.1.0"):
            deploy(load_project(project, version))
        second = rollback(load_project(project, "1.1.0"))

    assert first.platforms["a"].rollback is not None
    assert first.platforms["a"].rollback.manual
    assert first.exit_code == 8
    assert second.platforms["a"].rollback is not None
    assert second.platforms["a"].rollback.done == ("back to 1.0.0",)
    assert second.exit_code == 0


def test_a_rollback_to_the_version_to_leave_changes_nothing(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"a": {"url": server.url}})
    with shelves("a"):
        deploy(load_project(project, "1.1.0"))
        result = rollback(load_project(project, "1.1.0"), to="1.1.0")

    error = result.platforms["a"].error
    assert error is not None
    assert (error.code, result.exit_code) == ("DF5501", 8)


def test_nobody_is_taken_back_to_a_version_that_was_taken_back(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path, {"a": {"url": server.url}})
    with shelves("a"):
        for version in ("1.0.0", "1.1.0"):
            deploy(load_project(project, version))
        rollback(load_project(project, "1.1.0"))
        deploy(load_project(project, "1.2.0"))
        result = rollback(load_project(project, "1.2.0"))

    assert result.platforms["a"].rollback is not None
    assert result.platforms["a"].rollback.done == ("back to 1.0.0",)
