"""The names of the tasks, remembered: `doit list` needs no more, and to load a whole project takes four times as long.

What is remembered holds for exactly the same ``deployforge.yml``, variables in it, choices, platforms and version of
DeployForge; anything else, and the project is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from doit.task import Task

from deployforge_tasks import __version__

FILE = Path(".deployforge") / "tasks.json"
_VARIABLE = re.compile(rb"\$\{(\w+)")


def key(file: Path, choices: Mapping[str, str | None]) -> str | None:
    """A digest of everything that the names depend on; None when there is no such file.

    Args:
        file: the ``deployforge.yml``.
        choices: profile, version and env-file as they were chosen.
    """
    try:
        text = file.read_bytes()
        env_file = choices.get("env_file")
        extra = Path(env_file).read_bytes() if env_file else b""
    except OSError:
        return None
    variables = sorted({name.decode() for name in _VARIABLE.findall(text)})
    folder = Path(__file__).parents[1] / "platforms"
    code = sorted((entry.name, entry.stat().st_mtime_ns) for entry in os.scandir(folder) if entry.name.endswith(".py"))
    plugins = sorted(str(entry) for entry in entry_points(group="deployforge.platforms"))
    parts = [__version__, dict(choices), [(name, os.environ.get(name)) for name in variables], code, plugins]
    return hashlib.sha256(json.dumps(parts).encode() + text + extra).hexdigest()


def read(root: Path, wanted: str) -> list[Task] | None:
    """Tasks that can be listed and nothing else; None when they are not remembered for this key."""
    try:
        data = json.loads((root / FILE).read_text("utf-8"))
        if data["key"] != wanted:
            return None
        return [_task(*row) for row in data["tasks"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(root: Path, made_for: str, tasks: Sequence[Any]) -> None:
    """Remember the tasks' names; a folder that cannot be written to is no reason to fail."""
    from deployforge_tasks.effects.files import write_atomic

    rows = [[task.name, task.doc, task.subtask_of, task.has_subtask] for task in tasks]
    try:
        write_atomic(root / FILE, json.dumps({"key": made_for, "tasks": rows}))
    except OSError:
        return


def _task(name: str, doc: str | None, subtask_of: str | None, has_subtask: bool) -> Task:
    return Task(name, None, doc=doc, subtask_of=subtask_of, has_subtask=has_subtask)
