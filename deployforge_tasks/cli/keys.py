"""Single keys of a person at a terminal, without Enter."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deployforge_tasks.cli.terminal import is_terminal

_TICK = 0.05


@contextmanager
def pressed() -> Iterator[Callable[[float], str]]:
    """A function that waits up to some seconds for a key and returns it, or "" when none came.

    Ctrl-C stays a signal. The terminal is put back after the block. Without a terminal it only waits.
    """
    if not is_terminal(sys.stdin):
        yield _wait
    elif sys.platform == "win32":
        yield _on_windows
    else:
        with _unbuffered(sys.stdin.fileno()) as file:
            yield lambda seconds: _on_posix(file, seconds)


def _wait(seconds: float) -> str:
    threading.Event().wait(seconds)
    return ""


if sys.platform == "win32":

    def _on_windows(seconds: float) -> str:
        import msvcrt

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if msvcrt.kbhit():
                return msvcrt.getwch()
            _wait(_TICK)
        return ""

else:

    def _on_posix(file: int, seconds: float) -> str:
        import select

        ready, _, _ = select.select([file], [], [], seconds)
        if not ready:
            return ""
        try:
            key = os.read(file, 1)
        except OSError:
            key = b""
        if not key:  # the terminal is gone: nothing will ever come
            return _wait(seconds)
        return key.decode("latin-1")

    @contextmanager
    def _unbuffered(file: int) -> Iterator[int]:
        import termios
        import tty

        before = termios.tcgetattr(file)
        tty.setcbreak(file, termios.TCSADRAIN)  # what was pressed before counts, too
        try:
            yield file
        finally:
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(file, termios.TCSADRAIN, before)
