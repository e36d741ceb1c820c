"""The small parts of the graph by themselves: state, output routing, outcomes, decisions after a failed write."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from doit.dependency import JSONCodec
from doit.exceptions import InvalidCommand

from deployforge_tasks.core.errors import (
    ArtifactError,
    CredentialError,
    DeployForgeError,
    InternalError,
    NetworkError,
    ProgramTimeoutError,
    PublishError,
    StatusError,
    VerifyError,
)
from deployforge_tasks.core.events import Event
from deployforge_tasks.core.model import Package, Piece
from deployforge_tasks.core.presence import Presence, State, compare
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.graph.action import json_values
from deployforge_tasks.graph.outcomes import Outcomes
from deployforge_tasks.graph.output import output_to, routed_output
from deployforge_tasks.graph.package_file import read_package, write_package
from deployforge_tasks.graph.publish import maybe_done
from deployforge_tasks.graph.settle import arrived
from deployforge_tasks.graph.state import State as TaskState


def state(folder: Path, scope: str = "p//1.0.0") -> TaskState:
    return TaskState(f"{folder / '.doit.db'}#{scope}", JSONCodec())


def save(made: TaskState, task: str, value: object) -> None:
    """As doit saves a finished task: `deps:` comes last."""
    made.set(task, "_values_:", {"value": value})
    made.set(task, "deps:", [])


def test_a_finished_task_is_on_disk_before_the_run_ends(tmp_path: Path) -> None:
    running = state(tmp_path)
    save(running, "package:a", 1)

    assert state(tmp_path).get("package:a", "_values_:") == {"value": 1}


def test_a_half_written_task_is_not_on_disk(tmp_path: Path) -> None:
    running = state(tmp_path)
    running.set("package:a", "_values_:", {"value": 1})

    assert not state(tmp_path).in_("package:a")


def test_two_versions_have_rows_of_their_own(tmp_path: Path) -> None:
    save(state(tmp_path, "p//1.0.0"), "package:a", 1)
    save(state(tmp_path, "p//2.0.0"), "package:a", 2)
    state(tmp_path, "p//2.0.0").remove_all()

    assert state(tmp_path, "p//1.0.0").get("package:a", "_values_:") == {"value": 1}
    assert not state(tmp_path, "p//2.0.0").in_("package:a")


def test_two_runs_at_once_lose_no_row(tmp_path: Path) -> None:
    def work(half: int) -> None:
        mine = state(tmp_path)
        for number in range(25):
            save(mine, f"task:{half}-{number}", number)
            mine.remove(f"task:{half}-none")
        mine.dump()

    threads = [threading.Thread(target=work, args=(half,)) for half in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite3.connect(tmp_path / ".doit.db") as database:
        assert database.execute("select count(*) from task_state").fetchone() == (50,)


def test_runs_that_begin_at_the_same_moment_make_the_state_together(tmp_path: Path) -> None:
    def begin(number: int) -> None:
        start.wait()
        state(tmp_path / str(number)).dump()

    for number in range(100):  # two of a hundred starts met in the one moment in which SQLite does not wait
        start = threading.Barrier(4)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(begin, [number] * 4))


def test_a_file_that_is_no_state_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".doit.db").write_bytes(b"something else entirely, and long enough to be looked at" * 20)

    with pytest.raises(InvalidCommand, match="remove it, and nothing is published twice"):
        state(tmp_path)


def test_output_goes_to_the_task_that_printed_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines: dict[int, list[str]] = {number: [] for number in range(4)}
    start = threading.Barrier(4)

    def task(number: int) -> None:
        with output_to(lines[number].append):
            start.wait(10)
            for count in range(10):
                sys.stdout.write(f"{number} ")
                sys.stdout.write(f"{count}\n")

    with routed_output():
        threads = [threading.Thread(target=task, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.stdout.write("from outside\n")

    assert lines == {number: [f"{number} {count}" for count in range(10)] for number in range(4)}
    assert capsys.readouterr().out == "from outside\n"


def test_the_streams_are_put_back() -> None:
    before = (sys.stdout, sys.stderr)
    with routed_output():
        assert sys.stdout is not before[0]
    assert (sys.stdout, sys.stderr) == before


def test_a_result_that_is_no_json_is_an_error_at_once() -> None:
    with pytest.raises(InternalError, match="not JSON"):
        json_values({"path": Path()})


def test_a_result_holds_no_secret() -> None:
    redactor.add("s3cret-in-a-result")
    assert json_values({"said": "token s3cret-in-a-result"}) == {"said": "token ***"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NetworkError("cut off", hint=""), True),
        (StatusError("", hint="", status=500), True),
        (StatusError("", hint="", status=503), True),
        (StatusError("", hint="", status=503, retry_after=3), False),
        (StatusError("", hint="", status=401), False),
        (StatusError("", hint="", status=429), False),
        (StatusError("", hint="", status=408), True),
        (StatusError("", hint="", status=409), True),
        (StatusError("", hint="", status=400, body="File already exists."), True),
        (StatusError("", hint="", status=403, body="cannot publish over 1.0.0"), True),
        (PublishError("the name is taken", hint=""), False),
        (CredentialError("no token", hint=""), False),
        (ProgramTimeoutError("it did not end", hint=""), True),
        (ConnectionRefusedError(), False),
        (TimeoutError(), True),
        (KeyError("x"), True),
    ],
    ids=repr,
)
def test_only_a_clear_no_means_that_nothing_was_accepted(error: Exception, expected: bool) -> None:
    assert maybe_done(error) is expected


def test_a_refused_connection_is_seen_behind_other_errors() -> None:
    error = NetworkError("no answer", hint="")
    error.__cause__ = OSError("pool")
    error.__cause__.__context__ = ConnectionRefusedError()

    assert not maybe_done(error)


@pytest.mark.parametrize(
    ("found", "expected"),
    [({}, False), ({"b": "2"}, False), ({"a": "9"}, False), ({"a": "1"}, True), ({"a": "1", "b": "9"}, True)],
)
def test_a_piece_has_arrived_when_it_is_there_as_it_was_sent(found: dict[str, str], expected: bool) -> None:
    assert arrived(compare(["a", "b"], {"a": "1", "b": "2"}, found), "a") is expected


@pytest.mark.parametrize(
    ("state_", "expected"), [(State.PENDING, True), (State.REJECTED, True), (State.UNKNOWN, False)]
)
def test_what_is_in_review_has_arrived_and_unknown_has_not(state_: State, expected: bool) -> None:
    assert arrived(Presence(state_, ""), "a") is expected


def test_a_package_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    package = Package((Piece("a", "1", "file", 3, "linux/amd64"), Piece("b", "2")))
    write_package(tmp_path, package, "made from this")

    assert read_package(tmp_path) == (package, "made from this")


@pytest.mark.parametrize("content", [None, "{", json.dumps({"pieces": [{"name": "a"}], "fingerprint": ""})])
def test_a_package_that_is_missing_or_damaged_is_made_again(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "package.json").write_text(content)
    assert read_package(tmp_path) is None


def test_a_package_without_its_files_is_made_again(tmp_path: Path) -> None:
    write_package(tmp_path, Package((Piece("a", "1", "gone"),)), "")
    assert read_package(tmp_path) is None


def ended(outcomes: Outcomes, platform: str, stage: str, outcome: str, error: DeployForgeError | None = None) -> None:
    if error:
        error.platform = platform
        outcomes.remember(error)
    outcomes(Event("stage_finished", platform, stage, {"outcome": outcome, "reason": f"{stage} {outcome}"}))


def test_the_exit_code_is_that_of_the_errors_when_all_are_of_one_kind() -> None:
    outcomes = Outcomes()
    ended(outcomes, "a", "verify", "failed", VerifyError("", hint=""))
    ended(outcomes, "b", "verify", "failed", VerifyError("", hint=""))

    assert outcomes.exit_code({"a": True, "b": True}) == 7


def test_the_exit_code_is_1_when_the_errors_are_of_several_kinds() -> None:
    outcomes = Outcomes()
    ended(outcomes, "a", "verify", "failed", VerifyError("", hint=""))
    ended(outcomes, "b", "publish", "failed", CredentialError("", hint=""))

    assert outcomes.exit_code({"a": True, "b": True}) == 1


def test_the_exit_code_of_a_stopped_run_names_the_signal() -> None:
    assert Outcomes().exit_code({}, stopped_by=15) == 143


def test_shared_files_that_cannot_be_had_fail_the_platforms_that_wait_for_them() -> None:
    outcomes = Outcomes()
    outcomes.remember(ArtifactError("changed", hint=""))
    ended(outcomes, "a", "publish", "blocked")

    assert outcomes.exit_code({"a": True}) == 5


def test_the_reason_is_the_first_of_the_worst_kind() -> None:
    outcomes = Outcomes()
    ended(outcomes, "a", "preflight", "failed")
    ended(outcomes, "a", "publish", "blocked")

    assert (outcomes.of("a").outcome, outcomes.of("a").reason) == ("failed", "preflight failed")
