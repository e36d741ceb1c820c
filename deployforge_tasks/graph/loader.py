"""doit's loader: the tasks of ``deployforge.yml``, for plain `doit` as for the `deployforge` command.

``doit -n 8 deploy version=1.2.3 profile=staging env_file=.env`` works anywhere on the line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.cmd_base import TaskLoader2
from doit.doit_cmd import get_var
from doit.exceptions import InvalidDodoFile

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.graph.state import SCOPE

if TYPE_CHECKING:
    from doit.task import Task

    from deployforge_tasks.graph.context import RunContext

FILE = Path("deployforge.yml")
PLUGIN = "deployforge"


class Loader(TaskLoader2):  # type: ignore[misc]
    """Makes the tasks of one run.

    Args:
        context: the run, when the caller has one already; else ``deployforge.yml`` of the working directory is read.
    """

    def __init__(self, context: RunContext | None = None) -> None:
        super().__init__()
        self.context = context
        self.owned = context is None

    def setup(self, opt_values: dict[str, Any]) -> None:
        """Read the project, and keep doit's state apart by project, profile and version."""
        try:
            context = self.context = self.context or _context()
            scope = f"{context.project.name}/{context.loaded.profile}/{context.version}"
        except DeployForgeError as error:
            raise InvalidDodoFile(f"{error}\nhint: {error.hint}") from error
        if "dep_file" in opt_values:
            file = context.root / opt_values["dep_file"]
            opt_values["dep_file"] = f"{file}{SCOPE}{scope}"

    def load_doit_config(self) -> dict[str, Any]:
        from deployforge_tasks.graph.tasks import DEFAULT_TASKS

        config: dict[str, Any] = {"default_tasks": list(DEFAULT_TASKS)}
        for option in ("backend", "reporter"):
            if PLUGIN in _section(self.config, option.upper()):
                config[option] = PLUGIN
        return config

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Task]:
        from deployforge_tasks.graph.tasks import tasks

        assert self.context is not None
        try:
            return tasks(self.context)
        except DeployForgeError as error:
            raise InvalidDodoFile(f"{error}\nhint: {error.hint}") from error


def _section(config: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    section: Mapping[str, Any] = (config or {}).get(name, {})
    return section


def _context() -> RunContext:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.registry import load

    env_file = get_var("env_file") or os.environ.get("DEPLOYFORGE_ENV_FILE")
    loaded = load(
        FILE,
        profile=get_var("profile") or os.environ.get("DEPLOYFORGE_PROFILE", ""),
        version=get_var("version"),
        environ=dict(os.environ),
        env_file=Path(env_file) if env_file else None,
    )
    return RunContext(loaded, rollback_to=get_var("to"))
