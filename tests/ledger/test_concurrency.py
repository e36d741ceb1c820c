"""Threads, processes, locks and kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from deployforge_tasks.core.errors import ArtifactError, DeployForgeError
from deployforge_tasks.ledger.store import Key, Ledger

KEY = Key("hello", "", "npm", "1.0.0")

HOLD = """
import sys
from deployforge_tasks.ledger.store import Key, Ledger
ledger = Ledger.open(sys.argv[1])
with ledger.lock(Key("hello", "", "npm", "1.0.0"), 5):
    ledger.intend(Key("hello", "", "npm", "1.0.0"), "piece", "digest")
    print("held", flush=True)
    sys.stdin.read()
"""

WRITE = """
import sys
from deployforge_tasks.ledger.store import Key, Ledger
ledger = Ledger.open(sys.argv[1])
key = Key("hello", "", "npm", "1.0.0")
for number in range(25):
    ledger.receive(ledger.intend(key, f"{sys.argv[2]}-{number}", "digest"))
"""


@contextmanager
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def test_two_processes_that_open_a_new_ledger_at_once_lose_nothing(ledger_url: str) -> None:
    children = [subprocess.Popen([sys.executable, "-c", WRITE, ledger_url, name]) for name in ("left", "right")]
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    ledger = Ledger.open(ledger_url)
    assert sorted(ledger.receipts(KEY)) == sorted(f"{name}-{n}" for name in ("left", "right") for n in range(25))
    ledger.close()


def test_threads_lose_nothing(ledger: Ledger) -> None:
    def publish(number: int) -> None:
        ledger.receive(ledger.intend(KEY, f"piece-{number}", "digest"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(80)))
    assert len(ledger.receipts(KEY)) == 80


def test_as_many_locks_as_a_run_has_platforms_leave_room_for_the_work(ledger: Ledger) -> None:
    keys = [Key("hello", "", f"platform-{number}", "1.0.0") for number in range(20)]
    with ExitStack() as held:
        for key in keys:
            held.enter_context(ledger.lock(key, 0))
        assert ledger.intend(keys[0], "piece", "digest") > 0


def test_of_two_threads_that_freeze_different_digests_exactly_one_wins(ledger: Ledger) -> None:
    barrier = threading.Barrier(2)

    def freeze(digest: str) -> bool:
        barrier.wait()
        try:
            ledger.freeze("hello", "1.0.0", "hello.tar.gz", digest)
        except ArtifactError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(freeze, ("aa", "bb"))) == [False, True]


def test_a_lock_can_be_taken_again_after_it_was_freed(ledger: Ledger) -> None:
    with ledger.lock(KEY, 0):
        pass
    with ledger.lock(KEY, 0):
        pass


def test_a_lock_excludes_other_threads(ledger: Ledger) -> None:
    def take() -> str:
        try:
            with ledger.lock(KEY, 0.1):
                return "taken"
        except DeployForgeError as error:
            return error.code

    with ledger.lock(KEY, 0), ThreadPoolExecutor(1) as pool:
        assert pool.submit(take).result() == "DF4010"


def test_locks_of_different_keys_do_not_wait_for_one_another(ledger: Ledger) -> None:
    with ledger.lock(KEY, 0), ledger.lock(Key("hello", "rehearsal", "npm", "1.0.0"), 0):
        pass


def test_a_lock_is_freed_when_the_work_inside_fails(ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.lock(KEY, 0):
        raise ZeroDivisionError
    with ledger.lock(KEY, 0):
        pass


def test_who_holds_a_lock_is_named(ledger: Ledger, ledger_url: str) -> None:
    with holder(ledger_url) as child:
        with pytest.raises(DeployForgeError) as caught, ledger.lock(KEY, 0):
            pass
        assert f"pid {child.pid} " in caught.value.message
        assert "since" in caught.value.message
        assert caught.value.hint


def test_who_is_waited_for_is_told_once_and_a_stop_ends_the_waiting(ledger: Ledger, ledger_url: str) -> None:
    told: list[str] = []
    pauses = iter([True, True, False])
    with (
        holder(ledger_url) as child,
        pytest.raises(DeployForgeError) as caught,
        ledger.lock(KEY, 600, pause=lambda _: next(pauses), tell=told.append),
    ):
        pass
    assert len(told) == 1
    assert f"pid {child.pid} " in told[0]
    assert caught.value.code == "DF4010"


def test_a_lock_that_is_free_is_taken_without_a_word(ledger: Ledger) -> None:
    told: list[str] = []
    with ledger.lock(KEY, 600, tell=told.append):
        assert told == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="only on systems with SIGKILL")
def test_a_killed_holder_frees_its_lock_and_leaves_its_intent_dangling(ledger: Ledger, ledger_url: str) -> None:
    with holder(ledger_url) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(timeout=10)
        with ledger.lock(KEY, 10):
            assert [intent.piece for intent in ledger.open_intents(KEY)] == ["piece"]
