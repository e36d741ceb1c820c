"""``doit rehearse``: the command of that name, as a task."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

from doit.task import Task

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.graph.action import StageAction
from deployforge_tasks.graph.stage import End, Stage

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext

NAME = "rehearse"
DOC = "release to registries on this machine, install it back and run it (only when named)"


def rehearse_task(context: RunContext) -> Task:
    """A process of its own: a rehearsal is a whole run with its own ledger, profile and credentials."""
    return Task(NAME, [StageAction(Stage(context, NAME, partial(_rehearse, context)))], doc=DOC)


def _rehearse(context: RunContext) -> End:
    """Its screen is this one's: nothing is kept back until the end.

    Raises:
        VerifyError: a platform did not pass.
    """
    loaded = context.loaded
    options = ["--config", str(loaded.file), *(["--profile", loaded.profile] if loaded.profile else [])]
    command = [sys.executable, "-m", "deployforge_tasks", *options, "rehearse", str(context.version)]
    code = subprocess.run(command, cwd=context.root, env=dict(loaded.environ), check=False).returncode
    if code:
        raise VerifyError("the rehearsal did not pass", hint="see its table above", code="DF5301")
    return End()
