"""Which places a project names. A place's module is imported when a project names it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployforge_tasks.platforms.places.base import Place
    from deployforge_tasks.project.schema import Project

_CLASSES = {"flathub": "Flathub", "rubygems": "RubyGems", "downloads": "OwnDownloads"}
#: The names of all places.
NAMES = tuple(_CLASSES)


def kind(name: str) -> type[Place[Any]]:
    """The class of a place.

    Raises:
        KeyError: there is none of that name.
    """
    class_name = _CLASSES[name]
    found: type[Place[Any]] = getattr(importlib.import_module(f"{__package__}.{name}"), class_name)
    return found


def places(project: Project) -> dict[str, Place[Any]]:
    """The places that a project names, by name."""
    named = project.analytics.places
    return {name: kind(name)(getattr(named, name)) for name in named.names}
