"""Where each value of a configuration comes from: the file, a variable in it, a flag, a tag, or the default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployforge_tasks.project.problems import dotted

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.project.tree import Node

_VARIABLE = re.compile(r"(?<!\$)\$\{(?!(?:version|name|major|minor)\})(\w+)")


@dataclass(frozen=True)
class Value:
    """One value, its place as ``platforms.npm.access``, and its origin as people read it."""

    path: str
    value: Any
    origin: str


def origins(loaded: Loaded, effective: Any, *, version_named: bool = False) -> Iterator[Value]:
    """Every value of the effective configuration with its origin.

    Args:
        loaded: the project.
        effective: the configuration after profile, variables and defaults, as plain values.
        version_named: the version was an argument.
    """
    for path, value in _leaves(effective, ()):
        origin = _origin(loaded.written, path)
        if path == ("version",):
            origin = "argument" if version_named else origin if origin != _DEFAULT else "tag of the checkout"
        yield Value(dotted(path), value, origin)


_DEFAULT = "default"


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    else:
        yield path, value


def _origin(written: Node | None, path: tuple[str | int, ...]) -> str:
    node = _written_at(written, path)
    if node is None:
        return _DEFAULT
    place = str(node.place)
    variables = list(dict.fromkeys(_VARIABLE.findall(str(node.plain()))))
    return f"{place}, with {', '.join(variables)}" if variables else place


def _written_at(written: Node | None, path: tuple[str | int, ...]) -> Node | None:
    """The node of the value, or the short form that stands for its section (``license: MIT``)."""
    node = written
    for part in path:
        if node is None or not isinstance(node.value, dict):
            return node
        node = node.child(part)
    return node
