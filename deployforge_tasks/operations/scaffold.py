"""A new platform of one's own: the module, its template, a stand-in of its registry, a test and a page."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployforge_tasks.core.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TEMPLATE = "_platform"


@dataclass(frozen=True)
class Scaffold:
    """What was written: `files` relative to `folder`; `plugin` when it is a distribution of its own."""

    name: str
    folder: Path
    files: tuple[Path, ...]
    plugin: bool


def new_platform(name: str, folder: Path, *, title: str = "") -> Scaffold:
    """Write a platform that passes every test, to be changed into the real one.

    In a checkout of DeployForge it becomes one of its own platforms; elsewhere a distribution ``deployforge-<name>``
    in a new folder, which announces it as a plugin.

    Args:
        name: as ``deployforge.yml`` will call it.
        folder: where to write.
        title: what people call it.

    Raises:
        ConfigError: the name cannot be used or is taken, or one of the files is there already.
    """
    from deployforge_tasks.platforms.registry import platforms

    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"`{name}` is no name for a platform", hint="use small letters, digits and _, a letter first", code="DF1480"
        )
    if name in platforms() or name in platforms().aliases:
        raise ConfigError(
            f"there is a platform `{name}` already", hint=f"see `deployforge platforms show {name}`", code="DF1481"
        )
    plugin = not (folder / "deployforge_tasks" / "platforms").is_dir()
    places = _plugin_places(name) if plugin else _own_places(name)
    files = _render(_names(name, title, plugin=plugin), places)
    _refuse_to_overwrite(folder, files)
    _write(folder, files)
    return Scaffold(name, folder, tuple(Path(path) for path in files), plugin)


def _own_places(name: str) -> dict[str, str]:
    """Where each file goes in a checkout of DeployForge."""
    return {
        "platform.py": f"deployforge_tasks/platforms/{name}.py",
        "stand_in.py": f"deployforge_tasks/rehearsal/stand_ins/{name}.py",
        "manifest.json": f"templates/{name}/{{{{cookiecutter.root}}}}/manifest.json",
        "test_platform.py": f"tests/platforms/test_{name}.py",
        "page.md": f"docs/how-to/publish-to-{name.replace('_', '-')}.md",
    }


def _plugin_places(name: str) -> dict[str, str]:
    """Where each file goes in a distribution of its own."""
    package, top = f"deployforge_{name}", f"deployforge-{name.replace('_', '-')}"
    return {
        "pyproject.toml": f"{top}/pyproject.toml",
        "platform.py": f"{top}/{package}/platform.py",
        "stand_in.py": f"{top}/{package}/stand_in.py",
        "manifest.json": f"{top}/{package}/template/{{{{cookiecutter.root}}}}/manifest.json",
        "test_platform.py": f"{top}/tests/test_{name}.py",
        "page.md": f"{top}/README.md",
    }


def _names(name: str, title: str, *, plugin: bool) -> Mapping[str, str]:
    words = name.split("_")
    package = f"deployforge_{name}"
    own = {
        "module": f"deployforge_tasks.platforms.{name}",
        "stand_in": f"deployforge_tasks.rehearsal.stand_ins.{name}",
        "template": f'"{name}"',
    }
    outside = {
        "module": f"{package}.platform",
        "stand_in": f"{package}.stand_in",
        "template": 'str(Path(__file__).parent / "template")',
    }
    return {
        "name": name,
        "class": "".join(word.capitalize() for word in words),
        "prefix": name.replace("_", "").upper(),
        "title": title or " ".join(word.capitalize() for word in words),
        "package": package,
        "distribution": f"deployforge-{name.replace('_', '-')}",
        **(outside if plugin else own),
    }


def _render(names: Mapping[str, str], places: Mapping[str, str]) -> dict[str, bytes]:
    from deployforge_tasks.project.render import render_template

    with tempfile.TemporaryDirectory(prefix="deployforge-new-") as made:
        rendered = render_template(_TEMPLATE, names, Path(made) / "files")
        files = {place: (rendered / source).read_bytes() for source, place in places.items()}
    template = next(Path(place) for place in places.values() if place.endswith("manifest.json"))
    files[(template.parents[1] / "cookiecutter.json").as_posix()] = b"{}\n"
    packages = {Path(p).parent.as_posix() for p in files if p.startswith("deployforge-") and p.endswith("platform.py")}
    for package in packages:
        if not package.endswith("tests"):
            files[f"{package}/__init__.py"] = f'"""{names["title"]} as a platform of DeployForge."""\n'.encode()
    return files


def _refuse_to_overwrite(folder: Path, files: Mapping[str, bytes]) -> None:
    there = [path for path in files if (folder / path).exists()]
    if there:
        raise ConfigError(
            f"{there[0]} is there already", hint="choose another name, or remove what is there", code="DF1482"
        )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    from deployforge_tasks.effects.files import write_atomic

    for path, content in files.items():
        write_atomic(folder / path, content)
