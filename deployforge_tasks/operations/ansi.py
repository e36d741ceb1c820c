"""What programs write for terminals, as text with styles: no control character is left in it.

Escape sequences: ECMA-48 (https://ecma-international.org/publications-and-standards/standards/ecma-48/), chapter 5.4
and 8.3.117 (SGR); commands to the operating system (OSC) as terminals end them, by BEL or ST.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_SEQUENCE = re.compile(
    r"\x1b\[([0-?]*)[ -/]*([@-~])"  # CSI; SGR is the one that ends with m
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC with all that belongs to them
    r"|\x1b[ -/]*[0-~]"  # every other escape
)
#: Control characters but the tab, and those that turn the direction of writing: what is read would not be what is
#: there (https://trojansource.codes).
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_ON = {1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",), 27: ("inverse",), 29: ("strike",)}


@dataclass(frozen=True)
class Piece:
    """A part of a line that looks the same; `styles` are classes: ``bold faint … fg-red bg-blue``."""

    text: str
    styles: tuple[str, ...] = ()


def plain(text: str) -> str:
    """A line without styles."""
    if text.isprintable():
        return text
    return _clean(_SEQUENCE.sub("", _last_written(text)))


def pieces(text: str) -> list[Piece]:
    """A line with its styles; one piece without any for ordinary text."""
    if "\x1b" not in text:
        return [Piece(plain(text))]
    found: list[Piece] = []
    styles: tuple[str, ...] = ()
    text = _last_written(text)
    place = 0
    for match in _SEQUENCE.finditer(text):
        found.append(Piece(_clean(text[place : match.start()]), styles))
        place = match.end()
        if match[2] == "m":
            styles = _changed(styles, match[1])
    found.append(Piece(_clean(text[place:]), styles))
    return [piece for piece in found if piece.text] or [Piece("")]


def marked(line: list[Piece], start: int, end: int) -> list[Piece]:
    """The same pieces with the characters from `start` to `end` in the style ``hit``."""
    found: list[Piece] = []
    place = 0
    for piece in line:
        first, last = (min(max(cut - place, 0), len(piece.text)) for cut in (start, end))
        hit = Piece(piece.text[first:last], (*piece.styles, "hit"))
        found += [replace(piece, text=piece.text[:first]), hit, replace(piece, text=piece.text[last:])]
        place += len(piece.text)
    return [piece for piece in found if piece.text]


def _last_written(text: str) -> str:
    """A bar of progress writes over its line again and again: only the last of it stays to be seen."""
    return "\n".join(part.rstrip("\r").rpartition("\r")[2] for part in text.split("\n"))


def _clean(text: str) -> str:
    return _CONTROL.sub(lambda match: "\n" if match[0] == "\n" else "\N{REPLACEMENT CHARACTER}", text)


def _changed(styles: tuple[str, ...], parameters: str) -> tuple[str, ...]:
    numbers = [int(part) if part.isdecimal() else 0 for part in re.split("[;:]", parameters)][:32]
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            styles = ()
        elif number in _ON:
            styles = _with(styles, _ON[number])
        elif number in _OFF:
            styles = tuple(style for style in styles if style not in _OFF[number])
        elif number in (38, 48):
            styles = _with(styles, _palette(number - 38, numbers), _layer(number - 38))
        elif 30 <= number <= 49 or 90 <= number <= 107:
            styles = _with(styles, _basic(number), "fg-" if number // 10 in (3, 9) else "bg-")
    return styles


def _with(styles: tuple[str, ...], style: str, instead: str = "") -> tuple[str, ...]:
    """A style more; `instead` is the beginning of those that it takes the place of, "" of itself only."""
    kept = tuple(one for one in styles if one != style and not (instead and one.startswith(instead)))
    return (*kept, style) if style else kept


def _layer(background: int) -> str:
    return "bg-" if background else "fg-"


def _basic(number: int) -> str:
    """One of the eight colours, bright ones like the others (the page's own colours are readable); "" for default."""
    digit = number % 10
    return "" if digit >= 8 else _layer(number // 10 in (4, 10)) + _COLOURS[digit]


def _palette(background: int, numbers: list[int]) -> str:
    """A colour by its number or by its parts, taken for the nearest of the eight; uses its numbers up."""
    kind = numbers.pop(0) if numbers else 0
    if kind == 5 and numbers:
        number = numbers.pop(0)
        if number < 16:
            return _layer(background) + _COLOURS[number % 8]
        if number >= 232:
            return ""  # greys
        parts = [(number - 16) // step % 6 * 51 for step in (36, 6, 1)]
    elif kind == 2 and len(numbers) >= 3:
        parts = [numbers.pop(0) for _ in range(3)]
    else:
        return ""
    bright = max(parts) / 2
    if max(parts) - min(parts) < 32:
        return ""
    return _layer(background) + _COLOURS[sum(1 << place for place, part in enumerate(parts) if part > bright)]
