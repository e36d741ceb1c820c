"""What is set up here: plugins, and the parts of the configuration that hold no secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class Plugin:
    """A package from outside that adds something: `kind` is ``platform`` or ``stand-in`` (for rehearsals)."""

    kind: str
    name: str
    package: str
    version: str


@dataclass(frozen=True)
class Setting:
    """A part of the configuration in words; `key` is where it is written."""

    key: str
    text: str


def plugins() -> tuple[Plugin, ...]:
    """The plugins of this installation, by kind and name."""
    from importlib.metadata import entry_points

    from deployforge_tasks.platforms.registry import ENTRY_POINTS as PLATFORMS
    from deployforge_tasks.rehearsal.registries import ENTRY_POINTS as STAND_INS

    kinds = {PLATFORMS: "platform", STAND_INS: "stand-in"}
    found = {
        Plugin(kinds[entry.group], entry.name, entry.dist.name, entry.dist.version)
        for group in kinds
        for entry in entry_points(group=group)
        if entry.dist is not None
    }
    return tuple(sorted(found, key=lambda one: (one.kind, one.name)))


def summary(loaded: Loaded) -> tuple[Setting, ...]:
    """The configuration in some lines, chosen so that none can hold a secret: no address, no header, no variable."""
    return tuple(_settings(loaded))


def _settings(loaded: Loaded) -> Iterator[Setting]:
    project = loaded.project
    optional = [name for name, options in loaded.options.items() if options.enabled and not options.required]
    enabled = [name for name, options in loaded.options.items() if options.enabled]
    off = [name for name, options in loaded.options.items() if not options.enabled]
    yield Setting("file", f"{loaded.file.name}, schema {project.schema_version}")
    yield Setting("version", str(loaded.version) if loaded.version else "named with each release")
    yield Setting("profile", loaded.profile or "none")
    yield Setting("platforms", _listed(enabled) + (f"; off: {_listed(off)}" if off else ""))
    if optional:
        yield Setting("platforms.*.required", f"a release does not fail without {_listed(optional)}")
    yield Setting(
        "artifacts", f"from {project.artifacts.source}, for {_listed(project.artifacts.targets) or 'no target'}"
    )
    yield Setting("conditions.gate", _GATES[project.conditions.gate])
    yield Setting("conditions.rollback_on_error", _AFTER_A_FAILURE[project.conditions.rollback_on_error])
    every = project.analytics.every
    yield Setting("analytics.every", f"every {every / 3600:g} hours" if every else "only `deployforge stats` collects")
    budget = project.costs.budget
    yield Setting("costs.budget", "none" if budget is None else f"{budget:.2f} {project.costs.currency} a month")
    yield Setting("dashboard.auth", _SIGN_ON[project.dashboard.auth])


_GATES = {
    "none": "each upload waits for its own checks",
    "required": "no upload before every required platform passed its checks",
}
_AFTER_A_FAILURE = {
    True: "a run that fails takes back what it has published",
    False: "what a failed run has published stays, and the next run finishes the release",
}
_SIGN_ON = {
    "local": "with the link that the terminal prints",
    "token": "with tokens",
    "oidc": "at the provider",
    "proxy": "at the proxy",
}


def _listed(names: list[str]) -> str:
    return ", ".join(names)
