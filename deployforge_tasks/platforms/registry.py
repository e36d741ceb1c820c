"""Which platforms there are: the modules of this folder, and what outside plugins add."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from deployforge_tasks.platforms.base import Platform
    from deployforge_tasks.project.load import Loaded

ENTRY_POINTS = "deployforge.platforms"
#: The aliases of this folder's platforms, with their own names: known without importing their modules.
ALIASES = {"github_release": "github"}
_NO_PLATFORMS = ("base", "registry")


class Platforms(Mapping[str, "Platform[Any]"]):
    """Every platform by its name, sorted. A module of this folder is imported when its platform is first asked for.

    Args:
        built_in: the names of the modules.
        plugins: platforms from outside.

    Raises:
        ConfigError: two platforms have the same name.
    """

    def __init__(self, built_in: Iterable[str], plugins: Iterable[Platform[Any]]) -> None:
        self._found: dict[str, Platform[Any] | None] = dict.fromkeys(built_in)
        self.aliases = dict(ALIASES)
        for platform in plugins:
            for name in (platform.name, *platform.aliases):
                if name in self._found or name in self.aliases:
                    raise ConfigError(
                        f"two platforms are called `{name}`", hint="uninstall one of the plugins", code="DF1301"
                    )
            self._found[platform.name] = platform
            self.aliases |= dict.fromkeys(platform.aliases, platform.name)

    def __getitem__(self, name: str) -> Platform[Any]:
        platform = self._found[name]
        if platform is None:
            platform = self._found[name] = _built_in(name)
        return platform

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._found))

    def __len__(self) -> int:
        return len(self._found)


@cache
def platforms() -> Platforms:
    """Every platform that there is.

    Raises:
        ConfigError: a plugin cannot be loaded, or two platforms have the same name.
    """
    return Platforms(_modules(), _plugins())


def canonical(name: str) -> str:
    """The platform's own name for a name or alias; an unknown name stays as it is."""
    return platforms().aliases.get(name, name)


def load(
    file: Path,
    *,
    profile: str = "",
    version: str | None = None,
    environ: Mapping[str, str],
    env_file: Path | None = None,
    overlay: Mapping[str, Any] | None = None,
) -> Loaded:
    """Load and check a ``deployforge.yml`` with every platform that there is (see `project.load.load_project`)."""
    from deployforge_tasks.project.load import load_project

    known = platforms()
    return load_project(
        file,
        known,
        known.aliases,
        profile=profile,
        version=version,
        environ=environ,
        env_file=env_file,
        overlay=overlay,
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole ``deployforge.yml``, every platform's options included."""
    from deployforge_tasks.project.json_schema import json_schema as schema_of

    return schema_of(platforms(), platforms().aliases)


def _modules() -> list[str]:
    """The modules of this folder, each of which is named after its platform."""
    import deployforge_tasks.platforms as package

    names = [info.name for info in pkgutil.iter_modules(package.__path__) if not info.ispkg]
    return [name for name in names if not name.startswith("_") and name not in _NO_PLATFORMS]


def _built_in(name: str) -> Platform[Any]:
    from deployforge_tasks.platforms.base import Platform

    module = importlib.import_module(f"deployforge_tasks.platforms.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Platform) and getattr(value, "name", "") == name:
            return value()
    raise LookupError(f"{module.__file__} has no platform `{name}`")


def _plugins() -> Iterator[Platform[Any]]:
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS):
        try:
            plugin = entry.load()
        except Exception as error:
            raise ConfigError(
                f"the platform plugin `{entry.name}` cannot be loaded: {error}",
                hint=f"update or uninstall {entry.dist.name if entry.dist else entry.value}",
                code="DF1302",
            ) from error
        yield plugin()
