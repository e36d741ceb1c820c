"""Starting a program that outlives us and our terminal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.effects.process import own_group, start


def start_detached(argv: Sequence[str], environ: Mapping[str, str], output: Path) -> subprocess.Popen[Any]:
    """Start a program in a session of its own, without a terminal; what it prints goes into a file.

    Args:
        argv: program and arguments; no secrets, everybody on the machine sees them.
        environ: its whole environment.
        output: the file, made for it.
    """
    with output.open("xb") as file:
        return start(
            argv, env=dict(environ), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, **own_group()
        )


def interrupt(process: subprocess.Popen[Any]) -> None:
    """Pass a Ctrl-C on to a program that `start_detached` started.

    Windows knows Ctrl-Break only for a process group of its own:
    https://learn.microsoft.com/windows/console/generateconsolectrlevent
    """
    if process.poll() is None:
        interrupt_pid(process.pid)


def interrupt_pid(pid: int) -> None:
    """Send a Ctrl-C to a process by its number; the caller knows that it is the right one."""
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            os.kill(pid, signal.CTRL_BREAK_EVENT)
        else:
            os.kill(pid, signal.SIGINT)
