"""Truth is an install: the sandbox runs what was installed, and nothing else."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

import psutil
import pytest

from deployforge_tasks.core.errors import ProgramTimeoutError, VerifyError
from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.effects.sandbox import Sandbox
from tests.support.hello import BINARY, executable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the programs here are shell scripts")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path / "sandbox", BINARY, Processes())


def script(folder: Path, text: str) -> Path:
    path = folder / BINARY
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_it_tells_what_the_program_printed(sandbox: Sandbox) -> None:
    assert sandbox.run_program([executable(Target("linux", "amd64"), "1.0.0"), "--version"]) == "hello-forge 1.0.0\n"


def test_a_program_that_is_still_open_for_writing_is_started_when_it_is_closed(sandbox: Sandbox) -> None:
    """In a process with many threads, another child may hold the file that we have just written."""
    program = sandbox.root / BINARY
    shutil.copy(executable(Target("linux", "amd64"), "1.0.0"), program)
    still_open = program.open("r+b")
    threading.Timer(0.3, still_open.close).start()
    assert "1.0.0" in sandbox.run_program([program, "--version"])


def test_a_wrapper_that_finds_itself_is_stopped_and_leaves_nothing_running(sandbox: Sandbox) -> None:
    wrapper = script(sandbox.root, f'{BINARY} "$@"')
    with pytest.raises(VerifyError, match="starts itself"):
        sandbox.run_program([wrapper, "--version"], path=[sandbox.root])
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(wrapper) in (p.info["cmdline"] or [])]


def test_a_program_that_hangs_is_stopped(sandbox: Sandbox) -> None:
    with pytest.raises(VerifyError, match="did not end"):
        sandbox.run_program([script(sandbox.root, "exec sleep 60")], timeout=0.2)


def test_a_program_that_fails_is_no_proof(sandbox: Sandbox) -> None:
    with pytest.raises(VerifyError, match="exit code 3: no config"):
        sandbox.run_program([script(sandbox.root, "echo no config >&2; exit 3")])


def test_a_program_without_the_executable_bit_cannot_be_started(sandbox: Sandbox) -> None:
    program = script(sandbox.root, "echo 1.0.0")
    program.chmod(0o644)
    with pytest.raises(VerifyError, match="cannot be started"):
        sandbox.run_program([program])


def test_the_maintainers_own_copy_of_the_program_is_not_on_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    script(mine, "echo mine")
    monkeypatch.setenv("PATH", f"{mine}{os.pathsep}{os.environ['PATH']}")
    environment = Sandbox(tmp_path / "sandbox", BINARY, Processes()).environment()
    assert str(mine) not in environment["PATH"].split(os.pathsep)


def test_nothing_of_the_maintainers_home_is_seen(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_TOKEN", "secret-of-the-maintainer")
    environment = sandbox.environment()
    assert "NPM_TOKEN" not in environment
    assert environment["HOME"] == str(sandbox.home)
    assert list(sandbox.home.iterdir()) == []


def test_a_client_that_hangs_is_stopped_after_the_time_of_the_sandbox(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "sandbox", BINARY, Processes(), timeout=0.5)
    with pytest.raises(ProgramTimeoutError):
        sandbox.run(["sleep", "60"])
