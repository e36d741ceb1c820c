"""How the words for outcomes look: one symbol and one style each, wherever they are shown."""

from __future__ import annotations

_GOOD, _WAITS, _HELD, _BAD = ("✓", "ok"), ("⏸", "warning"), ("\N{EN DASH}", "warning"), ("✗", "error")
_BACK = ("↩", "warning")

#: Per word: symbol and style, in the order in which a headline counts them.
LOOKS = {
    "published": _GOOD,
    "verified": _GOOD,
    "delivered": _GOOD,
    "skipped": _GOOD,
    "ok": _GOOD,
    "running": ("●", "hint"),
    "queued": ("○", "dim"),
    "unfinished": ("○", "dim"),
    "waiting": _WAITS,
    "quiet": ("·", "dim"),
    "warning": ("⚠", "warning"),
    "expiring": ("⚠", "warning"),
    "degraded": ("⚠", "warning"),
    "blocked": _HELD,
    "stopped": _HELD,
    "none": ("\N{EN DASH}", "dim"),
    "rolled-back": _BACK,
    "rolled_back": _BACK,
    "failed": _BAD,
    "error": _BAD,
    "killed": _BAD,
    "missing": _BAD,
    "refused": _BAD,
    "expired": _BAD,
    "unknown": ("?", "warning"),
}


def look(word: str) -> tuple[str, str]:
    """Symbol and style of a word."""
    return LOOKS.get(word, ("·", ""))
