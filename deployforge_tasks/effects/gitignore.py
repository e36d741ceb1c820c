"""Keeping a file with secrets out of git."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.effects.process import Processes

IGNORED, TRACKED, OPEN, NO_CHECKOUT = "ignored", "tracked", "open", "no checkout"


def state(file: Path, processes: Processes) -> str:
    """Whether git would take the file: ``ignored``, ``tracked`` (it has it), ``open``, or ``no checkout``.

    https://git-scm.com/docs/git-check-ignore: 0 is ignored, 1 is not, anything else is no repository.
    """
    words = ("--", file.name)
    try:
        asked = processes.run(["git", "ls-files", "--error-unmatch", *words], cwd=file.parent, check=False)
        if asked.returncode == 0:
            return TRACKED
        asked = processes.run(["git", "check-ignore", "-q", *words], cwd=file.parent, check=False)
    except DeployForgeError:  # no git here
        return NO_CHECKOUT
    return {0: IGNORED, 1: OPEN}.get(asked.returncode, NO_CHECKOUT)


def ignore(file: Path) -> Path:
    """Add the file to the ``.gitignore`` beside it, and return that."""
    listed = file.with_name(".gitignore")
    text = listed.read_bytes() if listed.exists() else b""  # whatever its encoding is
    if text and not text.endswith(b"\n"):
        text += b"\n"
    write_atomic(listed, text + f"/{file.name}\n".encode())
    return listed
