"""The live display: the board, redrawn in place on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployforge_tasks.cli.board import Board
from deployforge_tasks.cli.terminal import Terminal, encodable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_PER_SECOND = 8


@contextmanager
def shown(board: Board, terminal: Terminal) -> Iterator[None]:
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
