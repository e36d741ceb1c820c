"""Profiles: named sections of ``profiles:`` that override the rest of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.project import tree
from deployforge_tasks.project.problems import Problem, did_you_mean, dotted
from deployforge_tasks.project.tree import Node, Place

#: Names that need no section of their own.
BUILT_IN = ("rehearsal", "production")
#: Sections whose keys are names of platforms.
BY_PLATFORM = (("platforms",), ("credentials",), ("descriptions",), ("depends",), ("verify", "propagate"))


@dataclass(frozen=True)
class Chosen:
    """The file with one profile on it, the names of all profiles, and what is wrong with them."""

    root: Node
    names: tuple[str, ...]
    problems: list[Problem]


def choose(root: Node, profile: str, aliases: Mapping[str, str], overlay: Mapping[str, Any]) -> Chosen:
    """Merge a profile and an overlay over the file; platforms get their own names.

    Raises:
        ConfigError: there is no such profile.
    """
    section = root.child("profiles")
    profiles = section.value if section is not None and isinstance(section.value, dict) else {}
    problems: list[Problem] = []
    if section is not None and section.value is not None and not profiles:
        problems.append(
            Problem(str(section.place), "profiles", "must be a mapping of profiles", "profiles: {staging: {}}")
        )
    if profile and profile not in (*profiles, *BUILT_IN):
        raise ConfigError(
            f"there is no profile `{profile}`", hint=did_you_mean(profile, (*profiles, *BUILT_IN)), code="DF1005"
        )
    merged = _renamed(tree.without(root, "profiles"), aliases, problems)
    if profile in profiles:
        merged = tree.merge(merged, _own_section(profile, profiles[profile], aliases, problems))
    if overlay:
        merged = tree.merge(merged, _renamed(tree.of(overlay, Place("(overlay)")), aliases, problems))
    return Chosen(_with_empty_sections(merged), tuple(profiles), problems)


def _with_empty_sections(root: Node) -> Node:
    """``npm:`` with nothing behind it means its defaults."""
    section = root.child("platforms")
    if section is None or not isinstance(section.value, dict):
        return root
    items = {key: Node({}, value.place) if value.value is None else value for key, value in section.value.items()}
    return _replaced(root, ("platforms",), Node(items, section.place, section.keys))


def _own_section(name: str, node: Node, aliases: Mapping[str, str], problems: list[Problem]) -> Node:
    if node.value is None:
        return Node({}, node.place)
    if not isinstance(node.value, dict):
        problems.append(Problem(str(node.place), f"profiles.{name}", "must be a mapping of options", "profiles: {}"))
        return Node({}, node.place)
    for key in ("profiles", "schema"):
        if key in node.value:
            place = str(node.keys.get(key, node.place))
            problems.append(Problem(place, f"profiles.{name}.{key}", f"a profile has no `{key}`", "move it to the top"))
    return _renamed(
        Node({k: v for k, v in node.value.items() if k != "profiles"}, node.place, node.keys), aliases, problems
    )


def _renamed(root: Node, aliases: Mapping[str, str], problems: list[Problem]) -> Node:
    """The tree with platforms under their own names."""
    for path in BY_PLATFORM:
        section = root.child(*path)
        if section is not None and isinstance(section.value, dict) and any(key in aliases for key in section.value):
            root = _replaced(root, path, _rename(section, path, aliases, problems))
    return root


def _rename(section: Node, path: tuple[str, ...], aliases: Mapping[str, str], problems: list[Problem]) -> Node:
    items: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for key, value in section.value.items():
        name = aliases.get(key, key)
        keys[name] = section.keys.get(key, section.place)
        if name in items:
            problems.append(
                Problem(
                    str(keys[name]), dotted((*path, key)), f"`{key}` is `{name}`, which is there already", "keep one"
                )
            )
        items[name] = value
    return Node(items, section.place, keys)


def _replaced(root: Node, path: tuple[str, ...], new: Node) -> Node:
    if not path:
        return new
    items = dict(root.value)
    items[path[0]] = _replaced(items[path[0]], path[1:], new)
    return Node(items, root.place, root.keys)
