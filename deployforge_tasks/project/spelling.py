"""Bringing the text of a ``deployforge.yml`` up to date: only what has to change is touched, comments stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.project import tree
from deployforge_tasks.project.problems import ConfigProblems, dotted

if TYPE_CHECKING:
    from deployforge_tasks.project.tree import Node


@dataclass(frozen=True)
class Change:
    """A word of the text that is written otherwise now.

    `line` and `column` count from 1; an empty `old` inserts `new` as a line of its own before that line.
    """

    line: int
    column: int
    old: str
    new: str
    reason: str


def changes(text: str, file: str, aliases: Mapping[str, str]) -> list[Change]:
    """What has to change, in the order of the file.

    Raises:
        ConfigProblems: it is no YAML.
    """
    root, problems = tree.parse(text, file)
    if not root.value and problems:
        raise ConfigProblems(file, problems)
    found = [change for step in _STEPS for change in step(root, aliases)]
    return sorted(found, key=lambda change: (change.line, change.column))


def apply(text: str, wanted: Sequence[Change]) -> str:
    """The text with every change made."""
    lines = text.splitlines(keepends=True)
    for change in reversed(wanted):
        index = change.line - 1
        if not change.old:
            lines.insert(index, f"{change.new}\n")
            continue
        line, at = lines[index], change.column - 1
        lines[index] = line[:at] + line[at:].replace(change.old, change.new, 1)  # a quote may stand before it
    return "".join(lines)


def _schema(root: Node, _: Mapping[str, str]) -> Iterator[Change]:
    """A file without a schema's number is of the first one; from then on it says so."""
    if root.value and "schema" not in root.value:
        first = min(place.line for place in root.keys.values())
        yield Change(first, 1, "", "schema: 1", "says which form of the file this is")


def _platform_names(root: Node, aliases: Mapping[str, str]) -> Iterator[Change]:
    """Platforms go by their own names, as in every screen and task."""
    from deployforge_tasks.project.profiles import BY_PLATFORM

    profiles = root.child("profiles")
    names = profiles.value if profiles is not None and isinstance(profiles.value, dict) else {}
    for before in ((), *(("profiles", name) for name in names)):
        for section in BY_PLATFORM:
            node = root.child(*before, *section)
            for key, place in node.keys.items() if node is not None else ():
                if key in aliases:
                    reason = f"{dotted((*before, *section, key))} is called {aliases[key]}"
                    yield Change(place.line, place.column, key, aliases[key], reason)


_STEPS: Sequence[Callable[[Node, Mapping[str, str]], Iterator[Change]]] = (_schema, _platform_names)
