"""The keys of the dashboard: one table that makes the help on every page and the page ``/keys``.

Letters alone can be turned off (https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deployforge_tasks.dashboard.navigation import Entry

COOKIE = "keys"


@dataclass(frozen=True)
class Shortcut:
    """Keys that are pressed one after another, and what they do."""

    keys: tuple[str, ...]
    does: str


_EVERYWHERE = (
    Shortcut(("?",), "Show this help"),
    Shortcut(("/",), "Search or filter on this page"),
    Shortcut(("j",), "Next row or line"),
    Shortcut(("k",), "Previous row or line"),
    Shortcut(("Enter",), "Open the row"),
    Shortcut(("f",), "Next failure"),
    Shortcut(("r",), "Retry what is selected, or what failed: opens the form, starts nothing"),
    Shortcut(("t",), "Table or grid"),
    Shortcut(("[",), "Previous run"),
    Shortcut(("]",), "Next run"),
    Shortcut(("F",), "Follow the log, or stop following"),
    Shortcut(("n",), "Next hit of a search in the log"),
    Shortcut(("p",), "Previous hit"),
)
#: These work even when letters alone are turned off.
_ALWAYS = (Shortcut(("Ctrl K",), "Go to any page, platform, run or action (⌘ K on a Mac)"),)


def shortcuts(entries: Iterable[Entry]) -> list[Shortcut]:
    """Every shortcut, those that lead to pages among them."""
    pages = [Shortcut(("g", entry.key), f"Go to {entry.title}") for entry in entries if entry.key]
    return [*_ALWAYS, *_EVERYWHERE, *pages]
