"""The templates of packages: which there are, what they render to here, and a copy to make one's own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError, DeployForgeError
from deployforge_tasks.core.events import Listener

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded

#: The templates of messages, which belong to no platform.
MESSAGES = "notify"


@dataclass(frozen=True)
class TemplateInfo:
    """One template of a platform.

    `name` is ``npm/main``; `files` are the paths that it renders, as they stand in the template; `own` is the
    project's own folder that comes before the built-in one, if there is one.
    """

    name: str
    platform: str
    files: tuple[str, ...]
    own: Path | None = None


@dataclass(frozen=True)
class Rendered:
    """What one platform's templates became; `error` when they could not be rendered."""

    platform: str
    folder: Path
    files: tuple[str, ...]
    error: DeployForgeError | None = None


def known(loaded: Loaded | None = None) -> list[TemplateInfo]:
    """Every built-in template, by name.

    Args:
        loaded: a project, to see which templates are its own.
    """
    from deployforge_tasks.project.render import ROOT, template_folder, templates_folder

    found = []
    for root in sorted(templates_folder().rglob(ROOT)):
        name = root.parent.relative_to(templates_folder()).as_posix()
        platform = name.partition("/")[0]
        if platform.startswith("_"):
            continue
        own = _own_folder(loaded, platform)
        used = template_folder(name, own) / ROOT
        files = tuple(p.relative_to(used).as_posix() for p in sorted(used.rglob("*")) if p.is_file())
        found.append(TemplateInfo(name, platform, files, used.parent if used != root else None))
    return found


def render(
    loaded: Loaded,
    platforms: Sequence[str],
    *,
    to: Path | None = None,
    jobs: int = 8,
    listeners: Sequence[Listener] = (),
    ledger_url: str | None = None,
) -> tuple[Rendered, ...]:
    """Render the files of a version as a deploy would; nothing is published.

    Args:
        loaded: the project.
        platforms: which ones.
        to: a folder that gets a copy, one folder a platform (default: the files stay in the work folder).
        jobs: how many at once.
        listeners: who hears the run's events.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the project or its version cannot be used.
    """
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.operations.graph_run import run_graph

    context = RunContext(loaded, ledger_url=ledger_url, listeners=listeners, command="templates render")
    try:
        run_graph(context, [f"package:{name}" for name in platforms], jobs)
        found = []
        for name in platforms:
            error = context.outcomes.of(name).error or next(iter(context.outcomes.errors), None)
            folder = context.workdir(name) / "rendered"
            found.append(_rendered(name, folder, to / name if to else None, error))
    finally:
        context.close()
    return tuple(found)


def eject(loaded: Loaded, platform: str) -> tuple[Path, tuple[str, ...]]:
    """Copy a platform's templates into the project, to be changed there.

    Returns:
        The folder (to be named in ``platforms.<platform>.templates`` or ``monitoring.templates``) and the files in it.

    Raises:
        ConfigError: the platform has no templates, or the folder is there already.
    """
    from deployforge_tasks.project.render import templates_folder

    source = templates_folder() / platform
    if not source.is_dir():
        raise ConfigError(
            f"{platform} has no templates", hint="`deployforge templates list` tells which there are", code="DF1483"
        )
    folder = loaded.root / "templates" / platform
    if folder.exists():
        raise ConfigError(
            f"{folder.relative_to(loaded.root).as_posix()} is there already",
            hint="change the files in it, or move it away first",
            code="DF1484",
        )
    shutil.copytree(source, folder)
    files = tuple(p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file())
    return folder, files


def _own_folder(loaded: Loaded | None, platform: str) -> Path | None:
    if loaded is None or platform not in (*loaded.options, MESSAGES):
        return None
    section = loaded.project.monitoring if platform == MESSAGES else loaded.options[platform]
    templates = section.templates
    return loaded.root / templates if templates else None


def _rendered(name: str, folder: Path, copy: Path | None, error: DeployForgeError | None) -> Rendered:
    if error is not None:
        return Rendered(name, folder, (), error)
    if copy is not None and folder.is_dir():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        folder = copy
    files = tuple(p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file())
    return Rendered(name, folder, files)
