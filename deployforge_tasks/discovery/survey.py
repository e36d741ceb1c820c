"""Everything that the detectors find in a repository."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache

from deployforge_tasks.discovery.findings import Findings, Rank, Trouble, merged
from deployforge_tasks.discovery.tree import Tree

Detect = Callable[[Tree], Findings]


@dataclass(frozen=True)
class Detector:
    """A module of the package `detectors`; `tool` names the release tool whose configuration it takes over."""

    name: str
    detect: Detect
    tool: str = ""


@cache
def detectors() -> tuple[Detector, ...]:
    """Every detector, by name: the modules of the package are scanned, there is no list."""
    import deployforge_tasks.discovery.detectors as package

    found = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            found.append(Detector(info.name, module.detect, getattr(module, "TOOL", "")))
    return tuple(found)


def tools() -> tuple[str, ...]:
    """The release tools whose configuration can be taken over."""
    return tuple(detector.tool for detector in detectors() if detector.tool)


def survey(tree: Tree, only: Collection[str] = ()) -> Findings:
    """Run the detectors; one that fails does not stop the others.

    The configuration of a tool that no workflow runs counts little where another workflow publishes, unless the tool is
    asked for.

    Args:
        tree: the repository.
        only: take over the configuration of these tools alone (none: of every one that is found).
    """
    parts = {d: _run(d, tree) for d in detectors() if not (d.tool and only and d.tool not in only)}
    published = any(use.publishes for d, part in parts.items() if not d.tool for use in part.uses)
    for detector, part in parts.items():
        if detector.tool and not only and published and not _is_run(tree, detector.tool):
            parts[detector] = _idle(detector.tool, part)
    return merged([*parts.values(), Findings(troubles=tuple(tree.troubles))])


def _run(detector: Detector, tree: Tree) -> Findings:
    try:
        return detector.detect(tree)
    except Exception as error:  # noqa: BLE001 - other people's files have every shape
        return Findings(troubles=(Trouble(detector.name, f"could not be looked at: {error!r:.200}"),))


_RUNNERS = r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|Makefile|Taskfile\.ya?ml|justfile|package\.json"
_COMMANDS = {"cargo-dist": r"\bdist (?:host|build|plan)\b|cargo[- ]dist"}


def _is_run(tree: Tree, tool: str) -> bool:
    """Whether a workflow or a build file calls the tool."""
    shape = re.compile(_COMMANDS.get(tool, rf"\b{re.escape(tool)}\b"))
    return any(
        shape.search(line)
        for path in tree.matching(_RUNNERS)
        for line in (tree.read(path) or "").splitlines()
        if not line.lstrip().startswith("#")
    )


def _idle(tool: str, part: Findings) -> Findings:
    """What a tool's configuration says, as a mere mention."""
    off = f"no workflow runs {tool}"
    return replace(
        part,
        facts=tuple(replace(f, rank=Rank.MENTION) for f in part.facts if not f.option.startswith("artifacts.")),
        releases=tuple(replace(release, rank=Rank.MENTION) for release in part.releases),
        uses=tuple(replace(use, publishes=False, off=use.off or off) for use in part.uses),
        moved=(),
        left=(),
        troubles=(*part.troubles, *_told(tool, off, part)),
    )


def _told(tool: str, off: str, part: Findings) -> tuple[Trouble, ...]:
    said = f"{off}, and another workflow publishes: its configuration counts little (`--from {tool}` takes it over)"
    return (Trouble(tool, said),) if part.moved else ()
