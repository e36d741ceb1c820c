"""Columns of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Style = Callable[[str, str], str]


@dataclass(frozen=True)
class Cell:
    """A text with the style that it gets where there is colour."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def columns(rows: Sequence[Row], style: Style, *, indent: int = 2, gap: int = 2) -> list[str]:
    """The rows as lines, each column as wide as its widest cell, the last one ragged."""
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    count = max((len(row) for row in cells), default=0)
    widths = [max((len(row[n].text) for row in cells if n < len(row)), default=0) for n in range(count)]
    lines = []
    for row in cells:
        padded = [
            style(cell.text, cell.style) + " " * (width - len(cell.text) + gap)
            for cell, width in zip(row, widths, strict=False)
        ]
        lines.append((" " * indent + "".join(padded)).rstrip())
    return lines


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


def size(count: int) -> str:
    """``412 kB``, ``18.2 MB``."""
    if count < 1_000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1_000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"
