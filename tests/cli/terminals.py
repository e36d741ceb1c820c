"""A person at a real terminal: sees the screen as it is now, and presses keys."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyte


class Screen:
    """A program on a terminal of its own (a pseudo terminal behind a terminal emulator)."""

    def __init__(
        self, argv: Sequence[str], folder: Path, environ: Mapping[str, str], *, width: int = 100, height: int = 30
    ) -> None:
        import pexpect

        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)
        self._closed: Any = (pexpect.EOF,)
        self._quiet: Any = (pexpect.TIMEOUT,)
        self.everything = b""
        self.child = pexpect.spawn(
            argv[0], list(argv[1:]), cwd=str(folder), env=dict(environ), dimensions=(height, width), timeout=60
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close(force=True)

    @property
    def text(self) -> str:
        """What stands on the screen now."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def waits_for(self, pattern: str, seconds: float = 60.0) -> str:
        """Read until the screen shows something that matches; the screen.

        Raises:
            AssertionError: it never does.
        """
        return self._until(lambda: bool(re.search(pattern, self.text)), f"`{pattern}` was never shown", seconds)

    def presses(self, keys: str) -> None:
        self.child.send(keys)

    def ends(self, seconds: float = 60.0) -> int:
        """Read until the program has ended; its exit code."""
        self._until(lambda: False, "the program has not ended", seconds, to_the_end=True)
        self.child.close()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)

    def _until(self, done: Any, problem: str, seconds: float, *, to_the_end: bool = False) -> str:
        deadline = time.monotonic() + seconds
        while not done():
            try:
                data = self.child.read_nonblocking(65536, timeout=0.2)
            except self._quiet:
                assert time.monotonic() < deadline, f"{problem}; the screen:\n{self.text}"
                continue
            except self._closed:
                assert to_the_end, f"{problem}, and the program has ended; the screen:\n{self.text}"
                break
            self.everything += data
            self._stream.feed(data)
        return self.text


def as_seen(output: str, width: int, height: int) -> str:
    """What a program's output leaves on a terminal."""
    screen = pyte.Screen(width, height)
    pyte.Stream(screen).feed(output)
    return "\n".join(line.rstrip() for line in screen.display).rstrip()
