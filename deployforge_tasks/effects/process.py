"""Running other programs: never through a shell, secrets only in their environment, output to the task's log."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, AnyStr

from deployforge_tasks.core.errors import PreflightError, ProgramError, ProgramTimeoutError
from deployforge_tasks.core.redact import redactor

# What a child gets of our environment; everything else, above all other platforms' secrets, stays here.
_KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "TZ", "USER", "LOGNAME",
    "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "PROGRAMFILES",
    "PROGRAMDATA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "DOCKER_HOST", "XDG_RUNTIME_DIR",
    "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GOCACHE", "JAVA_HOME", "SSH_AUTH_SOCK",
)  # fmt: skip

#: Seconds for which a program's file may still be held open by somebody who has just written it.
_BUSY = 5.0


@dataclass(frozen=True)
class Completed:
    """A finished program: its exit code and what it printed (redacted)."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str


class Processes:
    """Runs programs. `on_line` receives every line of output, already redacted.

    `until` is the moment (`time.monotonic`) at which a program that still runs is killed.
    """

    def __init__(self, on_line: Callable[[str], None] | None = None, *, until: float = math.inf) -> None:
        self._on_line = on_line
        self._until = until

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        timeout: float = 600.0,
        check: bool = True,
        stdin: str | None = None,
        clean: bool = False,
    ) -> Completed:
        """Run a program to its end.

        Args:
            argv: program and arguments; put `--` before values that come from a user.
            env: added to the child's environment.
            secrets: added too, and registered for redaction.
            timeout: seconds after which the whole process group is killed.
            check: raise when the exit code is not 0.
            stdin: text for its standard input (else it has none).
            clean: nothing of our environment but `env` and what the system itself needs (sandboxes).

        Raises:
            PreflightError: the program is not on this machine.
            ProgramTimeoutError: it did not end in time.
            ProgramError: it failed; the message ends with its last lines.
        """
        args = [str(a) for a in argv]
        for secret in (secrets or {}).values():
            redactor.add(secret)
        environment = {**child_environment(clean=clean), **(env or {}), **(secrets or {})}
        done = self._communicate(args, cwd, environment, timeout, stdin)
        if check and done.returncode != 0:
            raise _failed(done)
        return done

    def _communicate(
        self, args: list[str], cwd: Path | None, env: dict[str, str], timeout: float, stdin: str | None
    ) -> Completed:
        program = shutil.which(args[0], path=env.get("PATH"))
        if program is None:
            raise missing_tool(args[0])
        process = start(
            [program, *args[1:]],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            **own_group(),
        )
        timeout = max(0.0, min(timeout, self._until - time.monotonic()))
        out, err = _Reader(process.stdout, self._on_line), _Reader(process.stderr, self._on_line)
        if stdin is not None:
            threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True).start()
        try:
            _wait(process, out, timeout)
        except subprocess.TimeoutExpired as error:
            raise ProgramTimeoutError(
                f"`{args[0]}` did not end within {timeout:.0f} seconds",
                hint="it was stopped; run it by hand to see what it waits for",
                code="DF3090",
            ) from error
        finally:
            kill_group(process)
        return Completed(tuple(redactor.text(a) for a in args), process.returncode, out.text(), err.text())


def start(args: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a program (arguments as `subprocess.Popen`), also one whose file was written a moment ago.

    A child that another thread starts at the same time inherits the file that we are writing until it runs its own
    program; as long as it does, Linux answers "text file busy" (https://github.com/golang/go/issues/22315).
    """
    deadline = time.monotonic() + _BUSY
    while True:
        try:
            return subprocess.Popen(args, **options)
        except OSError as error:
            if error.errno != getattr(errno, "ETXTBSY", None) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class _Reader(threading.Thread):
    """Collects a stream line by line, so that neither pipe can fill up."""

    def __init__(self, stream: IO[str] | None, on_line: Callable[[str], None] | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._on_line = on_line
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        assert self._stream is not None
        with self._stream as lines:
            for line in lines:
                clean = redactor.text(line)
                self._lines.append(clean)
                if self._on_line:
                    self._on_line(clean.rstrip("\n"))

    def text(self) -> str:
        self.join(5)
        return "".join(self._lines)


def _feed(stream: IO[str], text: str) -> None:
    """Write a program's standard input: from a thread, because one that does not read would hold up its own timeout."""
    with contextlib.suppress(OSError):  # it ended without reading; its exit code tells why
        stream.write(text)
    with contextlib.suppress(OSError):
        stream.close()


def _wait(process: subprocess.Popen[str], output: threading.Thread, timeout: float) -> None:
    """Wait for the end: that of its output tells at once, where `Popen.wait` looks every 50 ms.

    Raises:
        TimeoutExpired: it still runs.
    """
    deadline = time.monotonic() + timeout
    while output.is_alive() and process.poll() is None and (left := deadline - time.monotonic()) > 0:
        output.join(min(0.05, left))
    process.wait(max(0.0, deadline - time.monotonic()))


def child_environment(*, clean: bool = False) -> dict[str, str]:
    """The part of our environment that a child may see."""
    kept = ("SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT") if clean else _KEPT
    return {name: os.environ[name] for name in kept if name in os.environ}


def own_group() -> dict[str, Any]:
    """Arguments of `Popen` for a program that a Ctrl-C meant for us does not reach: we decide when it stops."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def kill_descendants(pid: int) -> None:
    """Kill every program that a process started, and those which they started."""
    import psutil

    try:
        family = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in family:
        with contextlib.suppress(psutil.Error):
            child.kill()


def kill_group(process: subprocess.Popen[AnyStr]) -> None:
    """Stop a program and everything it started."""
    if sys.platform == "win32":  # there are no sessions: only who is whose child
        kill_descendants(process.pid)
        if process.poll() is None:
            process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def which(tool: str) -> str | None:
    """The path of a program on PATH, or None."""
    return shutil.which(tool)


def missing_tool(tool: str) -> PreflightError:
    """The error for a program that is needed and not there."""
    return PreflightError(f"`{tool}` is not on this machine", hint=f"install {tool} and put it on PATH", code="DF3001")


def _failed(done: Completed) -> ProgramError:
    tail = [line for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()][-5:]
    return ProgramError(
        f"`{Path(done.argv[0]).name}` ended with exit code {done.returncode}: {' / '.join(tail) or 'no output'}",
        hint="run again with -vv to see its whole output",
        code="DF3091",
    )
