"""What a detector finds. Everything carries its source: a file with its line, or what git said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any


class Rank(IntEnum):
    """How much a source counts against others that say something else about the same option."""

    GUESS = 1
    """Follows from a name (the folder's)."""
    MENTION = 2
    """Stands somewhere in the repository."""
    FILE = 3
    """A package's own description."""
    PROJECT = 4
    """The description of the program itself, at the top of the repository."""
    PIPELINE = 5
    """What the workflow that publishes now does."""
    TOOL = 6
    """The configuration of another release tool."""
    RELEASE = 7
    """A release that is out."""
    ANSWER = 8
    """What a person said."""


@dataclass(frozen=True)
class Fact:
    """A value for an option of ``deployforge.yml``: `option` is its path there (``platforms.npm.package``)."""

    option: str
    value: Any
    source: str
    rank: Rank = Rank.FILE


@dataclass(frozen=True)
class Use:
    """A sign that a platform is used.

    `publishes`: a workflow or a tool publishes there (else there are only files for it). `off`: why it does not happen
    now, for something that is switched off or commented out.
    """

    platform: str
    source: str
    publishes: bool = False
    off: str = ""


@dataclass(frozen=True)
class Release:
    """Names of release files that belong together, with the version that is in them (a placeholder, or a real one)."""

    names: tuple[str, ...]
    version: str
    source: str
    rank: Rank = Rank.PIPELINE


@dataclass(frozen=True)
class VersionField:
    """A place that repeats the version.

    `what` says what kind of file it is, `package` the name that the file gives to what it describes ("" where it
    gives none), `regex` finds the value (its first group), `kept` whether a person keeps it (else a release writes it).
    """

    path: str
    line: int
    value: str
    what: str
    package: str = ""
    regex: str = ""
    kept: bool = True

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Moved:
    """A part of another tool's configuration that carried over to an option of ours."""

    tool: str
    key: str
    option: str


@dataclass(frozen=True)
class Left:
    """A part of another tool's configuration that did not carry over, why, and what to do."""

    tool: str
    key: str
    why: str
    todo: str


@dataclass(frozen=True)
class Trouble:
    """Something that could not be read or does not fit, and what it was about."""

    source: str
    message: str


def printable(text: str) -> str:
    """The text without control characters: what other people wrote is shown in a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


@dataclass(frozen=True)
class Findings:
    """Everything that a detector found."""

    facts: tuple[Fact, ...] = ()
    uses: tuple[Use, ...] = ()
    releases: tuple[Release, ...] = ()
    versions: tuple[VersionField, ...] = ()
    moved: tuple[Moved, ...] = ()
    left: tuple[Left, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    newest: str = ""
    """The newest version that a tag names."""
    malformed: tuple[str, ...] = ()
    """Tags that look like a version and are none (``vv1.0.47``)."""


@dataclass
class Notes:
    """Collects findings."""

    facts: list[Fact] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    versions: list[VersionField] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    newest: str = ""
    malformed: tuple[str, ...] = ()

    def fact(self, option: str, value: Any, source: str, rank: Rank = Rank.FILE) -> bool:
        """Remember a value, unless there is none; returns whether there was one."""
        text = " ".join(printable(value).split()) if isinstance(value, str) else value
        if text in (None, "", [], {}):
            return False
        self.facts.append(Fact(option, text, source, rank))
        return True

    def done(self) -> Findings:
        """What was collected."""
        found: dict[str, Any] = {}
        for f in fields(self):
            collected = getattr(self, f.name)
            found[f.name] = tuple(collected) if isinstance(collected, list) else collected
        return Findings(**found)


def merged(parts: Iterable[Findings]) -> Findings:
    """All findings as one, in order."""
    found = list(parts)
    lists = [f.name for f in fields(Findings) if f.name != "newest"]
    together: dict[str, Any] = {name: tuple(item for part in found for item in getattr(part, name)) for name in lists}
    return Findings(newest=next((part.newest for part in found if part.newest), ""), **together)
