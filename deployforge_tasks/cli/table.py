"""Columns of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import combining, east_asian_width

Style = Callable[[str, str], str]

#: A last column is not made narrower than this while another one can give.
_READABLE = 24
_GAP = 2
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Cell:
    """A text with the style that it gets where there is colour."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def columns(
    rows: Sequence[Row], style: Style, *, indent: int = 2, width: int | None = None, wrap: bool = True
) -> list[str]:
    """The rows as lines, each column as wide as its widest cell, the last one ragged.

    Args:
        rows: cells of one line each.
        style: colours a text.
        indent: spaces before each row.
        width: of the terminal; no line is wider (None: as wide as it gets).
        wrap: what does not fit of the last cell goes on below (else it ends with an ellipsis).
    """
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    count = max((len(row) for row in cells), default=0)
    widths = [max((text_width(row[n].text) for row in cells if n < len(row)), default=0) for n in range(count)]
    if width is not None and count:
        _narrow(widths, width - indent - _GAP * (count - 1))
    lines = []
    for row in cells:
        room = widths[len(row) - 1] if row else 0
        first, *rest = _wrapped(row[-1].text, room) if wrap and row else [row[-1].text if row else ""]
        shown = [*row[:-1], Cell(first, row[-1].style)] if row else []
        lines.append(_line(shown, widths, style, indent))
        before = indent + sum(widths[: len(row) - 1]) + _GAP * (len(row) - 1)
        lines += [" " * before + style(more, row[-1].style) for more in rest]
    return lines


def without(rows: Sequence[Row], spare: Sequence[int], width: int | None, *, indent: int = 2) -> list[Row]:
    """The rows without as many of the `spare` columns as it takes to leave the last column room to be read."""
    left = list(range(len(rows[0])))
    for column in spare:
        widest = [max(text_width(_text(row[n])) for row in rows) for n in left]
        needed = indent + sum(widest[:-1]) + min(widest[-1], _READABLE) + _GAP * (len(left) - 1)
        if width is None or needed <= width:
            break
        left.remove(column)
    return [[row[n] for n in left] for row in rows]


def _text(cell: Cell | str) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _line(row: Sequence[Cell], widths: Sequence[int], style: Style, indent: int) -> str:
    parts = []
    for cell, width in zip(row, widths, strict=False):
        text = shortened(cell.text, width)
        parts.append(style(text, cell.style) + " " * (width - text_width(text) + _GAP))
    return (" " * indent + "".join(parts)).rstrip()


def _narrow(widths: list[int], room: int) -> None:
    """Take from the last column first, then always from the widest one, until all fit."""
    while sum(widths) > room:
        last = len(widths) - 1
        n = last if widths[last] > _READABLE else max(range(len(widths)), key=lambda i: widths[i])
        if widths[n] <= 1:
            return
        widths[n] -= 1


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width`, broken between words where that can be."""
    if text_width(text) <= width or width < 1:
        return [text]
    lines = [""]
    for word in text.split(" "):
        candidate = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(candidate) <= width:
            lines[-1] = candidate
            continue
        lines = lines if lines[-1] else lines[:-1]
        rest = word
        while text_width(rest) > width:
            head = _head(rest, width)
            lines.append(head)
            rest = rest[len(head) :]
        lines.append(rest)
    return lines


def shortened(text: str, width: int) -> str:
    """The text, cut and ended with an ellipsis where it is wider than `width`."""
    if text_width(text) <= width:
        return text
    return f"{_head(text, width - 1)}…" if width > 0 else ""


def _head(text: str, width: int) -> str:
    """As much of the beginning as fits; at least one character, so that cutting always ends."""
    for count in range(len(text), 1, -1):
        if text_width(text[:count]) <= width:
            return text[:count]
    return text[:1]


def text_width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(2 if east_asian_width(c) in "WF" else 0 if combining(c) else 1 for c in text)


def one_line(text: str) -> str:
    """A text from outside on one line: what a server or a program says must not move the cursor or ring a bell."""
    return _CONTROLS.sub(" ", _ESCAPES.sub("", text)).rstrip()


def plural(count: int, word: str) -> str:
    """``1 platform``, ``2 platforms``."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """``0.4s``, ``31s``, ``2m 03s``, ``1h 02m``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    return f"{minutes // 60}h {minutes % 60:02d}m"


def ago(then: datetime, now: datetime) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``yesterday``, ``2 days ago``, or the date."""
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours, days = minutes // 60, minutes // (60 * 24)
    if days < 1:
        return f"{hours} h ago"
    if days < 14:
        return "yesterday" if days == 1 else f"{days} days ago"
    return f"{then.astimezone():%Y-%m-%d}"


def size(count: int) -> str:
    """``412 kB``, ``18.2 MB``."""
    if count < 1_000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
