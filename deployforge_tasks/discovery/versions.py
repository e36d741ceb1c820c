"""Fields that repeat the version: which contradict, and which are worth watching."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deployforge_tasks.core.versions import Version
from deployforge_tasks.discovery.findings import VersionField


@dataclass(frozen=True)
class Contradiction:
    """A field whose value is not that of the newest tag (or, without tags, not what most fields say)."""

    field: VersionField
    expected: str


def contradictions(fields: Sequence[VersionField], newest: str) -> tuple[Contradiction, ...]:
    """The fields that do not say the expected version; a package with a version of its own counts too."""
    expected = newest or _usual(fields)
    return tuple(Contradiction(field, expected) for field in fields if expected and plain(field.value) != expected)


def watched(fields: Sequence[VersionField], name: str) -> list[VersionField]:
    """The fields that a person keeps and that belong to the program itself: for `version_files`."""
    return [f for f in fields if f.kept and is_version(f.value) and _mine(f, name)]


def plain(value: str) -> str:
    """The version without a leading v."""
    return value.removeprefix("v")


def is_version(value: str) -> bool:
    """Whether this is a version at all (`git` and `VERSION_PLACEHOLDER` are none)."""
    try:
        Version.parse(value)
    except ValueError:
        return False
    return not re.match(r"0\.0\.0(?:$|-)|0\.0\.1-next", value)


def _usual(fields: Sequence[VersionField]) -> str:
    values = [plain(f.value) for f in fields if is_version(f.value)]
    return max(dict.fromkeys(values), key=values.count, default="")


def _mine(field: VersionField, name: str) -> bool:
    """Not the field of a package with a name of its own, nor of a plug-in for another program."""
    if field.package:
        return field.package.lower() == name.lower()
    return (
        field.what in ("Go code", "Python code", "Rust crate", "version file", "CMake project", "Meson project")
        or "/" not in field.path
    )
