"""Texts for people as HTML."""

from __future__ import annotations

from markupsafe import Markup


def code(text: str) -> Markup:
    """A sentence in which what stands between backquotes is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them has no partner
        return Markup("{}").format(text)
    told = [(Markup("<code>{}</code>") if place % 2 else Markup("{}")).format(part) for place, part in enumerate(parts)]
    return Markup().join(told)
