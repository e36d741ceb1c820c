"""Which platforms there are: the modules of this folder, and what outside plugins add."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from deployforge_tasks.platforms.base import Platform
    from deployforge_tasks.project.load import Loaded

ENTRY_POINTS = "deployforge.platforms"
_NO_PLATFORMS = ("base", "registry")


@cache
def platforms() -> dict[str, Platform[Any]]:
    """Every platform by its name, sorted.

    Raises:
        ConfigError: a plugin cannot be loaded, or two platforms have the same name.
    """
    found: dict[str, Platform[Any]] = {}
    for platform in (*_built_in(), *_plugins()):
        for name in (platform.name, *platform.aliases):
            if name in _names(found):
                raise ConfigError(
                    f"two platforms are called `{name}`", hint="uninstall one of the plugins", code="DF1301"
                )
        found[platform.name] = platform
    return dict(sorted(found.items()))


def canonical(name: str) -> str:
    """The platform's own name for a name or alias; an unknown name stays as it is."""
    return next((p.name for p in platforms().values() if name in p.aliases), name)


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

    return load_project(
        file, platforms(), profile=profile, version=version, environ=environ, env_file=env_file, overlay=overlay
    )


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a whole ``deployforge.yml``, every platform's options included."""
    from deployforge_tasks.project.json_schema import json_schema as schema_of

    return schema_of(platforms())


def _names(found: dict[str, Platform[Any]]) -> set[str]:
    return {name for p in found.values() for name in (p.name, *p.aliases)}


def _built_in() -> Iterator[Platform[Any]]:
    import deployforge_tasks.platforms as package

    for info in pkgutil.iter_modules(package.__path__):
        if not info.name.startswith("_") and info.name not in _NO_PLATFORMS:
            yield from _platforms_of(importlib.import_module(f"{package.__name__}.{info.name}"))


def _platforms_of(module: ModuleType) -> Iterator[Platform[Any]]:
    from deployforge_tasks.platforms.base import Platform

    for value in vars(module).values():
        own = isinstance(value, type) and value.__module__ == module.__name__
        if own and issubclass(value, Platform) and not inspect.isabstract(value) and hasattr(value, "name"):
            yield value()


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
