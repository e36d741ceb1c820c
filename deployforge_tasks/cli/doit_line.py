"""The same as plain doit, for those who ask for more (`-v`): every task has the same name there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.project.load import Loaded


def tell_doit(invocation: Invocation, *words: str, loaded: Loaded | None = None, jobs: int | None = None) -> None:
    """Say how plain doit does what this command does.

    Call it with the words after ``doit``: ``tell_doit(invocation, "deploy:npm", loaded=loaded, jobs=8)``. A command
    that only reads what doit keeps nothing of (``runs``, ``config``) passes no words, and says so.

    Args:
        invocation: decides whether anything is said (`-v`, and no ``--json``).
        words: a doit command with its options, and tasks.
        loaded: the project, whose version and profile go on the line.
        jobs: how many tasks run at once.
    """
    if not invocation.verbose or invocation.json:
        return
    if not words:
        invocation.terminal.err("the same with doit: there is no task for this")
        return
    invocation.terminal.err(f"the same with doit: {shlex.join(_line(invocation, words, loaded, jobs))}")


def _line(invocation: Invocation, words: Sequence[str], loaded: Loaded | None, jobs: int | None) -> list[str]:
    line = ["doit", *(["-n", str(jobs)] if jobs is not None else []), *words]
    if loaded is not None:
        line += [f"version={loaded.version}"] if loaded.version else []
        line += [f"profile={loaded.profile}"] if loaded.profile else []
    return [*line, f"env_file={invocation.env_file}"] if invocation.env_file else line
