"""An empty place to install into: own home, empty caches, and a PATH on which the program cannot be found yet."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.effects.files import remove_folder
from deployforge_tasks.effects.process import Completed, Processes, child_environment, kill_group, own_group, start

if TYPE_CHECKING:
    import psutil

# One program that prints its version needs a handful of processes (a shim, node, itself); a wrapper that
# finds itself makes a dozen a second (measured on ContextLite's published packages).
MAX_PROCESSES = 24


class Sandbox:
    """An installation sandbox below one folder.

    `home` is an empty HOME; `root` the folder to install into; programs that install there are run with `run`, the
    installed program itself with `run_program`. `timeout`: seconds for each of the former.
    """

    def __init__(self, folder: Path, binary: str, processes: Processes, *, timeout: float = 600.0) -> None:
        remove_folder(folder)
        self.home = folder / "home"
        self.root = folder / "root"
        for part in (self.home, self.root, folder / "tmp"):
            part.mkdir(parents=True)
        self._tmp = folder / "tmp"
        self._binary = binary
        self._processes = processes
        self._timeout = timeout

    def environment(self, *, path: Sequence[Path] = ()) -> dict[str, str]:
        """The sandbox's whole environment; `path` goes before the system's tools."""
        home = str(self.home)
        return {
            **child_environment(clean=True),
            "PATH": os.pathsep.join([*map(str, path), *_tool_folders(self._binary)]),
            "HOME": home,
            "USERPROFILE": home,
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "TMPDIR": str(self._tmp),
            "TEMP": str(self._tmp),
            "TMP": str(self._tmp),
            "LANG": "C.UTF-8",
            # Rust's and Python's version managers keep their tools below the real home.
            **{name: value for name in ("RUSTUP_HOME",) if (value := _tool_home(name))},
        }

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        check: bool = True,
        timeout: float | None = None,
    ) -> Completed:
        """Run a client (npm, pip, cargo …) in the sandbox; as `Processes.run`, with the sandbox's own limit of time."""
        return self._processes.run(
            argv,
            cwd=cwd or self.root,
            env={**self.environment(), **(env or {})},
            secrets=secrets,
            timeout=self._timeout if timeout is None else timeout,
            check=check,
            clean=True,
        )

    def run_program(self, argv: Sequence[str | Path], *, path: Sequence[Path] = (), timeout: float = 60.0) -> str:
        """Run the installed program and return what it printed (stdout and stderr).

        Raises:
            VerifyError: it cannot be started, fails, hangs, or starts itself over and over.
        """
        import subprocess

        args = [str(a) for a in argv]
        output = self._tmp / "output.txt"
        try:
            with output.open("wb") as file:
                process = start(
                    args,
                    cwd=self.root,
                    env=self.environment(path=path),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    **own_group(),
                )
        except OSError as error:
            raise VerifyError(
                f"the installed program cannot be started: {error}",
                hint="is it executable, and built for this system?",
                code="DF5010",
            ) from error
        try:
            _watch(process.pid, timeout)
            code = process.wait()
        finally:
            kill_group(process)
        said = output.read_text("utf-8", "replace")
        if code != 0:
            raise VerifyError(
                f"the installed program ended with exit code {code}: {' '.join(said.split())[:300] or 'no output'}",
                hint=f"install it on a clean machine and run `{Path(args[0]).name} {' '.join(args[1:])}`",
                code="DF5011",
            )
        return said


def _watch(pid: int, timeout: float) -> None:
    """Wait for the program; give up when it hangs or multiplies."""
    import psutil

    deadline = time.monotonic() + timeout
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        while parent.is_running() and parent.status() != psutil.STATUS_ZOMBIE:
            family = parent.children(recursive=True)
            if len(family) > MAX_PROCESSES or _own_chain(parent, family):
                raise VerifyError(
                    "the installed program starts itself over and over",
                    hint="the wrapper finds itself on PATH instead of the program; let it call its own file",
                    code="DF5012",
                )
            if time.monotonic() > deadline:
                raise VerifyError(
                    f"the installed program did not end within {timeout:.0f} seconds",
                    hint="its version command must print and end",
                    code="DF5013",
                )
            time.sleep(0.005)


def _own_chain(parent: psutil.Process, family: list[psutil.Process]) -> bool:
    """Whether the very same command line stands three times in the family."""
    import psutil

    if len(family) < 3:
        return False
    try:
        own = parent.cmdline()
        return sum(1 for p in family if own and p.cmdline() == own) >= 3
    except psutil.Error:
        return False


def _tool_folders(binary: str) -> list[str]:
    """The PATH's folders, less those in which the program itself can be found."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    names = [binary, f"{binary}.exe", f"{binary}.cmd"] if sys.platform == "win32" else [binary]
    return [f for f in folders if f and not any(shutil.which(name, path=f) for name in names)]


def _tool_home(name: str) -> str | None:
    default = {"RUSTUP_HOME": Path.home() / ".rustup"}[name]
    value = os.environ.get(name) or str(default)
    return value if Path(value).is_dir() else None
