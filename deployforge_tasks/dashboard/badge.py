"""A badge: a small picture that says in words how a release is."""

from __future__ import annotations

from markupsafe import Markup

from deployforge_tasks.dashboard.looks import look

#: White text on these has a contrast of 4.5:1 and more.
_COLOURS = {"ok": "#00694c", "busy": "#0b5cad", "bad": "#a83200", "ask": "#775100", "back": "#8a3a6b"}
_GREY = "#585d63"
#: Pixels of a character of 11 px Verdana or DejaVu Sans, on the safe side.
_CHARACTER, _MARGIN = 7.2, 6


def badge(label: str, state: str, version: str = "") -> str:
    """An SVG document.

    Args:
        label: what it is about.
        state: its state, told as a word.
        version: the version that is in that state.
    """
    found = look(state)
    said = f"{version} {found.word}".strip()
    left, right = _width(label), _width(f"{found.glyph} {said}")
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" '
            'role="img" aria-label="{label}: {said}">'
            "<title>{label}: {said}</title>"
            '<rect width="{width}" height="20" rx="3" fill="#2b2f33"/>'
            '<path d="M{left} 0h{rest}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{rest}z" fill="{colour}"/>'
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
            '<text x="6" y="14">{label}</text><text x="{text}" y="14">{glyph} {said}</text></g></svg>'
        ).format(
            width=left + right,
            left=left,
            rest=right - 3,
            text=left + _MARGIN,
            label=label,
            said=said,
            glyph=found.glyph,
            colour=_COLOURS.get(found.kind, _GREY),
        )
    )


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER) + 2 * _MARGIN
