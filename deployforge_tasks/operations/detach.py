"""A run in a process of its own, which goes on when whoever started it, or the terminal, goes away.

Such a run has a folder ``.deployforge/runs/<token>/``: ``output.log`` (what it printed), ``started.json`` (its number
in the ledger) and ``result.json`` (its result, once it has ended by itself).
"""

from __future__ import annotations

import json
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

if TYPE_CHECKING:
    import subprocess

    from deployforge_tasks.core.events import Event

#: Tells a process that it is such a run, and which folder is its.
VARIABLE = "DEPLOYFORGE_RUN_FOLDER"
FOLDER = Path(".deployforge") / "runs"
_OUTPUT, _STARTED, _RESULT = "output.log", "started.json", "result.json"
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


def launch(root: Path, words: Sequence[str], environ: Mapping[str, str]) -> Launched:
    """Start ``deployforge <words>`` in a process of its own.

    Args:
        root: the project's folder.
        words: the command line; nobody is there to be asked anything.
        environ: its environment, secrets included: they are nowhere else.

    Raises:
        ConfigError: its folder cannot be made.
    """
    token = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    folder = root / FOLDER / token
    try:
        folder.mkdir(parents=True)
        _forget_old(root / FOLDER)
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
    return Launched(start_detached(argv, {**kept, VARIABLE: str(folder)}, folder / _OUTPUT), folder)


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
