"""The live display: a board, or the one line of a file that is read, redrawn in place on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from deployforge_tasks.cli.table import Style
from deployforge_tasks.cli.terminal import Terminal, encodable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_PER_SECOND = 8


class Drawn(Protocol):
    """What can be shown."""

    def lines(self, style: Style, width: int, height: int) -> list[str]:
        """How it looks now."""


class Reading:
    """How much of a file is read; nothing before that is known."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._part: float | None = None

    def __call__(self, part: float) -> None:
        """So much is read, from 0 to 1."""
        self._part = part

    def lines(self, style: Style, width: int, height: int) -> list[str]:
        """One line."""
        return [] if self._part is None else [style(f"reading {self._name}: {self._part:.0%}", "dim")]


@contextmanager
def shown(board: Drawn, terminal: Terminal) -> Iterator[None]:
    """Show the board while the block runs, and take it away after: the summary follows."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(file=terminal.stderr, highlight=False)

    def draw() -> RenderableType:
        width, height = _size(console)
        lines = board.lines(terminal.err_style, width, height)
        text = Text.from_ansi(encodable("\n".join(lines), terminal.stderr))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    with Live(
        console=console,
        get_renderable=draw,
        refresh_per_second=_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield


def _size(console: Console) -> tuple[int, int]:
    return console.size.width, console.size.height
