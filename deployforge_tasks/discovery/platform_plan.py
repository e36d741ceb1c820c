"""Which platforms a project is published to, and which are switched off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deployforge_tasks.discovery.findings import Use

#: The order in which a file names them: the hub first, then what most people use.
_ORDER = (
    "github", "npm", "github_packages", "pypi", "docker", "homebrew", "scoop", "chocolatey", "winget", "crates",
    "vscode", "open_vsx", "snap", "aur", "flathub", "nix",
)  # fmt: skip


@dataclass(frozen=True)
class PlatformPlan:
    """A platform: whether it is published to, why not otherwise, and where that was seen."""

    name: str
    enabled: bool
    why: str
    sources: tuple[str, ...]
    known: bool = True
    """Whether this DeployForge has the platform."""


def plan(uses: Iterable[Use], known: Sequence[str], wanted: Sequence[str] | None = None) -> tuple[PlatformPlan, ...]:
    """What follows from the signs of each platform.

    Published to now: enabled. Switched off: disabled, with the reason. Only files for it: enabled where nothing is
    published at all yet, else disabled.

    Args:
        uses: the signs.
        known: the platforms that there are.
        wanted: the platforms that a person chose, in place of that rule.
    """
    from deployforge_tasks.platforms.registry import canonical

    signs: dict[str, list[Use]] = {name: [] for name in wanted or ()}
    for use in uses:
        signs.setdefault(canonical(use.platform), []).append(use)
    anything = any(use.publishes for found in signs.values() for use in found)
    plans = [_one(name, found, anything, name in known, wanted) for name, found in signs.items()]
    return tuple(sorted(plans, key=lambda p: (_ORDER.index(p.name) if p.name in _ORDER else len(_ORDER), p.name)))


def _one(name: str, uses: list[Use], anything: bool, known: bool, wanted: Sequence[str] | None) -> PlatformPlan:
    publishing = [use for use in uses if use.publishes]
    off = [use for use in uses if use.off]
    ordered = tuple(dict.fromkeys(use.source for use in (*publishing, *off, *uses)))
    if wanted is not None:
        return PlatformPlan(name, name in wanted, "" if name in wanted else "not chosen", ordered, known)
    if publishing:
        return PlatformPlan(name, True, "", ordered, known)
    if off:
        return PlatformPlan(name, False, f"{off[0].off} ({off[0].source})", ordered, known)
    why = "there are files for it, and nothing publishes them" if anything else ""
    return PlatformPlan(name, not anything, why, ordered, known)
