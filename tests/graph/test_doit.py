"""Plain `doit` on a project with nothing but deployforge.yml and the plugins in pyproject.toml."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import VerifyError
from tests.graph import child
from tests.graph.shelf import ShelfServer, write_project
from tests.support.faults import drop_after, hold_after, hold_before, status
from tests.support.proxy import FaultProxy

posix = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGKILL and SIGTERM")


@pytest.fixture
def project(tmp_path: Path, proxy: FaultProxy) -> Path:
    return write_project(tmp_path / "project", {name: {"url": proxy.url} for name in ("a", "b")})


def statuses(listed: str) -> dict[str, str]:
    """`doit list --status` by task: ``U``p to date or to ``R``un."""
    rows = [line.split() for line in listed.splitlines()]
    return {name: state for state, name in rows}


def test_one_platform_can_be_deployed_by_its_name(project: Path, server: ShelfServer) -> None:
    done = child.doit(project, "a,b", "-n", "2", "deploy:a")

    assert done.returncode == 0, done.stderr
    assert server.accepted == ["a-0"]
    assert "published" in done.stdout
    assert "publish" in done.stderr


def test_a_second_run_does_nothing(project: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    child.doit(project, "a,b", "deploy")
    done = child.doit(project, "a,b", "deploy")

    assert done.returncode == 0
    assert "skipped" in done.stdout
    assert len(proxy.forwarded("PUT")) == 2


@pytest.mark.parametrize("words", [["-a", "deploy"], ["-a", "-n", "4", "publish"]])
def test_always_execute_never_publishes_again(project: Path, proxy: FaultProxy, words: list[str]) -> None:
    child.doit(project, "a,b", "deploy")
    done = child.doit(project, "a,b", *words)

    assert done.returncode == 0, done.stderr
    assert len(proxy.forwarded("PUT")) == 2


def test_forgetting_everything_never_publishes_again(project: Path, proxy: FaultProxy) -> None:
    child.doit(project, "a,b", "deploy")
    forgotten = child.doit(project, "a,b", "forget", "-a")
    done = child.doit(project, "a,b", "deploy")

    assert (forgotten.returncode, done.returncode) == (0, 0)
    assert len(proxy.forwarded("PUT")) == 2


def test_clean_removes_work_folders_and_nothing_else(project: Path, proxy: FaultProxy) -> None:
    child.doit(project, "a,b", "deploy")
    done = child.doit(project, "a,b", "clean")

    assert done.returncode == 0, done.stderr
    assert not (project / ".deployforge" / "work" / "1.0.0" / "a").exists()
    assert (project / ".deployforge" / "ledger.db").exists()
    assert (project / "deployforge.yml").exists()
    assert child.doit(project, "a,b", "deploy").returncode == 0
    assert len(proxy.forwarded("PUT")) == 2


def test_list_names_the_groups_and_list_all_the_tasks(project: Path) -> None:
    groups = child.doit(project, "a,b", "list")
    everything = child.doit(project, "a,b", "list", "--all", "--quiet")

    assert [line.split()[0] for line in groups.stdout.splitlines()] == [
        "deploy", "package", "preflight", "publish", "rehearse", "render", "rollback", "stats", "verify",
    ]  # fmt: skip
    assert {"deploy:a", "publish:b", "verify:a", "rollback:b", "stats:a"} <= {
        line.strip() for line in everything.stdout.splitlines()
    }


def test_a_reader_of_the_list_may_go_away(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        done = child.start(project, "a,b", "list", "--all", stdout=nobody)
        _, err = done.communicate(timeout=60)

    assert (done.returncode, err) == (141, "")


def test_list_is_right_again_after_the_project_changed(project: Path, proxy: FaultProxy) -> None:
    child.doit(project, "a,b", "list", "--all", "--quiet")
    write_project(project, {"b": {"url": proxy.url}})
    done = child.doit(project, "a,b", "list", "--all", "--quiet")

    names = {line.strip() for line in done.stdout.splitlines()}
    assert "deploy:b" in names
    assert "deploy:a" not in names


def test_list_of_remembered_names_loads_no_heavy_module(project: Path) -> None:
    child.doit(project, "a,b", "list")
    code = "import sys; from doit.doit_cmd import DoitMain; DoitMain().run(['list']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)

    loaded = done.stdout.splitlines()[-1]
    heavy = ("pydantic", "requests", "sqlalchemy", "rich", "cookiecutter", "docker", "twine")
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_the_graph_loads_no_module_that_only_a_stage_needs(project: Path) -> None:
    code = (
        "import sys; from doit.doit_cmd import DoitMain; DoitMain().run(['list', '--deps']); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=child.ROOT, capture_output=True, text=True, check=True)

    loaded = done.stdout.splitlines()[-1]
    heavy = ("requests", "sqlalchemy", "rich", "cookiecutter", "docker", "twine")
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_list_status_tells_what_is_there(project: Path) -> None:
    child.doit(project, "a,b", "deploy:a")
    done = child.doit(project, "a,b", "list", "--all", "--status", "--quiet")

    status = statuses(done.stdout)
    assert (status["publish:a"], status["publish:b"]) == ("U", "R")


def test_info_tells_why_a_task_would_run(project: Path) -> None:
    done = child.doit(project, "a,b", "info", "publish:a")

    assert "presence on a: absent (not there)" in done.stdout


@pytest.mark.parametrize("command", ["ignore", "reset-dep"])
def test_commands_that_would_fake_a_release_are_switched_off(project: Path, command: str) -> None:
    done = child.doit(project, "a,b", command, "publish:a")

    assert done.returncode == 3
    assert "switched off" in done.stderr


def test_an_unknown_task_is_an_error(project: Path) -> None:
    assert child.doit(project, "a,b", "deploy:nosuch").returncode == 3


def test_the_version_can_be_named_on_the_command_line(project: Path, server: ShelfServer) -> None:
    assert child.doit(project, "a,b", "deploy:a", "version=v2.0.0").returncode == 0
    assert list(server.files) == [("a", "2.0.0")]


def test_a_broken_configuration_says_what_is_wrong_without_a_traceback(project: Path) -> None:
    (project / "deployforge.yml").write_text("name: [")
    done = child.doit(project, "a,b", "list")

    assert done.returncode == 3
    assert "deployforge.yml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_ledger_that_cannot_be_opened_says_so_without_a_traceback(project: Path) -> None:
    config = project / "deployforge.yml"
    config.write_text(config.read_text("utf-8") + "\nledger: mysql://db.example/releases\n", "utf-8")
    done = child.doit(project, "a,b", "deploy")

    assert done.returncode == 3
    assert "the ledger cannot live in mysql" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_does_not_stop_a_release(project: Path, server: ShelfServer) -> None:
    process = child.start(project, "a,b", "deploy")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    process.wait(60)

    assert sorted(server.accepted) == ["a-0", "b-0"]


@posix
@pytest.mark.parametrize("fault", [hold_before, hold_after], ids=["before the write", "after the write"])
def test_a_killed_run_is_finished_by_the_next_one(
    project: Path, server: ShelfServer, proxy: FaultProxy, fault: object
) -> None:
    rule = proxy.when("PUT", do=fault, nth=2)  # type: ignore[arg-type]
    process = child.start(project, "a,b", "-n", "1", "deploy")
    assert rule.wait(30), process.communicate(timeout=5)
    process.kill()
    process.communicate()
    proxy.clear()

    done = child.doit(project, "a,b", "-n", "2", "deploy")

    assert done.returncode == 0, done.stderr
    assert sorted(server.accepted) == ["a-0", "b-0"]


@posix
def test_a_killed_run_forgets_no_finished_task(project: Path, proxy: FaultProxy) -> None:
    rule = proxy.when("PUT", do=hold_before)
    process = child.start(project, "a,b", "deploy:a")
    assert rule.wait(30), process.communicate(timeout=5)
    process.kill()
    process.communicate()
    proxy.clear()

    done = child.doit(project, "a,b", "list", "--all", "--status", "--quiet")

    status = statuses(done.stdout)
    assert (status["package:a"], status["package:b"]) == ("U", "R")


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_lets_what_runs_finish_and_starts_nothing_new(
    project: Path, server: ShelfServer, proxy: FaultProxy, number: int, code: int
) -> None:
    rule = proxy.when("PUT", do=hold_before)
    process = child.start(project, "a,b", "-n", "1", "deploy")
    assert rule.wait(30), process.communicate(timeout=5)
    os.kill(process.pid, number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    rule.release()
    out, err = process.communicate(timeout=30)

    assert process.returncode == code, out + err
    assert len(server.accepted) == 1
    assert child.doit(project, "a,b", "deploy").returncode == 0
    assert sorted(server.accepted) == ["a-0", "b-0"]


@posix
def test_a_stop_while_looking_for_a_lost_answer_leaves_the_question_to_the_next_run(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    project = write_project(tmp_path / "project", {"a": {"url": proxy.url}}, settle=30)
    lost = proxy.when("PUT", do=drop_after)
    proxy.when("GET", do=status(404), times=None)
    process = child.start(project, "a", "deploy")
    assert lost.wait(30), process.communicate(timeout=5)
    process.terminate()
    process.communicate(timeout=30)
    with sqlite3.connect(project / ".deployforge" / "ledger.db") as ledger:
        open_intents = ledger.execute("select piece from intents where outcome is null").fetchall()
    proxy.clear()

    done = child.doit(project, "a", "deploy")

    assert (process.returncode, open_intents) == (143, [("a-0",)])
    assert (done.returncode, server.accepted) == (0, ["a-0"])


@posix
def test_a_second_signal_kills(project: Path, proxy: FaultProxy) -> None:
    rule = proxy.when("PUT", do=hold_before)
    process = child.start(project, "a,b", "deploy")
    assert rule.wait(30), process.communicate(timeout=5)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)

    assert process.returncode == 130


def test_two_processes_at_once_publish_once_and_lose_nothing(
    project: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    rule = proxy.when("PUT", do=hold_before)
    first = child.start(project, "a,b", "-n", "2", "deploy")
    assert rule.wait(30), first.communicate(timeout=5)
    second = child.start(project, "a,b", "-n", "2", "deploy")
    rule.release()
    for process in (first, second):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err

    assert sorted(server.accepted) == ["a-0", "b-0"]
    assert len(proxy.forwarded("PUT")) == 2


def test_rehearse_is_a_task_that_fails_with_the_command(project: Path) -> None:
    done = child.doit(project, "a,b", "rehearse")  # the command's own process does not know the shelves

    assert done.returncode == VerifyError.exit_code
    assert "unknown platform `a`" in done.stderr
    assert "the rehearsal did not pass" in done.stderr
