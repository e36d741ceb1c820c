"""What a person sees: data to stdout, progress and errors to stderr, colour only where it is wanted.

Nothing is told by colour alone. Styles are plain ANSI, so that the fast commands need no display library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

import click

#: What each word of our own looks like; everything readable without.
STYLES: dict[str, dict[str, str | bool]] = {
    "ok": {"fg": "green"},
    "error": {"fg": "red"},
    "warning": {"fg": "yellow"},
    "hint": {"fg": "cyan"},
    "dim": {"dim": True},
    "bold": {"bold": True},
}
_USUAL_WIDTH = 80
#: Stand-ins for what an old code page cannot show: one character each, so that columns stay columns.
_PLAIN_SYMBOLS = {
    "✓": "+",
    "✗": "x",
    "→": ">",
    "⚠": "!",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "○": "o",
    "↩": "<",
    "●": "*",
    "⏸": "=",
    "·": "-",
    "…": "~",
    "▁": "_",
    "▂": ".",
    "▃": ":",
    "▄": "=",
    "▅": "+",
    "▆": "*",
    "▇": "%",
    "█": "#",
    "▕": "[",
    "▏": "]",
    "─": "-",
}


@dataclass
class Terminal:
    """Both output streams, as they were when the program began: while tasks run, `sys.stdout` leads into their logs.

    Args:
        color: ``auto``, ``always`` or ``never``.
        environ: decides about colour when `color` is ``auto``.
    """

    color: str = "auto"
    environ: Mapping[str, str] = field(default_factory=dict)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)

    def out(self, text: str = "") -> None:
        """A line of data."""
        self._write(self.stdout, text)

    def err(self, text: str = "") -> None:
        """A line about what is going on."""
        self._write(self.stderr, text)

    def hint(self, text: str) -> None:
        """What to do next, below an empty line."""
        self.err(f"\n{self.err_style('hint:', 'hint')} {text}")

    def style(self, text: str, style: str) -> str:
        """A text for stdout, coloured if that takes colour."""
        return self._style(text, style, self.stdout)

    def err_style(self, text: str, style: str) -> str:
        """A text for stderr, coloured if that takes colour."""
        return self._style(text, style, self.stderr)

    @property
    def width(self) -> int | None:
        """Columns of stdout; None where nobody watches it: then nothing is cut or wrapped."""
        return self._width(self.stdout)

    @property
    def err_width(self) -> int | None:
        """Columns of stderr; None where nobody watches it."""
        return self._width(self.stderr)

    def _width(self, stream: TextIO) -> int | None:
        chosen = self.environ.get("COLUMNS", "")
        if chosen.isdecimal() and int(chosen) > 0:
            return int(chosen)
        if not is_terminal(stream):
            return None
        try:
            return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
        except (OSError, ValueError):
            return _USUAL_WIDTH

    def _style(self, text: str, style: str, stream: TextIO) -> str:
        if not text or style not in STYLES or not self.colored(stream):
            return text
        return click.style(text, **STYLES[style])  # type: ignore[arg-type]

    def colored(self, stream: TextIO) -> bool:
        """Whether this stream gets colour: `--color`, then NO_COLOR, then FORCE_COLOR, then the terminal."""
        if self.color != "auto":
            return self.color == "always"
        if self.environ.get("NO_COLOR"):
            return False
        if any(self.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
            return True
        return is_terminal(stream) and self.environ.get("TERM") != "dumb"

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(encodable(text, stream) + "\n")
        stream.flush()


def is_terminal(stream: TextIO) -> bool:
    """Whether a person watches this stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def encodable(text: str, stream: TextIO) -> str:
    """The text with what the stream cannot encode spelled in ASCII, each character by one."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_spelled(character, encoding) for character in text)
    return text


def _spelled(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return _PLAIN_SYMBOLS.get(character, "?")
    return character
