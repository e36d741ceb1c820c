"""A commented YAML document: written anew, or an existing one with what is new put into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import yaml

from deployforge_tasks.project.tree import Node, Path, parse

#: How a comment begins that tells where a value was found. A line that has it may be brought up to date.
FROM = "# from "
#: How a note begins that tells of a mere assumption, which an existing document does not need.
ASSUMED = "assumed: "
_WIDEST = 110


@dataclass(frozen=True)
class Entry:
    """An option with its value.

    `note` stands behind it, `above` are lines of comment before it, `aside` writes the whole entry as a comment. For a
    list of mappings, `notes` has a note for each.
    """

    path: tuple[str, ...]
    value: Any = None
    note: str = ""
    above: tuple[str, ...] = ()
    aside: bool = False
    notes: tuple[str, ...] = ()


def render(entries: Sequence[Entry], head: Iterable[str] = ()) -> str:
    """The whole document; sections (entries with the same first key) have an empty line around them."""
    lines, apart = [*head], False
    for _, section in groupby(entries, key=lambda e: e.path[0]):
        part = list(section)
        large = any(len(e.path) > 1 or e.notes for e in part)
        if lines and (large or apart):
            lines.append("")
        lines += _lines(part, 0)
        apart = large
    return "\n".join(lines) + "\n"


def _lines(entries: Sequence[Entry], depth: int) -> list[str]:
    lines: list[str] = []
    for key, group in groupby(entries, key=lambda e: e.path[depth]):
        part = list(group)
        indent = "  " * depth
        if len(part) == 1 and len(part[0].path) == depth + 1:
            lines += entry_lines(part[0], indent)
            continue
        head = next((e for e in part if len(e.path) == depth + 1), None)
        below = [e for e in part if len(e.path) > depth + 1]
        lines += [f"{indent}# {line}" for line in (head.above if head else ())]
        opened = f"{key}:" + (f"  # {head.note}" if head and head.note else "")
        nothing = all(e.aside for e in below)  # a mapping with comments alone would be no mapping
        lines += [f"{indent}{key}: {{}}{opened[len(key) + 1 :]}" if nothing else f"{indent}{opened}"]
        lines += _lines(below, depth + 1)
    return lines


def entry_lines(entry: Entry, indent: str) -> list[str]:
    """The lines of one option."""
    lines = [f"{indent}# {line}" for line in entry.above]
    start = f"{indent}# " if entry.aside else indent
    key = entry.path[-1]
    many = isinstance(entry.value, list) and entry.value
    text = f"{start}{key}: {_flow(entry.value)}"
    note = f"  # {entry.note}" if entry.note else ""
    if many and (entry.notes or len(text) > _WIDEST):
        notes = [*entry.notes, *[""] * len(entry.value)]
        rows = [f"{start}  - {_flow(v)}" + (f"  # {n}" if n else "") for v, n in zip(entry.value, notes, strict=False)]
        return [*lines, f"{start}{key}:{note}", *rows]
    return [*lines, text + note]


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False).strip()
    return text.removesuffix("\n...").removesuffix("...").strip()


@dataclass(frozen=True)
class Update:
    """An existing document with what is new.

    `kept` are options that say something else than what was found, and stay; `unplaced` are entries for which there is
    no place (a section written on one line).
    """

    text: str
    kept: tuple[tuple[str, Any, Entry], ...] = ()
    unplaced: tuple[Entry, ...] = ()


def update(text: str, file: str, entries: Sequence[Entry]) -> Update:
    """Put entries into a document that is there; what a person wrote stays, comments and order too.

    A line that still has the comment of where its value was found is brought up to date when something else is found.
    """
    root, _ = parse(text, file)
    lines = text.rstrip("\n").split("\n")
    kept: list[tuple[str, Any, Entry]] = []
    unplaced: list[Entry] = []
    additions: dict[tuple[int, int], list[Entry]] = {}
    rows: dict[int, list[str]] = {}
    for entry in entries:
        if entry.aside or entry.value is None or entry.note.startswith(ASSUMED):
            continue
        path = _written(root, entry.path)
        node = root.child(*path)
        if node is None:
            depth = _depth(root, path)
            if not isinstance(_at(root, path[:depth]).value, dict) or _declined(lines, entry, depth):
                continue  # a person wrote it another way, or as a comment
            anchor = _anchor(root, path[:depth], lines)
            if anchor is None:
                unplaced.append(entry)
            else:
                additions.setdefault((anchor, depth), []).append(entry)
        elif entry.value == {} and isinstance(node.value, dict):
            continue  # the section is there, whatever stands in it
        elif entry.notes and isinstance(node.value, list):
            rows[_last(node)] = _missing_rows(node, entry)
        elif not _same(node.plain(), entry.value) and not _replaced(lines, root, path, entry):
            kept.append((".".join(entry.path), node.plain(), entry))
    blocks = [(anchor, depth, _block(found, depth)) for (anchor, depth), found in additions.items()]
    blocks += [(anchor, len(lines), found) for anchor, found in rows.items()]
    for anchor, depth, block in sorted(blocks, key=lambda b: (-b[0], b[1])):  # the outer one first: it ends up last
        lines[anchor:anchor] = ([""] if depth == 0 else []) + block
    return Update("\n".join(lines) + "\n", tuple(kept), tuple(unplaced))


def _block(entries: Sequence[Entry], depth: int) -> list[str]:
    return _lines(entries, depth) if depth else render(entries).rstrip("\n").split("\n")


def _missing_rows(node: Node, entry: Entry) -> list[str]:
    """The rows of a list of mappings that are not there yet (told apart by their first key), as lines."""
    key = next(iter(entry.value[0]))
    there = {item.get(key) for item in node.plain() if isinstance(item, dict)}
    new = [(v, n) for v, n in zip(entry.value, entry.notes, strict=True) if v[key] not in there]
    indent = " " * (node.value[0].place.column - 3) if node.value else "  "
    return [f"{indent}- {_flow(value)}  # {note}" for value, note in new]


def has(text: str, file: str, option: str) -> bool:
    """Whether a document has an option (``artifacts.asset``)."""
    return parse(text, file)[0].child(*option.split(".")) is not None


def _replaced(lines: list[str], root: Node, path: Path, entry: Entry) -> bool:
    """Bring a line up to date that still tells where its value was found; whether it does."""
    number = root.place_of(path, key=True).line
    if FROM not in lines[number - 1] or entry.notes or _last(_at(root, path)) != number:
        return False
    indent = lines[number - 1][: -len(lines[number - 1].lstrip())]
    lines[number - 1] = "\n".join(entry_lines(entry, indent)[len(entry.above) :])
    return True


def _at(root: Node, path: Path) -> Node:
    node = root.child(*path)
    assert node is not None  # only asked for what is there
    return node


def _written(root: Node, path: tuple[str, ...]) -> Path:
    """The path as the document has it: platforms may go by another name there."""
    from deployforge_tasks.platforms.registry import platforms

    if len(path) > 1 and path[0] in ("platforms", "credentials") and root.child(*path[:2]) is None:
        kind = platforms().get(path[1])
        for alias in kind.aliases if kind else ():
            if root.child(path[0], alias) is not None:
                return (path[0], alias, *path[2:])
    return path


def _depth(root: Node, path: Path) -> int:
    """How many keys of a path are there already."""
    return next((n for n in range(len(path), 0, -1) if root.child(*path[:n]) is not None), 0)


def _anchor(root: Node, section: Path, lines: list[str]) -> int | None:
    """The line behind which something new belongs; None where its section stands on one line.

    An empty section (``npm: {}``) is opened for it.
    """
    node, depth = _at(root, section), len(section)
    line = root.place_of(section, key=True).line
    if depth and not node.value:
        opened = re.sub(r":\s*\{\s*\}", ":", lines[line - 1], count=1)
        alone = re.match(rf"\s*{re.escape(str(section[-1]))}:\s*(?:#|$)", opened)
        lines[line - 1] = opened if alone else lines[line - 1]
        return line if alone else None
    return None if depth and line == _first(node) else _last(node)


def _first(node: Node) -> int:
    return min((place.line for place in node.keys.values()), default=node.place.line)


def _last(node: Node) -> int:
    """The last line of a value."""
    below = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    return max([node.place.line, *(_last(child) for child in below)])


def _declined(lines: list[str], entry: Entry, depth: int) -> bool:
    """Whether the option stands there as a comment: somebody switched it off."""
    shape = re.compile(rf"{'  ' * depth}#\s*{re.escape(entry.path[depth])}:")
    return entry.path[0] != "platforms" and any(shape.match(line) for line in lines)


def _same(there: Any, found: Any) -> bool:
    if isinstance(there, dict) and isinstance(found, dict):
        return {k: str(v) for k, v in there.items()} == {k: str(v) for k, v in found.items()}
    if isinstance(there, dict) and not isinstance(found, dict):
        return bool(there.get("spdx") == found)
    return bool(there == found) or (not isinstance(there, bool) and str(there) == str(found))
