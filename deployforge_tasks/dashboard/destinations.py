"""Everywhere that somebody can go from the palette: pages, platforms, runs and actions, as far as they may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.access.roles import Permission
from deployforge_tasks.dashboard.looks import look
from deployforge_tasks.dashboard.navigation import Entry

if TYPE_CHECKING:
    from deployforge_tasks.dashboard.guard import Visitor
    from deployforge_tasks.operations.runs import RunView

_ACTIONS: tuple[tuple[str, str, Permission], ...] = (
    ("Deploy a version", "/deploy", "preview"),
    ("Roll back", "/rollback", "preview"),
    ("What the keys do", "/keys", "look"),
    ("Your role and sessions", "/you", "look"),
)


@dataclass(frozen=True)
class Destination:
    """A place to go: what it is (``page platform run action``), its name, and its path."""

    kind: str
    name: str
    path: str


def destinations(
    visitor: Visitor, entries: Iterable[Entry], platforms: Mapping[str, str], runs: Iterable[RunView]
) -> Iterator[Destination]:
    """All of them, pages first.

    Args:
        visitor: who asks.
        entries: the navigation.
        platforms: their titles by name.
        runs: the newest first.
    """
    yield from (Destination("page", entry.title, entry.path) for entry in entries if visitor.can(entry.needs))
    yield from (Destination("action", name, path) for name, path, needed in _ACTIONS if visitor.can(needed))
    for name, title in platforms.items():
        yield Destination("platform", title, f"/?platform={name}")
    for run in runs:
        yield Destination("run", f"Run {run.number} v{run.version} {_state(run)}", f"/runs/{run.number}")
        if visitor.can("logs"):
            yield Destination("run", f"Log of run {run.number} v{run.version}", f"/runs/{run.number}/logs")


def _state(run: RunView) -> str:
    return look(run.outcome or run.state).word
