"""The registries of a rehearsal: which there are, starting them, and pointing a project at them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import StandIn

ENTRY_POINTS = "deployforge.stand_ins"
T = TypeVar("T")


@cache
def stand_ins() -> dict[str, type[StandIn]]:
    """Every stand-in of the folder ``stand_ins/`` and of plugins, by the platform that it serves."""
    from deployforge_tasks.rehearsal import stand_ins as folder

    found: dict[str, type[StandIn]] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        for kind in vars(loaded).values():
            if isinstance(kind, type) and issubclass(kind, StandIn) and kind.__module__ == loaded.__name__:
                found.update(dict.fromkeys(getattr(kind, "serves", ()), kind))
    for entry in entry_points(group=ENTRY_POINTS):  # a platform's plugin brings its own
        plugged = entry.load()
        found = {**dict.fromkeys(plugged.serves, plugged), **found}
    return found


class Registries:
    """Running registries for a set of platforms; a context manager.

    Args:
        root: folder for what they keep.
        platforms: the project's options of each platform to rehearse.
        kinds: the registry class for each platform (default: the stand-ins).
    """

    def __init__(
        self,
        root: Path,
        platforms: Mapping[str, Mapping[str, Any]],
        kinds: Mapping[str, type[StandIn]] | None = None,
    ) -> None:
        chosen = stand_ins() if kinds is None else kinds
        self._platforms = {name: options for name, options in platforms.items() if name in chosen}
        self._kinds = {name: chosen[name] for name in self._platforms}
        self.unserved = tuple(name for name in platforms if name not in chosen)
        self.running: dict[type[StandIn], StandIn] = {}
        for kind in dict.fromkeys(self._kinds.values()):
            self.running[kind] = kind(root / kind.name)

    def __enter__(self) -> Self:
        with ExitStack() as stack, ThreadPoolExecutor(max(1, len(self.running))) as pool:
            stack.callback(self._stop)
            list(pool.map(lambda registry: registry.start(), self.running.values()))
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        with ThreadPoolExecutor(max(1, len(self.running))) as pool:
            list(pool.map(lambda registry: registry.stop(), self.running.values()))

    def overlay(self) -> dict[str, Any]:
        """What to lay over ``deployforge.yml``: options that point each platform here, and where its secrets are."""
        options: dict[str, Any] = {}
        credentials: dict[str, dict[str, str]] = {}
        for registry in self.running.values():
            options.update(self._own(registry, registry.overlay(self._platforms)))
            for platform, secrets in self._own(registry, registry.secrets()).items():
                credentials[platform] = {name: _variable(platform, name) for name in secrets}
        return {"platforms": options, "credentials": credentials}

    def environ(self) -> dict[str, str]:
        """The rehearsal's credentials as environment variables (none of the user's own is among them)."""
        return {
            _variable(platform, name): value
            for registry in self.running.values()
            for platform, secrets in self._own(registry, registry.secrets()).items()
            for name, value in secrets.items()
        }

    def addresses(self) -> dict[str, str]:
        """URL of the registry of each platform."""
        return {platform: self.running[kind].url for platform, kind in self._kinds.items()}

    def usage(self) -> dict[str, str]:
        """For people, while the registries are up: how to get each platform's package from them."""
        return {p: line for r in self.running.values() for p, line in self._own(r, r.usage()).items()}

    def title(self, platform: str) -> str:
        """What serves a platform, for people (``stand-in``, ``verdaccio 6.2``)."""
        return self.running[self._kinds[platform]].title

    def publications(self) -> list[Publication]:
        """Everything that the registries have now."""
        return [item for registry in self.running.values() for item in registry.publications()]

    def _own(self, registry: StandIn, by_platform: Mapping[str, T]) -> dict[str, T]:
        """What a registry says about the platforms that it serves here (another may serve the rest of its own)."""
        return {p: value for p, value in by_platform.items() if self._kinds.get(p) is type(registry)}


def _variable(platform: str, name: str) -> str:
    return f"DEPLOYFORGE_REHEARSAL_{platform}_{name}".upper().replace("-", "_")
