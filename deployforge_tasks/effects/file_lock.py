"""Holding a folder alone among the processes and threads of this machine, for a limited time of waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from deployforge_tasks.core.errors import PublishError

#: Seconds to wait for somebody else: a build or a large download may take its time.
LONGEST_WAIT = 900.0
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


def sleep(seconds: float) -> bool:
    """Wait; never gives up."""
    time.sleep(seconds)
    return True


@contextmanager
def alone(
    file: Path, what: str, *, longest: float = LONGEST_WAIT, pause: Callable[[float], bool] = sleep
) -> Iterator[None]:
    """Hold a lock file; the system frees it when its holder dies.

    Args:
        file: the lock file; its folder must be there.
        what: what is held, for the error.
        longest: seconds to wait for another holder.
        pause: waits some seconds; False gives up waiting at once (the run is being stopped).

    Raises:
        PublishError: somebody else holds it, and it took too long or the run is being stopped.
    """
    lock = FileLock(file, timeout=0, thread_local=False)
    start, delay = time.monotonic(), _FIRST_PAUSE
    while not _taken(lock):
        waited = time.monotonic() - start
        if waited >= longest or not pause(min(delay, longest - waited)):
            raise PublishError(
                f"another run has held {what} for {waited:.0f} s",
                hint=f"wait for it, or stop it; it holds {file}",
                code="DF4040",
            )
        delay = min(delay * 2, _LONGEST_PAUSE)
    try:
        yield
    finally:
        lock.release()


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True
