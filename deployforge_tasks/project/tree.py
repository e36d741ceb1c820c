"""YAML as a tree that remembers where each value stands; read safely, with limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from deployforge_tasks.project.problems import Problem, did_you_mean, dotted

MAX_BYTES = 1 << 20
MAX_DEPTH = 40
MAX_VALUES = 50_000

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A place in a file; without a line for values that come from elsewhere."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Node:
    """A value with its place: a mapping or list of nodes, or a scalar. `keys` are the places of a mapping's keys."""

    value: Any
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def child(self, *path: str | int) -> Node | None:
        """The node at a path, or None."""
        node: Node | None = self
        for part in path:
            inside = node.value if node is not None else None
            if isinstance(inside, dict):
                node = inside.get(part)
            elif isinstance(inside, list) and isinstance(part, int) and part < len(inside):
                node = inside[part]
            else:
                return None
        return node

    def place_of(self, path: Iterable[str | int], *, key: bool = False) -> Place:
        """Where the value (or its key) at a path stands; the nearest thing around it if it is not there."""
        place, node = self.place, self
        for part in path:
            below = node.child(part)
            if below is None:
                break
            place = node.keys.get(str(part), below.place) if key else below.place
            node = below
        return place


def of(value: Any, place: Place) -> Node:
    """A tree of plain values, all from one place."""
    if isinstance(value, Mapping):
        return Node({str(key): of(item, place) for key, item in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([of(item, place) for item in value], place)
    return Node(value, place)


def merge(base: Node, over: Node) -> Node:
    """`base` overridden by `over`: mappings are merged, everything else is replaced."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    merged = dict(base.value)
    for key, value in over.value.items():
        merged[key] = merge(merged[key], value) if key in merged else value
    return Node(merged, base.place, {**base.keys, **over.keys})


def without(node: Node, key: str) -> Node:
    """A mapping without one of its keys."""
    return Node({k: v for k, v in node.value.items() if k != key}, node.place, node.keys)


def change_texts(node: Node, change: Callable[[str, Path, Place], str], path: Path = ()) -> Node:
    """The tree with every text replaced by what `change` makes of it."""
    if isinstance(node.value, dict):
        items = {key: change_texts(child, change, (*path, key)) for key, child in node.value.items()}
        return Node(items, node.place, node.keys)
    if isinstance(node.value, list):
        items_ = [change_texts(child, change, (*path, i)) for i, child in enumerate(node.value)]
        return Node(items_, node.place)
    if isinstance(node.value, str):
        return Node(change(node.value, path, node.place), node.place)
    return node


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Resolves plain scalars as YAML 1.2 does: ``no`` is a text, ``2026-01-01`` too, and only ``true`` is true."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


for _tag, _pattern, _letters in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_letters))


class _Reader:
    """Turns PyYAML's nodes into ours and collects what is wrong on the way."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self.problems: list[Problem] = []

    def read(self, node: Any, path: Path) -> Node:
        place = self._place(node)
        self._count += 1
        if len(path) > MAX_DEPTH or self._count > MAX_VALUES:
            raise _TooMuchError(place, path)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, place)
        if isinstance(node, yaml.SequenceNode):
            return Node([self.read(item, (*path, i)) for i, item in enumerate(node.value)], place)
        return Node(self._scalar(node, path, place), place)

    def _mapping(self, node: Any, path: Path, place: Place) -> Node:
        items: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        shared: list[Node] = []
        for key_node, value_node in node.value:
            if key_node.tag.endswith(":merge"):
                shared.append(self.read(value_node, path))
                continue
            key, at = str(key_node.value), self._place(key_node)
            if key in keys:
                hint = f"it stands at line {keys[key].line} already; keep one of them"
                self._problem(at, (*path, key), f"`{key}` is given twice", hint)
            keys[key] = at
            items[key] = self.read(value_node, (*path, key))
        for part in shared:
            if isinstance(part.value, dict):
                items = {**part.value, **items}
                keys = {**part.keys, **keys}
        return Node(items, place, keys)

    def _scalar(self, node: Any, path: Path, place: Place) -> Any:
        kind = node.tag.rpartition(":")[2]
        if not node.tag.startswith("tag:yaml.org,2002:") or kind not in _SCALARS:
            self._problem(place, path, f"the tag `{node.tag}` is not understood", "write the plain value")
            return node.value
        if path and path[-1] == "version":  # 1.10 is a version, not the number 1.1
            return None if kind == "null" else node.value
        try:
            return _SCALARS[kind](node.value)
        except ValueError:
            self._problem(place, path, f"`{node.value}` is not what its tag says", "write the plain value")
            return node.value

    def _place(self, node: Any) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, place: Place, path: Path, message: str, hint: str) -> None:
        self.problems.append(Problem(str(place), dotted(path), message, hint))


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": lambda text: text.lower() == "true",
    "null": lambda _: None,
}


class _TooMuchError(Exception):
    """Nested or repeated (by aliases) beyond every use."""

    def __init__(self, place: Place, path: Path) -> None:
        super().__init__()
        self.problem = Problem(
            str(place),
            dotted(path[:3]),
            f"the file has more than {MAX_VALUES} values or {MAX_DEPTH} levels",
            "aliases multiply what they stand for; write the values out",
        )


def parse(text: str, file: str) -> tuple[Node, list[Problem]]:
    """Read a YAML document whose root is a mapping.

    Returns:
        The tree (as far as it could be read) and the problems found in reading.
    """
    empty = Node({}, Place(file, 1, 1))
    if len(text.encode()) > MAX_BYTES:
        return empty, [Problem(file, "", f"the file is larger than {MAX_BYTES >> 20} MiB", "is this the right file?")]
    reader = _Reader(file)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        tree = reader.read(root, ()) if root is not None else empty
    except yaml.MarkedYAMLError as error:
        return empty, [_syntax(error, file)]
    except (yaml.YAMLError, RecursionError) as error:
        return empty, [Problem(file, "", f"the file is no YAML: {error!s:.200}", "is it a text file?")]
    except _TooMuchError as error:
        return empty, [error.problem]
    finally:
        loader.dispose()
    if not isinstance(tree.value, dict):
        hint = "begin with `name: your-program`"
        return empty, [Problem(str(tree.place), "", "the file is not a list of `key: value` lines", hint)]
    return tree, reader.problems


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    said = " ".join(part for part in (error.context, error.problem) if part)
    hint = "YAML is indented with spaces, never tabs" if "\\t" in said else "check indentation, quotes and brackets"
    return Problem(str(place), "", f"this is no YAML: {said}", hint)


def unknown_keys(node: Node | None, known: Iterable[str], path: Path, what: str) -> list[Problem]:
    """A problem for each key of a mapping that is not among the known ones."""
    if node is None or not isinstance(node.value, dict):
        return []
    names = list(known)
    return [
        Problem(
            str(node.keys.get(key, node.place)),
            dotted((*path, key)),
            f"unknown {what} `{key}`",
            did_you_mean(key, names),
        )
        for key in node.value
        if key not in names
    ]
