"""Starting a server program on loopback, waiting until it answers, and stopping it by its own handle."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from deployforge_tasks.core.errors import InternalError
from deployforge_tasks.effects.clock import Clock, Patience, poll
from deployforge_tasks.rehearsal.server import StandIn

#: Folders with server programs that are not on PATH, separated as PATH is.
FOLDERS = "DEPLOYFORGE_REAL_SERVERS"
_START = Patience(0.02, 0.2, 30.0)
#: Below those that systems give for port 0 (from 32768 on Linux): a server takes a second to start, and others may ask
#: for a port meanwhile.
_PORTS = range(20_000, 32_000)


def find(program: str, *places: str) -> str | None:
    """A server program: on PATH, in the folders that ``DEPLOYFORGE_REAL_SERVERS`` names, or in `places`."""
    folders = [os.environ.get("PATH", os.defpath), os.environ.get(FOLDERS, ""), *places]
    return shutil.which(program, path=os.pathsep.join(folder for folder in folders if folder))


class RealServer(StandIn):
    """A server program of its own in a stand-in's place: what it serves and the secrets' names are the stand-in's."""

    program: ClassVar[str]
    """The program that must be on this machine."""
    places: ClassVar[tuple[str, ...]] = ()
    """Further folders in which it may be."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def available(cls) -> bool:
        """Whether this machine has the server."""
        return cls.path() is not None

    @classmethod
    def path(cls) -> str | None:
        """The program's file."""
        return find(cls.program, *cls.places)

    @classmethod
    def version(cls) -> str:
        """The program's name and version, for people."""
        return f"{cls.program} {_version_of(cls.path() or '')}".strip()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """As the stand-in, whose counts no such server has."""
        told = super().overlay(platforms)  # type: ignore[safe-super]  # the stand-in comes next
        return {name: {key: o for key, o in options.items() if key != "counts"} for name, options in told.items()}

    def run(self, arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        """Start the program with a free port in `_port` and wait until it listens there.

        Raises:
            InternalError: it ended, or listens nowhere within half a minute.
        """
        program = self.path()
        assert program is not None
        log = self.root / "server.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, *arguments],
                cwd=self.root,
                env={**_environment(), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        process = self._process
        if not poll(Clock(), lambda: _listens(self._port), lambda yes: yes or process.poll() is not None, _START):
            self.stop()
            last = log.read_text("utf-8", "replace").strip().splitlines()[-3:]
            raise InternalError(
                f"{self.program} did not start: {' / '.join(last) or 'it says nothing'}",
                hint="rehearse without --real, or see whether the server starts by itself",
                code="DF1307",
            )

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def new_port(self) -> int:
        """A port of this machine on which nobody listens now, and which no system gives to whoever asks for any."""
        while True:
            self._port = random.choice(_PORTS)
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", self._port))
                return self._port


def _version_of(program: str) -> str:
    """The first word with a digit and a dot in what a server prints about its version; empty when it says none."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False, timeout=20, encoding="utf-8")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    words = f"{done.stdout} {done.stderr}".split()
    found = next((w for w in words if "." in w and w.lstrip("v")[:1].isdigit()), "")
    return found.lstrip("v").rstrip(",;")


def _environment() -> dict[str, str]:
    """What a server may know of the user's environment: no credential is in it."""
    names = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "APPDATA")
    return {name: os.environ[name] for name in names if name in os.environ}


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
