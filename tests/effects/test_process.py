"""Other programs: no shell, no foreign secrets, everything they print is masked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from deployforge_tasks.core.errors import DeployForgeError, PreflightError, ProgramTimeoutError
from deployforge_tasks.effects.process import Processes, kill_descendants, kill_group, own_group

WAIT = "import sys; sys.stdin.read()"
#: Starts a program in a session of its own, tells its id, and waits with it.
START_ANOTHER = (
    "import subprocess, sys\n"
    f"child = subprocess.Popen([sys.executable, '-c', {WAIT!r}], start_new_session=True)\n"
    "print(child.pid, flush=True)\n"
    "child.wait()"
)
PRINT_ENVIRONMENT = [sys.executable, "-c", "import os; print(sorted(os.environ.items()))"]


def test_output_reaches_the_log_line_by_line() -> None:
    lines: list[str] = []
    done = Processes(lines.append).run([sys.executable, "-c", "print('one'); print('two')"])
    assert lines == ["one", "two"]
    assert done.stdout == "one\ntwo\n"


def test_a_child_sees_none_of_the_other_platforms_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_TOKEN", "pypi-other-platforms-secret")
    assert "PYPI_TOKEN" not in Processes().run(PRINT_ENVIRONMENT).stdout


def test_its_own_secret_comes_by_environment_and_is_masked_in_output() -> None:
    done = Processes().run(
        [sys.executable, "-c", "import os; print(os.environ['TOKEN'])"], secrets={"TOKEN": "tok-123456"}
    )
    assert done.stdout == "***\n"


def test_a_failure_tells_the_last_lines() -> None:
    with pytest.raises(DeployForgeError, match="exit code 3: it broke"):
        Processes().run([sys.executable, "-c", "import sys; print('it broke'); sys.exit(3)"])


def test_a_missing_program_says_what_to_install() -> None:
    with pytest.raises(PreflightError, match="no-such-program") as caught:
        Processes().run(["no-such-program"])
    assert "install" in caught.value.hint


def test_a_program_that_never_ends_is_stopped() -> None:
    with pytest.raises(DeployForgeError, match="did not end"):
        Processes().run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.3)


def test_a_value_with_shell_characters_is_only_a_value() -> None:
    done = Processes().run([sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id); `id`"])
    assert done.stdout == "$(id); `id`\n"


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A program of ours, and one that it started."""
    child = subprocess.Popen(
        [sys.executable, "-c", START_ANOTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **own_group()
    )
    assert child.stdout is not None
    grandchild = psutil.Process(int(child.stdout.readline()))
    yield child, grandchild
    for process in (child, grandchild):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    child.communicate()


def test_what_a_program_started_is_killed_though_it_has_its_own_session(
    family: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    child, grandchild = family
    kill_descendants(child.pid)
    assert psutil.wait_procs([grandchild], timeout=10)[0] == [grandchild]
    assert child.wait(10) == 0


def test_killing_what_has_ended_is_no_error() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""], **own_group())
    done.wait()
    kill_descendants(done.pid)
    kill_group(done)


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with process groups that signals go to")
def test_a_ctrl_c_for_us_does_not_reach_what_we_run() -> None:
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=subprocess.PIPE, **own_group()) as group:
        assert os.getpgid(group.pid) != os.getpgrp()
        kill_group(group)
    assert group.returncode == -signal.SIGKILL


def test_a_program_that_does_not_read_its_input_is_stopped_in_time() -> None:
    with pytest.raises(ProgramTimeoutError):
        Processes().run([sys.executable, "-c", "import time; time.sleep(60)"], stdin="x" * 1_000_000, timeout=1)
