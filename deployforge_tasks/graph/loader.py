"""doit's loader: the tasks of ``deployforge.yml``, for plain `doit` as for the `deployforge` command.

``doit -n 8 deploy version=1.2.3 profile=staging env_file=.env strict=1 fail_fast=1 from_stage=package`` works anywhere
on the line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.cmd_base import TaskLoader2
from doit.doit_cmd import get_var
from doit.exceptions import InvalidDodoFile

from deployforge_tasks.core.errors import ConfigError, DeployForgeError
from deployforge_tasks.graph import listing
from deployforge_tasks.graph.stage import FROM_STAGES
from deployforge_tasks.graph.state import SCOPE

if TYPE_CHECKING:
    from doit.task import Task

    from deployforge_tasks.graph.context import RunContext

FILE = Path("deployforge.yml")
PLUGIN = "deployforge"
DEFAULT_TASKS = ("deploy",)


class Loader(TaskLoader2):  # type: ignore[misc]
    """Makes the tasks of one run.

    Args:
        context: the run, when the caller has one already; else ``deployforge.yml`` of the working directory is read.
    """

    def __init__(self, context: RunContext | None = None) -> None:
        super().__init__()
        self.context = context
        self.owned = context is None
        self._key: str | None = None
        self._listed: list[Task] | None = None

    def setup(self, opt_values: dict[str, Any]) -> None:
        """Read the project, and keep doit's state apart by project, profile and version."""
        if self.context is None:
            self._key = listing.key(FILE, _choices())
            if self._key and _only_names(opt_values):
                self._listed = listing.read(Path(), self._key)
                if self._listed is not None:
                    return
        with readable_errors():
            context = self.context = self.context or _context()
            scope = f"{context.project.name}/{context.loaded.profile}/{context.version}"
        if "dep_file" in opt_values:
            file = context.root / opt_values["dep_file"]
            opt_values["dep_file"] = f"{file}{SCOPE}{scope}"

    def load_doit_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"default_tasks": list(DEFAULT_TASKS)}
        for option in (
            ("backend", "reporter") if self.owned else ("backend",)
        ):  # the caller shows the run in its own way
            if PLUGIN in _section(self.config, option.upper()):
                config[option] = PLUGIN
        return config

    def load_tasks(self, cmd: Any, pos_args: list[str]) -> list[Task]:
        if self._listed is not None:
            return self._listed
        from deployforge_tasks.graph.tasks import tasks

        assert self.context is not None
        with readable_errors():
            made = tasks(self.context)
        if self._key:
            listing.write(self.context.root, self._key, made)
        return made


@contextmanager
def readable_errors() -> Iterator[None]:
    """Our errors as doit shows them: without a traceback."""
    try:
        yield
    except DeployForgeError as error:
        raise InvalidDodoFile(f"{error}\nhint: {error.hint}") from error


def _only_names(opt_values: Mapping[str, Any]) -> bool:
    """Whether the command is `list` and shows nothing but names and what they are for."""
    return "subtasks" in opt_values and not opt_values.get("status") and not opt_values.get("list_deps")


def _section(config: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    section: Mapping[str, Any] = (config or {}).get(name, {})
    return section


def _choices() -> dict[str, str | None]:
    """What the command line says (``version=1.2.3``), and after it the environment."""
    return {
        "profile": get_var("profile") or os.environ.get("DEPLOYFORGE_PROFILE", ""),
        "version": get_var("version"),
        "env_file": get_var("env_file") or os.environ.get("DEPLOYFORGE_ENV_FILE"),
    }


def _context() -> RunContext:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.registry import load

    choices = _choices()
    loaded = load(
        FILE,
        profile=choices["profile"] or "",
        version=choices["version"],
        environ=dict(os.environ),
        env_file=Path(choices["env_file"]) if choices["env_file"] else None,
    )
    return RunContext(
        loaded,
        rollback_to=get_var("to"),
        from_stage=_from_stage(get_var("from_stage")),
        fail_fast=_is_on("fail_fast"),
        strict=_is_on("strict"),
    )


def _from_stage(word: str | None) -> str | None:
    if word is not None and word not in FROM_STAGES:
        raise ConfigError(
            f"`from_stage={word}` names no stage to begin from", hint=f"one of {', '.join(FROM_STAGES)}", code="DF1351"
        )
    return word


def _is_on(name: str) -> bool:
    """Whether a switch of the command line (``strict=1``) is on."""
    word = get_var(name, "0")
    if word not in ("0", "1"):
        raise ConfigError(f"`{name}={word}` is no switch", hint=f"write {name}=1, or leave it out", code="DF1352")
    return bool(word == "1")
