"""Names of release files: patterns such as ``{name}-{version}-{os}-{arch}.{ext}`` filled for a target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.targets import ARCHES, OSES, Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.project.problems import did_you_mean
from deployforge_tasks.project.schema import Project

_FIELD = re.compile(r"\$?\{(\w+)\}")


def fill(pattern: str, names: Mapping[str, str], option: str) -> str:
    """Replace ``{name}`` (or ``${name}``) in a pattern.

    Raises:
        ConfigError: the pattern of that option uses a name that there is not.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in names:
            raise ConfigError(
                f"{option} uses `{match[0]}`, which there is not", hint=did_you_mean(match[1], names), code="DF1006"
            )
        return names[match[1]]

    return _FIELD.sub(value, pattern)


def pick(table: Mapping[str, str], target: Target, default: str = "") -> str:
    """A table's entry for a target: by the whole target, its os/arch, its os, or ``default``."""
    for key in (str(target), f"{target.os}/{target.arch}", target.os, "default"):
        if key in table:
            return table[key]
    return default


@dataclass(frozen=True)
class Naming:
    """All names of one version's release files."""

    project: Project
    version: Version

    @property
    def targets(self) -> tuple[Target, ...]:
        """The project's targets in the file's order; all six if it names none."""
        named = self.project.artifacts.targets
        return tuple(map(Target.parse, named)) if named else tuple(Target(os, arch) for os in OSES for arch in ARCHES)

    @property
    def binary(self) -> str:
        return self.project.binary.name if self.project.binary else self.project.name

    @property
    def tag(self) -> str:
        names = {"version": str(self.version), "name": self.project.name}
        return fill(self.project.source.tag, names, "source.tag")

    def names(self, target: Target) -> dict[str, str]:
        """What patterns may use for a target."""
        words = self.project.artifacts.words
        return {
            "name": self.project.name,
            "binary": self.binary,
            "version": str(self.version),
            "tag": self.tag,
            "os": words.get(target.os, target.os),
            "arch": words.get(target.arch, target.arch),
            "libc": words.get(target.libc or "", target.libc or ""),
            "target": str(target),
            "ext": pick(self.project.artifacts.ext, target),
            "exe": target.executable_suffix,
        }

    def asset(self, target: Target) -> str:
        """Name of the release file of a target."""
        return fill(self.project.artifacts.asset, self.names(target), "artifacts.asset").rstrip(".")

    def url(self, target: Target) -> str:
        """Where `artifacts.urls` says that a target's file is."""
        return fill(pick(self.project.artifacts.urls, target), self._with_asset(target), "artifacts.urls")

    def fallbacks(self, target: Target) -> list[str]:
        """Further URLs of a target's file."""
        names = self._with_asset(target)
        return [fill(pattern, names, "artifacts.fallback") for pattern in self.project.artifacts.fallback]

    def executable(self, target: Target) -> str:
        """The program's own file name."""
        return self.binary + target.executable_suffix

    def inner_path(self, target: Target) -> str | None:
        """Path of the program in the release file, if the file says so."""
        path = pick(self.project.artifacts.binary_path, target)
        return fill(path, self.names(target), "artifacts.binary_path") if path else None

    def _with_asset(self, target: Target) -> dict[str, str]:
        return {**self.names(target), "asset": self.asset(target)}
