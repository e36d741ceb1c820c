"""Rendering: cookiecutter templates, sandboxed, strict about missing names, the same bytes each time.

A template is a cookiecutter template: a ``cookiecutter.json`` with the defaults and one folder
``{{cookiecutter.root}}`` with the files. Cookiecutter's own `generate_files` changes the working directory of the whole
process and runs hooks, which parallel tasks cannot have; so its environment (with its extensions) is used with Jinja's
sandbox, and the folder is walked here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.files import write_atomic

ROOT = "{{cookiecutter.root}}"


@cache
def templates_folder() -> Path:
    """The built-in templates: in the wheel beside the code, in a checkout at its top level."""
    package = Path(__file__).parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def template_folder(template: str | Path, own: Path | None = None) -> Path:
    """The folder of a template: the user's own one if it has that part, else the built-in one.

    Args:
        template: a name below the built-in templates (``npm/main``), or a folder.
        own: the user's folder; holds ``npm/main`` or just ``main``, or is itself the template where there are no parts.
    """
    if Path(template).is_absolute():
        return Path(template)
    if own is not None:
        part = Path(*Path(template).parts[1:])
        for folder in (own / template, own / part):
            if (folder / ROOT).is_dir():
                return folder
    return templates_folder() / template


def render_template(template: str | Path, context: Mapping[str, Any], to: Path, *, own: Path | None = None) -> Path:
    """Render a template into a fresh folder.

    Args:
        template: a name below the built-in templates (``npm/main``), or a folder.
        context: the names for the template, on top of its ``cookiecutter.json``; reached as ``cookiecutter.<name>``.
        to: the folder to write; what it held is removed.
        own: the user's folder of templates, looked into first (`template_folder`).

    Raises:
        ConfigError: `own` is not there, or the template is missing, malformed, or uses a name that nobody gives.
    """
    if own is not None and not own.is_dir():
        raise ConfigError(f"the folder of templates {own} is not there", hint="correct `templates:`", code="DF1204")
    folder = template_folder(template, own)
    source = folder / ROOT
    if not source.is_dir():
        raise ConfigError(
            f"{folder} is no template", hint=f"it needs cookiecutter.json and a folder {ROOT}", code="DF1201"
        )
    names = {**_defaults(folder), **context, "root": "."}
    environment = _environment(folder, names)
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        inside = path.relative_to(source).as_posix()
        target = to / _render(environment, inside, names, path)
        if to.resolve() not in target.resolve().parents:
            raise ConfigError(
                f"{path} renders to a file outside of the package", hint="file names must stay inside", code="DF1203"
            )
        write_atomic(target, _content(environment, path, names))
        target.chmod(path.stat().st_mode & 0o755)
    return to


def _content(environment: Any, path: Path, names: Mapping[str, Any]) -> bytes:
    raw = path.read_bytes()
    if b"\0" in raw:  # a picture travels as it is
        return raw
    return _render(environment, raw.decode("utf-8"), names, path).encode()


def _render(environment: Any, text: str, names: Mapping[str, Any], path: Path) -> str:
    from jinja2 import TemplateError

    try:
        rendered: str = environment.from_string(text).render(cookiecutter=names)
    except (TemplateError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be rendered: {error}",
            hint="give the name in cookiecutter.json, or correct the template",
            code="DF1202",
        ) from error
    return rendered


def _defaults(folder: Path) -> dict[str, Any]:
    try:
        defaults = json.loads((folder / "cookiecutter.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder / 'cookiecutter.json'} cannot be read: {error}", hint="write {} for no defaults", code="DF1201"
        ) from error
    return dict(defaults)


def _environment(folder: Path, names: Mapping[str, Any]) -> Any:
    from cookiecutter.environment import ExtensionLoaderMixin
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ExtensionLoaderMixin, ImmutableSandboxedEnvironment):  # type: ignore[misc]
        """Cookiecutter's extensions in Jinja's sandbox."""

    return Environment(
        context={"cookiecutter": {k: v for k, v in names.items() if k != "_extensions"}},
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
