"""The pages there are: each module in ``pages`` has a router, and an entry if the navigation leads to it."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from deployforge_tasks.dashboard import pages


@dataclass(frozen=True)
class Entry:
    """A place in the navigation.

    Fields: `order` sorts them; `key` is the letter that leads there after ``g`` ("" for none); `needs` the permission.
    """

    title: str
    path: str
    order: int
    key: str = ""
    needs: str = "look"


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of ``pages``."""
    names = sorted(found.name for found in pkgutil.iter_modules(pages.__path__))
    return tuple(importlib.import_module(f"{pages.__name__}.{name}") for name in names)


@cache
def entries() -> tuple[Entry, ...]:
    """The navigation in its order."""
    found = [module.ENTRY for module in modules() if hasattr(module, "ENTRY")]
    return tuple(sorted(found, key=lambda entry: entry.order))
