"""The registries of a rehearsal: which there are, starting them, and pointing a project at them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import StandIn


@cache
def stand_ins() -> dict[str, type[StandIn]]:
    """Every stand-in of the folder ``stand_ins/``, by the platform that it serves."""
    from deployforge_tasks.rehearsal import stand_ins as folder

    found: dict[str, type[StandIn]] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        for kind in vars(loaded).values():
            if isinstance(kind, type) and issubclass(kind, StandIn) and kind.__module__ == loaded.__name__:
                found.update(dict.fromkeys(getattr(kind, "serves", ()), kind))
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
        self._platforms = platforms
        chosen = stand_ins() if kinds is None else kinds
        self.unserved = tuple(name for name in platforms if name not in chosen)
        self.running: dict[type[StandIn], StandIn] = {}
        for kind in dict.fromkeys(chosen[name] for name in platforms if name in chosen):
            self.running[kind] = kind(root / kind.name)

    def __enter__(self) -> Self:
        for registry in self.running.values():
            registry.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for registry in self.running.values():
            registry.stop()

    def overlay(self) -> dict[str, Any]:
        """What to lay over ``deployforge.yml``: options that point each platform here, and where its secrets are."""
        options: dict[str, Any] = {}
        credentials: dict[str, dict[str, str]] = {}
        for registry in self.running.values():
            options.update({p: o for p, o in registry.overlay(self._platforms).items() if p in self._platforms})
            for platform, secrets in registry.secrets().items():
                credentials[platform] = {name: _variable(platform, name) for name in secrets}
        return {"platforms": options, "credentials": credentials}

    def environ(self) -> dict[str, str]:
        """The rehearsal's credentials as environment variables (none of the user's own is among them)."""
        return {
            _variable(platform, name): value
            for registry in self.running.values()
            for platform, secrets in registry.secrets().items()
            for name, value in secrets.items()
        }

    def addresses(self) -> dict[str, str]:
        """URL of the registry of each platform."""
        return {p: registry.url for registry in self.running.values() for p in registry.serves if p in self._platforms}

    def usage(self) -> dict[str, str]:
        """For people, while the registries are up: how to get each platform's package from them."""
        found = {p: line for registry in self.running.values() for p, line in registry.usage().items()}
        return {p: line for p, line in found.items() if p in self._platforms}

    def title(self, platform: str) -> str:
        """What serves a platform, for people (``stand-in``, ``verdaccio 6.2``)."""
        return next((r.title for r in self.running.values() if platform in r.serves), "")

    def publications(self) -> list[Publication]:
        """Everything that the registries have now."""
        return [item for registry in self.running.values() for item in registry.publications()]


def _variable(platform: str, name: str) -> str:
    return f"DEPLOYFORGE_REHEARSAL_{platform}_{name}".upper().replace("-", "_")
