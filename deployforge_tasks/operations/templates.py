"""The templates of packages: which there are, what they render to here, and a copy to make one's own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError, DeployForgeError

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
        found.append(TemplateInfo(name, platform, _files(used), used.parent if used != root else None))
    return found


def render(loaded: Loaded, platforms: Sequence[str], *, to: Path | None = None) -> tuple[Rendered, ...]:
    """Render the files of a version as a deploy would; nothing is published.

    Args:
        loaded: the project.
        platforms: which ones.
        to: a folder that gets a copy, one folder a platform (default: the files stay in the work folder).

    Raises:
        ConfigError: the project or its version cannot be used.
    """
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.operations.rendering import render_locally

    with closing(RunContext(loaded, command="templates render")) as context:
        errors = render_locally(context, platforms)
        folders = {name: context.workdir(name) / "rendered" for name in platforms}
    return tuple(_rendered(name, folder, to / name if to else None, errors[name]) for name, folder in folders.items())


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
    return folder, _files(folder)


def _own_folder(loaded: Loaded | None, platform: str) -> Path | None:
    if loaded is None or platform not in (*loaded.options, MESSAGES):
        return None
    section = loaded.project.monitoring if platform == MESSAGES else loaded.options[platform]
    templates = section.templates
    return loaded.root / templates if templates else None


def _rendered(name: str, folder: Path, copy: Path | None, error: DeployForgeError | None) -> Rendered:
    if error is not None:
        return Rendered(name, folder, (), error)
    files = _files(folder)
    if copy is not None and files:
        foreign = [file for file in _files(copy) if file not in files]
        if foreign:
            return Rendered(name, folder, (), _not_ours(copy, foreign[0]))
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        folder = copy
    return Rendered(name, folder, files)


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file())


def _not_ours(copy: Path, file: str) -> ConfigError:
    return ConfigError(
        f"{copy} has files of somebody else ({file})",
        hint="name another folder with --to, or remove what is there",
        code="DF1487",
    )
