"""The one version of a run: the argument, else ``version:`` in the file, else the tag of the checkout."""

from __future__ import annotations

import re
from pathlib import Path

from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.process import Processes, which
from deployforge_tasks.project.problems import Problem
from deployforge_tasks.project.tree import Node

_HINT = "one leading v is accepted, nothing else before the numbers"


def find_version(root: Node, argument: str | None, folder: Path) -> tuple[Version | None, list[Problem]]:
    """The version of a run, or None where nobody says one.

    Args:
        root: the configuration.
        argument: the version of the command line.
        folder: the checkout.
    """
    node = root.child("version")
    if argument:
        return _parse(argument, "(argument)")
    if node is not None and node.value is not None:
        return _parse(str(node.value), str(node.place))
    pattern = root.child("source", "tag")
    return tagged(folder, str(pattern.value) if pattern is not None else "v{version}"), []


def _parse(text: str, place: str) -> tuple[Version | None, list[Problem]]:
    try:
        return Version.parse(text), []
    except ValueError as error:
        return None, [Problem(place, "version", str(error), _HINT)]


def tagged(folder: Path, pattern: str) -> Version | None:
    """The highest version that a tag on the checked-out commit names, if there is one."""
    return max(tags(folder, pattern), default=None)


def tags(folder: Path, pattern: str) -> list[Version]:
    """Every version that a tag on the checked-out commit names."""
    if which("git") is None:
        return []
    done = Processes().run(["git", "tag", "--points-at", "HEAD"], cwd=folder, check=False, timeout=30)
    if done.returncode != 0:
        return []
    shape = re.compile(re.escape(pattern).replace(re.escape("{version}"), r"(?P<version>\d\S*)", 1))
    found: list[Version] = []
    for tag in done.stdout.split():
        match = shape.fullmatch(tag)
        try:
            found.append(Version.parse(match["version"] if match else tag))
        except (ValueError, IndexError):
            continue  # a tag that is no release
    return found
