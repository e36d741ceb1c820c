"""Waiting for a lock file ends: with the lock, after a time, or when the run is being stopped."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import PublishError
from deployforge_tasks.effects.file_lock import alone

HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_by_one_thread_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "lock", "the folder"), pytest.raises(PublishError), alone(tmp_path / "lock", "", longest=0):
        pass


def test_it_is_taken_as_soon_as_its_holder_lets_go(tmp_path: Path) -> None:
    waiting, taken = threading.Event(), threading.Event()

    def pause(seconds: float) -> bool:
        waiting.set()
        return not taken.wait(seconds)

    def take() -> None:
        with alone(tmp_path / "lock", "the folder", pause=pause):
            taken.set()

    thread = threading.Thread(target=take)
    with alone(tmp_path / "lock", "the folder"):
        thread.start()
        assert waiting.wait(10)
        assert not taken.is_set()
    thread.join(10)
    assert taken.is_set()


def test_waiting_ends_after_a_time_and_says_for_what(tmp_path: Path) -> None:
    short = alone(tmp_path / "lock", "the work folder", longest=0.05)
    with alone(tmp_path / "lock", "a"), pytest.raises(PublishError, match="has held the work folder") as it, short:
        pass
    assert it.value.code == "DF4040"


def test_a_stop_ends_the_waiting_at_once(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "lock", "a"),
        pytest.raises(PublishError),
        alone(tmp_path / "lock", "b", pause=lambda _: False),
    ):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        holder.kill()
        holder.wait()
    with alone(tmp_path / "lock", "the folder", longest=5):
        pass
