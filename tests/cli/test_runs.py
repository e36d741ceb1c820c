"""What the ledger remembers: `runs` and `logs`."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from deployforge_tasks.cli.table import ago
from tests.cli.conftest import Cli

Project = Callable[..., None]
Screen = Callable[[str, str], None]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def released(cli: Cli, project: Project) -> Cli:
    """Run 1 failed on snap, run 2 had nothing to do but snap."""
    project({"npm": {}, "pypi": {}, "snap": {"flaw": "the token expires in 2 days"}})
    assert cli("deploy", "--yes").code == 5
    assert cli("deploy", "--yes", "--platforms", "npm,pypi").code == 0
    return cli


def put_run(cli: Cli, *, host: str, pid: int, started: datetime) -> None:
    with sqlite3.connect(cli.folder / ".deployforge" / "ledger.db") as ledger:
        ledger.execute(
            "insert into runs (project, profile, version, command, started_at, host, pid)"
            " values ('hello-forge', '', '1.1.0', 'deployforge deploy', ?, ?, ?)",
            (f"{started.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}", host, pid),
        )


@pytest.fixture
def ended_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return child.pid


@pytest.fixture
def living_pid() -> Iterator[int]:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child.pid
    child.communicate(b"\n")


def newest(cli: Cli) -> str:
    return str(cli("runs", "--limit", "1", "--json").json["runs"][0]["state"])


def test_the_runs_with_what_became_of_each_platform(released: Cli, screen: Screen) -> None:
    screen("runs", released("runs").out)


def test_no_run_yet(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("runs")
    assert (done.code, done.out) == (0, "hello-forge · no run yet\n")
    assert "`deployforge deploy` makes the first one" in done.err


def test_a_ledger_that_breaks_while_it_is_read_is_no_fault_of_our_own(released: Cli) -> None:
    with sqlite3.connect(released.folder / ".deployforge" / "ledger.db") as ledger:
        ledger.execute("drop table runs")
    done = released("runs")
    assert done.code == 3
    assert "error: the ledger cannot be used: no such table: runs   DF1054" in done.err
    assert list(released.folder.glob("**/crash-*")) == []


def test_runs_as_json(released: Cli) -> None:
    done = released("runs", "--limit", "1", "--json").json
    (run,) = done["runs"]
    assert done["schema"] == "deployforge.runs/1"
    assert (run["run"], run["state"], run["outcome"], run["exit_code"]) == (2, "finished", "ok", 0)
    assert run["platforms"] == {"npm": "skipped", "pypi": "skipped"}
    assert run["actor"] == "ann"


def test_one_run_tells_what_it_was_made_in_and_the_versions_of_its_tools(released: Cli) -> None:
    out = released("runs", "--run", "1").out
    assert re.search(r"^  Python +\d", out, re.MULTILINE)
    tools = out.partition("tools that tried what was published\n")[2]
    assert re.sub(" +", " ", tools) == " tool version platforms\n shelf 1 npm, pypi\n\n snap not verified in this run\n"


def test_one_run_as_json_has_its_environment(released: Cli) -> None:
    (run,) = released("runs", "--run", "1", "--json").json["runs"]
    assert run["run"] == 1
    assert run["environment"]["versions"]["DeployForge"]
    assert run["environment"]["tools"] == [{"name": "shelf", "version": "1", "platforms": ["npm", "pypi"]}]
    assert run["environment"]["without_tool"] == {"snap": "not verified in this run"}


def test_one_run_that_is_not_there(released: Cli) -> None:
    assert "DF1361" in released("runs", "--run", "77").err


def test_a_failed_platform_is_told_from_a_published_one(released: Cli) -> None:
    assert released("runs", "--json").json["runs"][1]["platforms"] == {
        "npm": "published",
        "pypi": "published",
        "snap": "failed",
    }


def test_a_run_whose_process_is_gone_was_killed(released: Cli, ended_pid: int) -> None:
    put_run(released, host=socket.gethostname(), pid=ended_pid, started=datetime.now(UTC))
    assert newest(released) == "killed"


def test_a_run_whose_process_lives_is_running(released: Cli, living_pid: int) -> None:
    put_run(released, host=socket.gethostname(), pid=living_pid, started=datetime.now(UTC))
    assert newest(released) == "running"


def test_another_process_that_has_the_number_now_does_not_count(released: Cli) -> None:
    put_run(released, host=socket.gethostname(), pid=os.getpid(), started=datetime.now(UTC) - timedelta(days=9))
    assert newest(released) == "killed"


def test_a_run_of_another_machine_is_named_with_its_machine(released: Cli) -> None:
    put_run(released, host="ci-7", pid=1, started=datetime.now(UTC))
    assert newest(released) == "elsewhere"
    assert "on ci-7" in released("runs").out


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(released: Cli, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(len(line) for line in released("runs").out.splitlines()) <= width


def test_a_narrow_terminal_leaves_out_what_matters_less(released: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    head, *rows = released("runs").out.splitlines()[2:]
    assert head.split() == ["run", "version", "when", "outcome", "platforms"]
    assert not any("…" in row or row.endswith(("✓", "✗")) for row in rows)


def test_the_log_of_the_newest_run(cli: Cli, project: Project, screen: Screen) -> None:
    project({"snap": {"flaw": "the token expires in 2 days"}})
    cli("deploy", "--yes")
    done = cli("logs")
    assert done.code == 0
    assert re.match(r"run 1 · v1.0.0 · 20\d\d-\d\d-\d\d \d\d:\d\d · deployforge deploy", done.err)
    screen("logs", done.out + done.err.partition("\n\n")[2])


def test_the_log_of_one_task_has_all_that_was_printed(released: Cli, screen: Screen) -> None:
    screen("logs-task", released("logs", "1", "package:npm").out)


def test_the_log_of_a_platform(released: Cli) -> None:
    words = [line.split()[1:3] for line in released("logs", "1", "snap").out.splitlines()]
    assert ["snap", "preflight"] in words
    assert {word[0] for word in words} == {"snap"}


def test_only_trouble(released: Cli) -> None:
    out = released("logs", "1", "--level", "warning").out
    assert "preflight  failed" in out
    assert "npm" not in out


def test_all_that_was_printed(released: Cli) -> None:
    assert "packaging" not in released("logs", "1").out
    assert "packaging npm" in released("logs", "1", "--level", "debug").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("logs", "publish:nmp"), "did you mean `publish:npm`?"),
        (("logs", "nppm"), "did you mean `npm`?"),
        (("logs", "1", "2"), "one RUN and one TASK"),
    ],
)
def test_a_name_that_is_not_there(released: Cli, words: tuple[str, ...], said: str) -> None:
    done = released(*words)
    assert done.code == 2
    assert said in done.err


def test_a_run_that_is_not_there(released: Cli) -> None:
    done = released("logs", "77")
    assert done.code == 3
    assert "DF1361" in done.err
    assert "the newest is run 2" in done.err


def test_a_project_without_runs(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("logs")
    assert done.code == 3
    assert "DF1360" in done.err


def test_a_log_as_json_is_one_document(released: Cli) -> None:
    done = released("logs", "1", "publish:npm", "--json")
    assert done.err == ""
    assert done.json["run"]["run"] == 1
    assert {e["platform"] for e in done.json["events"]} == {"npm"}
    assert "receipt" in {e["kind"] for e in done.json["events"]}


def test_an_empty_log_as_json_is_a_document_too(released: Cli) -> None:
    put_run(released, host="ci-7", pid=1, started=datetime.now(UTC))
    assert released("logs", "--json").json["events"] == []


def test_a_log_as_a_stream(released: Cli) -> None:
    documents = [json.loads(line) for line in released("logs", "1", "--json=stream").out.splitlines()]
    assert documents[0]["kind"] == "run_started"
    assert documents[-1]["schema"] == "deployforge.logs/1"


def test_following_a_run_that_ended_ends_too(released: Cli) -> None:
    done = released("logs", "-f")
    assert done.code == 0
    assert "run 2 ended: ok, exit code 0" in done.err


def test_what_a_program_printed_cannot_move_the_cursor(cli: Cli, project: Project) -> None:
    project({"npm": {"flaw": "one\x1b[2J\x07two\nthree"}})
    cli("deploy", "--yes")
    done = cli("logs")
    assert "onetwo three" in done.out.replace("one two", "onetwo")
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "just now"),
        (5, "5 min ago"),
        (185, "3 h ago"),
        (1500, "yesterday"),
        (5000, "3 days ago"),
        (50000, "2026-10-21"),
    ],
)
def test_times_are_told_as_people_do(minutes: int, said: str) -> None:
    assert ago(NOW - timedelta(minutes=minutes), NOW) == said
