"""Ctrl-C and SIGTERM for the real command: the first drains, the second kills, and the exit code says which it was."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.faults import hold_before
from tests.support.proxy import Rule
from tests.support.worlds import WRITES, World, world

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on systems where signals can be sent")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    """A platform that publishes through a program of its own (git)."""
    with world("homebrew", tmp_path) as made:
        yield made


@pytest.fixture
def held(made: World) -> Rule:
    return made.proxy.when(*WRITES, do=hold_before)


@pytest.fixture
def deploy(made: World, held: Rule) -> Iterator[subprocess.Popen[str]]:
    """A deploy in the middle of its irreversible call."""
    process = made.start_deploy()
    try:
        assert held.wait()
        yield process
    finally:
        process.kill()
        process.communicate()


def assert_goes_on(process: subprocess.Popen[str]) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"])
def test_the_first_lets_the_call_finish_and_ends_with_its_own_exit_code(
    made: World, held: Rule, deploy: subprocess.Popen[str], number: int, code: int
) -> None:
    deploy.send_signal(number)
    assert deploy.stderr
    assert any("stopping: what runs may finish" in line for line in deploy.stderr)
    assert_goes_on(deploy)
    held.release()
    out, err = deploy.communicate(timeout=60)

    assert deploy.returncode == code, out + err
    assert len(made.publications()) == 1
    assert made.rows("select piece from intents where outcome is null") == []
    assert made.deploy().returncode == 0
    assert len(made.publications()) == 1


def test_the_second_kills_at_once_with_everything_that_was_started(made: World, deploy: subprocess.Popen[str]) -> None:
    family = psutil.Process(deploy.pid).children(recursive=True)
    assert any("git" in child.name() for child in family)
    deploy.send_signal(signal.SIGINT)
    assert_goes_on(deploy)
    deploy.send_signal(signal.SIGINT)
    deploy.communicate(timeout=30)

    assert deploy.returncode == 130
    assert psutil.wait_procs(family, timeout=10)[1] == []
    made.proxy.clear()
    assert made.deploy().returncode == 0
    assert len(made.publications()) == 1


def test_a_run_that_waits_for_another_one_says_so_and_ends_at_the_first(
    made: World, held: Rule, deploy: subprocess.Popen[str]
) -> None:
    second = made.start_deploy()
    try:
        assert second.stderr is not None
        line = next(line for line in second.stderr if "waiting for it" in line)
        assert f"pid {deploy.pid} " in line
        second.send_signal(signal.SIGTERM)
        out, err = second.communicate(timeout=10)
        assert second.returncode == 143, out + err
    finally:
        second.kill()
        second.communicate()
    held.release()
    deploy.communicate(timeout=60)

    assert deploy.returncode == 0
    assert len(made.publications()) == 1
