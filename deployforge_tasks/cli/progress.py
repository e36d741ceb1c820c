"""Which display follows a run: live, lines, JSON events, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployforge_tasks.cli import github
from deployforge_tasks.cli.ci import folded
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.core.events import Event, Listener

if TYPE_CHECKING:
    from deployforge_tasks.operations.estimate import Estimate


@contextmanager
def following(
    invocation: Invocation,
    title: str,
    names: Sequence[str],
    *,
    last: str = "verify",
    estimate: Estimate | None = None,
) -> Iterator[list[Listener]]:
    """The listeners to hand to a run, shown while the block runs; a run of its own process also says its number.

    Args:
        invocation: says which display is wanted.
        title: project and version.
        names: the platforms.
        last: the stage that ends a platform.
        estimate: what waits for what, and how long it took before.
    """
    from deployforge_tasks.operations.detach import Record

    record = Record.of(invocation.environ)
    with _shown(invocation, title, names, last=last, estimate=estimate) as listeners:
        yield [*listeners, *([record] if record else [])]


@contextmanager
def _shown(
    invocation: Invocation, title: str, names: Sequence[str], *, last: str, estimate: Estimate | None
) -> Iterator[list[Listener]]:
    terminal = invocation.terminal
    style = terminal.err_style

    if invocation.json == "stream":
        yield [lambda event: terminal.out(event_json(event))]
    elif invocation.json or invocation.quiet:
        yield []
    elif invocation.live:
        from deployforge_tasks.cli.board import Board
        from deployforge_tasks.cli.live import shown

        board = Board(title, names, last=last, estimate=estimate)
        with shown(board, terminal):
            yield [board]
    else:
        from deployforge_tasks.cli.lines import Lines

        progress = Lines(terminal.err, style, names, verbose=invocation.verbose)
        with folded(invocation.ci, title, terminal.err), progress as lines:
            yield [lines, *([github.Warnings(invocation)] if invocation.in_github_actions else [])]


def event_json(event: Event) -> str:
    """An event as one line of JSON."""
    data = {
        "schema": "deployforge.event/1",
        "at": event.at.isoformat(),
        "kind": event.kind,
        "platform": event.platform,
        "stage": event.stage,
        "data": event.data,
    }
    return json.dumps(data, ensure_ascii=False)
