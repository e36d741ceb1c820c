"""The files of a repository: listed once, read only when asked for, never more than is sensible."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.discovery.findings import Trouble
from deployforge_tasks.discovery.remote import Remote, parse
from deployforge_tasks.effects.process import Processes, which
from deployforge_tasks.project import tree as yaml_tree

MAX_BYTES = 1 << 20
MAX_FILES = 200_000
#: Folders with other people's code, or with what a build left behind.
_FOREIGN = frozenset({
    ".git", ".hg", ".svn", ".deployforge", "node_modules", "vendor", "third_party", "bower_components", "site-packages",
    ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".idea", "testdata", "fixtures", "Pods", ".terraform",
})  # fmt: skip
_BUILT = frozenset({"dist", "build", "target", "out", "bin", "obj"})


class Tree:
    """A project's folder.

    `files` are paths below it with ``/``; git lists them where there is git (tracked and new ones, not the ignored
    ones), else the folder is walked. Templates of projects (``{{name}}/package.json``) are not the project's own. What
    cannot be read is remembered in `troubles`, once a file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.troubles: list[Trouble] = []
        self._texts: dict[str, str | None] = {}

    @cached_property
    def files(self) -> tuple[str, ...]:
        listed = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
        paths = listed.split("\0") if listed is not None else self._walk()
        own = sorted({p for p in paths if p and _is_own(p)})
        if len(own) > MAX_FILES:
            self.troubles.append(Trouble(".", f"only the first {MAX_FILES} of {len(own)} files are looked at"))
        return tuple(own[:MAX_FILES])

    @cached_property
    def paths(self) -> frozenset[str]:
        """The same files, for asking whether one is there."""
        return frozenset(self.files)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for path in self.files:
            names.setdefault(path.rpartition("/")[2].lower(), []).append(path)
        return names

    @cached_property
    def remote(self) -> Remote | None:
        """Where ``origin`` is."""
        return parse((self.git("remote", "get-url", "origin") or "").strip())

    @property
    def slug(self) -> str:
        """What the repository is called, in lower case: the remote's name, else the folder's."""
        return (self.remote.name if self.remote else self.root.name).lower()

    def own(self, name: str) -> bool:
        """Whether a package's name is that of this repository, or is derived from it (`hello-client` of `hello`)."""
        return _plain(self.slug) in _plain(name)

    def named(self, *names: str) -> list[str]:
        """The files with one of these names, whatever their folder and case; the nearest to the top first."""
        found = [path for name in names for path in self._by_name.get(name.lower(), ())]
        return sorted(found, key=lambda path: (path.count("/"), path))

    def matching(self, pattern: str) -> list[str]:
        """The files whose whole path matches a regular expression, the nearest to the top first."""
        shape = re.compile(pattern, re.IGNORECASE)
        return sorted((p for p in self.files if shape.fullmatch(p)), key=lambda path: (path.count("/"), path))

    def read(self, path: str) -> str | None:
        """The text of a file, or None where it is none that can be read (see `troubles`)."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        file = self.root / path
        try:
            if not file.resolve().is_relative_to(self.root):
                self._trouble(path, "leads out of the repository and is not read")
                return None
            if not file.is_file():
                return None  # git still lists what was removed
            if (size := file.stat().st_size) > MAX_BYTES:
                self._trouble(path, f"has {size >> 20} MiB and is not read")
                return None
            data = file.read_bytes()
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
            self._trouble(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
            return None
        if b"\0" in data[:8192]:
            self._trouble(path, "is no text and is not read")
            return None
        return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")

    def yaml(self, path: str) -> yaml_tree.Node | None:
        """A YAML file whose root is a mapping, with the lines of its values."""
        text = self.read(path)
        if text is None:
            return None
        root, problems = yaml_tree.parse(text, path)
        if problems and not root.value:
            place = problems[0].place.removeprefix(path).strip(":")
            self._trouble(f"{path}:{place}" if place else path, problems[0].message)
            return None
        return root

    def json(self, path: str) -> Any:
        """A JSON file (comments and trailing commas are not allowed there), or None."""
        text = self.read(path)
        try:
            return None if text is None else json.loads(text)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 0)
            return self._trouble(f"{path}:{line}" if line else path, f"is no JSON: {str(error).partition(':')[0]}")

    def toml(self, path: str) -> dict[str, Any]:
        """A TOML file, or nothing."""
        text = self.read(path)
        try:
            return {} if text is None else tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._trouble(path, f"is no TOML: {error}")
            return {}

    def line(self, path: str, pattern: str) -> int:
        """The line of the first match of a regular expression in a file, 1 where there is none."""
        text = self.read(path) or ""
        match = re.search(pattern, text, re.MULTILINE)
        return text.count("\n", 0, match.start()) + 1 if match else 1

    def place(self, path: str, pattern: str) -> str:
        """``path:line`` of the first match."""
        return f"{path}:{self.line(path, pattern)}"

    def git(self, *arguments: str) -> str | None:
        """What git prints in this folder, or None where it cannot (no git, no repository)."""
        if which("git") is None:
            return None
        try:
            done = Processes().run(["git", *arguments], cwd=self.root, check=False, timeout=30)
        except (DeployForgeError, OSError):
            return None
        return done.stdout if done.returncode == 0 else None

    def _walk(self) -> Iterator[str]:
        for folder, below, names in os.walk(self.root):
            below[:] = sorted(set(below) - _FOREIGN - _BUILT)
            for name in names:
                yield (Path(folder) / name).relative_to(self.root).as_posix()

    def _trouble(self, source: str, message: str) -> None:
        self.troubles.append(Trouble(source, message))


def _is_own(path: str) -> bool:
    """Whether a file is the project's own, and has a name that can be shown."""
    return path.isprintable() and "{{" not in path and not _FOREIGN.intersection(path.split("/")[:-1])


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
