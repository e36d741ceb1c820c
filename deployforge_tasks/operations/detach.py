"""A run in a process of its own, which goes on when whoever started it, or the terminal, goes away.

Such a run has a folder ``.deployforge/runs/<name>/``: ``output.log`` (what it printed), ``process.json`` (which
process it is), ``started.json`` (its number in the ledger) and ``result.json`` (its result, once it has ended by
itself).
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.detached import interrupt, start_detached
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.effects.machine import still_runs

if TYPE_CHECKING:
    import subprocess

    from deployforge_tasks.core.events import Event

#: Tells a process that it is such a run, and which folder is its.
VARIABLE = "DEPLOYFORGE_RUN_FOLDER"
FOLDER = Path(".deployforge") / "runs"
_OUTPUT, _STARTED, _RESULT, _PROCESS = "output.log", "started.json", "result.json", "process.json"
_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6,}")
#: Folders of earlier runs that are kept.
_KEPT = 30


@dataclass(frozen=True)
class Launched:
    """A run that was started by `launch`, as the process that started it sees it."""

    process: subprocess.Popen[Any]
    folder: Path

    @property
    def run(self) -> int | None:
        """Its number in the ledger; None until it has begun."""
        number = _read(self.folder / _STARTED).get("run")
        return int(number) if number is not None else None

    @property
    def result(self) -> dict[str, Any]:
        """The document of its result; empty until it has ended by itself."""
        return _read(self.folder / _RESULT)

    @property
    def output(self) -> str:
        """What it has printed."""
        return (self.folder / _OUTPUT).read_text("utf-8", "replace")

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def interrupt(self) -> None:
        """The first lets what runs finish, the second kills."""
        interrupt(self.process)


@dataclass(frozen=True)
class Seen:
    """A run that some process started with `launch`, as another one sees it by the name of its folder.

    `run` is None until it has begun; `ended`: its process is gone; `output` is what it printed.
    """

    run: int | None
    ended: bool
    output: str


def new_name() -> str:
    """A name for the folder of a run that is yet to be started: whoever starts one twice by it starts one only."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(8)}"


def find_launched(root: Path, name: str) -> Seen | None:
    """The run in the folder of that name; None where nothing was started by it (or it is no such name)."""
    folder = root / FOLDER / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        return None
    process, number = _read(folder / _PROCESS), _read(folder / _STARTED).get("run")
    alive = not process or still_runs(int(process["pid"]), datetime.fromisoformat(process["at"]))
    try:
        output = (folder / _OUTPUT).read_text("utf-8", "replace")
    except OSError:
        output = ""
    return Seen(int(number) if number is not None else None, not alive, output)


def launch(root: Path, words: Sequence[str], environ: Mapping[str, str], *, name: str = "") -> Launched:
    """Start ``deployforge <words>`` in a process of its own.

    Args:
        root: the project's folder.
        words: the command line; nobody is there to be asked anything.
        environ: its environment, secrets included: they are nowhere else.
        name: that of its folder (`new_name`); default: a new one.

    Raises:
        ConfigError: its folder or its process cannot be made, or the name is none.
        FileExistsError: a run was started by that name before.
    """
    name = name or new_name()
    if not _NAME.fullmatch(name):
        raise ConfigError("this form cannot be used", hint="open its page again", code="DF3701")
    folder = root / FOLDER / name
    try:
        folder.mkdir(parents=True)
        _forget_old(root / FOLDER)
    except FileExistsError:
        raise
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror})",
            hint="a run of its own keeps its output there: make the folder writable, or leave out --watch",
            code="DF1362",
        ) from error
    # -P: a `yaml.py` in the project's folder is no part of this program
    argv = [sys.executable, "-P", "-m", "deployforge_tasks", *words]
    # The one who watches adds to the summary page; twice would be once too often.
    kept = {name: value for name, value in environ.items() if name != "GITHUB_STEP_SUMMARY"}
    try:
        process = start_detached(argv, {**kept, VARIABLE: str(folder)}, folder / _OUTPUT)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ConfigError(
            f"no process can be started for the run ({error.strerror})",
            hint="the machine may have too many processes, or too little memory; nothing was done, so try again",
            code="DF3707",
        ) from error
    write_atomic(folder / _PROCESS, json.dumps({"pid": process.pid, "at": datetime.now(UTC).isoformat()}) + "\n")
    return Launched(process, folder)


class Record:
    """What a run that was started by `launch` leaves in its folder: a listener, and `keep`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if sys.platform == "win32":  # what `interrupt` sends there
            signal.signal(signal.SIGBREAK, lambda *_: signal.raise_signal(signal.SIGINT))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Record | None:
        """The record of this process; None when nobody detached it."""
        folder = environ.get(VARIABLE)
        return cls(Path(folder)) if folder and Path(folder).is_dir() else None

    def __call__(self, event: Event) -> None:
        if event.kind == "run_started":
            write_atomic(self._folder / _STARTED, json.dumps({"run": event.data["run"]}) + "\n")

    def keep(self, document: Mapping[str, Any]) -> None:
        """Keep the result."""
        write_atomic(self._folder / _RESULT, json.dumps(redactor.data(dict(document)), ensure_ascii=False) + "\n")


def _forget_old(folder: Path) -> None:
    """Remove the oldest folders; those of runs that did not end by themselves stay for whoever looks into it."""
    ended = sorted(path for path in folder.iterdir() if (path / _RESULT).exists())
    for path in ended[:-_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return data
