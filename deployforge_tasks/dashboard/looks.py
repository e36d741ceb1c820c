"""How states look on every page: a glyph, a word and a class that gives the colour; never the colour alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """`kind` is the class: ``ok busy wait off bad ask back``."""

    glyph: str
    word: str
    kind: str


_LOOKS = {
    "published": Look("✓", "published", "ok"),
    "ok": Look("✓", "done", "ok"),
    "done": Look("✓", "done", "ok"),
    "same": Look("✓", "there", "ok"),
    "running": Look("●", "running", "busy"),
    "elsewhere": Look("●", "running elsewhere", "busy"),
    "waiting": Look("‖", "needs you", "ask"),
    "pending": Look("‖", "in review", "ask"),
    "degraded": Look("‖", "degraded", "ask"),
    "absent": Look("○", "not there", "wait"),
    "queued": Look("○", "waiting", "wait"),
    "none": Look("○", "not begun", "wait"),
    "partial": Look("○", "partly there", "wait"),
    "skipped": Look("\N{EN DASH}", "skipped", "off"),
    "blocked": Look("\N{EN DASH}", "blocked", "off"),
    "unfinished": Look("\N{EN DASH}", "unfinished", "off"),
    "stopped": Look("\N{EN DASH}", "stopped", "off"),
    "failed": Look("✗", "failed", "bad"),
    "killed": Look("✗", "killed", "bad"),
    "different": Look("✗", "other content", "bad"),
    "rejected": Look("✗", "rejected", "bad"),
    "withdrawn": Look("✗", "withdrawn", "bad"),
    "unknown": Look("?", "cannot be told", "bad"),
    "refused": Look("✗", "refused", "bad"),
    "approved": Look("✓", "approved", "ok"),
    "used": Look("✓", "approved and used", "off"),
    "over": Look("\N{EN DASH}", "over", "off"),
    "active": Look("✓", "active", "ok"),
    "expired": Look("\N{EN DASH}", "expired", "off"),
    "revoked": Look("\N{EN DASH}", "revoked", "off"),
    "rolled_back": Look("↺", "rolled back", "back"),
}


def look(state: str) -> Look:
    """The look of a state; one that is not known is shown by its own word."""
    return _LOOKS.get(state) or Look("·", state.replace("_", " "), "wait")
