"""Taking over the configuration of another release tool, and telling of every part what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from deployforge_tasks.discovery.findings import Findings, Left, Moved, Notes, Rank, Use
from deployforge_tasks.project.tree import Node

_ENVIRONMENT = re.compile(r"\{\{-?\s*\.Env\.(\w+)\s*-?\}\}")
#: What is said of parts that several tools have: why they stay behind, and what to do.
HOOKS = ("a hook is a program with its arguments here, without a shell", "write it in `hooks:` (docs/how-to/hooks.md)")
SIGNING = ("DeployForge does not sign", "sign in the step that makes the release files")


@dataclass
class Import:
    """Collects what one file of another tool gives.

    `tool` is the tool, `path` the file, `root` what stands in it; a key is written as in that file
    (``brews[0].repository.name``).
    """

    tool: str
    path: str
    root: Node
    notes: Notes = field(default_factory=Notes)

    def at(self, key: str) -> str:
        """The place of a key in the file."""
        parts = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", key)]
        return f"{self.path}:{self.root.place_of(parts, key=True).line}"

    def get(self, key: str) -> Any:
        """The plain value of a key, or None."""
        parts = [int(p) if p.isdigit() else p for p in re.findall(r"[^.\[\]]+", key)]
        node = self.root.child(*parts)
        return node.plain() if node is not None else None

    def text(self, key: str) -> str | None:
        """A value that is one text without a template in it."""
        value = self.get(key)
        return (
            str(value)
            if isinstance(value, str | int) and not isinstance(value, bool) and "{{" not in str(value)
            else None
        )

    def move(self, key: str, option: str, value: Any = None, rank: Rank = Rank.TOOL) -> bool:
        """Carry a value over to an option of ours; returns whether there was one."""
        found = self.text(key) if value is None else value
        if not self.notes.fact(option, found, self.at(key), rank):
            return False
        self.notes.moved.append(Moved(self.tool, key, option))
        return True

    def leave(self, key: str, why: str, todo: str) -> None:
        """Say that a part does not carry over, if it is there."""
        if self.get(key) not in (None, "", [], {}):
            self.notes.left.append(Left(self.tool, key, why, todo))

    def use(self, platform: str, key: str, off: str = "") -> None:
        """The tool publishes to a platform (`off`: it could, and does not)."""
        self.notes.uses.append(Use(platform, self.at(key), publishes=not off, off=off))
        self.notes.moved.append(Moved(self.tool, key, f"platforms.{platform}"))

    def secret(self, key: str, platform: str, credential: str) -> None:
        """A credential that the file takes from a variable."""
        match = _ENVIRONMENT.search(str(self.get(key) or ""))
        if match:
            self.move(key, f"credentials.{platform}.{credential}", match[1])

    def each(self, *names: str) -> Iterator[str]:
        """The keys of the entries of lists (or of a single entry) with one of these names."""
        for name in names:
            value = self.get(name)
            if isinstance(value, list):
                yield from (f"{name}[{i}]" for i, item in enumerate(value) if isinstance(item, dict))
            elif isinstance(value, dict):
                yield name

    def rest(self, known: set[str], reasons: dict[str, tuple[str, str]]) -> None:
        """Say of every other key at the top that it does not carry over."""
        default = ("DeployForge has nothing for it", "keep it in a step of your own before the release")
        for key in self.root.value:
            if key not in known:
                self.leave(key, *reasons.get(key, default))

    def done(self) -> Findings:
        return self.notes.done()
