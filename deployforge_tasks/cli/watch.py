"""``deploy --watch``: the run in a process of its own, and here only a look at it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli import github, summary
from deployforge_tasks.cli.board import Board
from deployforge_tasks.cli.exit_codes import INTERNAL, INTERRUPTED
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.keys import pressed
from deployforge_tasks.cli.live import shown
from deployforge_tasks.cli.progress import following
from deployforge_tasks.operations.detach import Launched, launch
from deployforge_tasks.operations.estimate import Estimate, estimate_of
from deployforge_tasks.operations.follow import EVERY, follow
from deployforge_tasks.operations.runs import reading

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Listener
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

_KEYS = "l log   q detach (the run goes on)   Ctrl-C stop"
_STOPPING = "stopping: what runs may finish, nothing new begins; Ctrl-C again kills"


def watch(invocation: Invocation, loaded: Loaded, names: Sequence[str], words: Sequence[str]) -> int:
    """Start ``deployforge <words>`` in a process of its own and show it until it ends, or nobody looks any more.

    Args:
        invocation: decides how it is shown: a board with keys on a terminal, else lines or JSON events.
        loaded: the project.
        names: the platforms.
        words: the command line of the run.

    Returns:
        The run's exit code; 0 after `q`.
    """
    estimate = estimate_of(loaded, names)
    watcher = Watcher(invocation, launch(loaded.root, words, invocation.environ))
    title = f"{loaded.project.name} v{loaded.version}"
    with reading(loaded) as reader, watcher.signals(), ExitStack() as stack:
        listeners = stack.enter_context(watcher.display(title, names, estimate))
        watcher.follow(reader, listeners)
    return watcher.end()


class Watcher:
    """Shows one run. Signals and keys only reach the run through here: it has a session of its own."""

    def __init__(self, invocation: Invocation, launched: Launched) -> None:
        self._invocation = invocation
        self._launched = launched
        self._board: Board | None = None
        self._key: Callable[[float], str] = lambda _: ""
        self._interrupts = 0
        self._left_by = 0
        self._detached = False

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Ctrl-C is passed on; whatever else ends this process leaves the run alone."""
        handlers: dict[int, Any] = {signal.SIGINT: self._interrupt, signal.SIGTERM: self._leave}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = _hang_up
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def display(self, title: str, names: Sequence[str], estimate: Estimate) -> Iterator[list[Listener]]:
        """The board with its keys where a display may redraw itself, else what every run shows."""
        with pressed() as key:
            self._key = key
            if not self._invocation.live:
                with following(self._invocation, title, names) as listeners:
                    yield listeners
                return
            board = self._board = Board(title, names, estimate=estimate)
            board.keys = _KEYS
            with shown(board, self._invocation.terminal):
                yield [board]

    def follow(self, reader: Reader, listeners: Sequence[Listener]) -> None:
        """Hand every event of the run to the listeners until it ends, or until nobody looks any more."""
        ended = False
        while (run := self._launched.run) is None:
            if ended or not self._pause(EVERY):
                return
            ended = self._launched.ended  # then once more: it may have begun just before it ended
        for event in follow(reader, run, self._pause):
            for listener in listeners:
                listener(event)

    def end(self) -> int:
        """What is left to say, and the exit code."""
        number = self._launched.run
        if self._detached or self._left_by:
            name = f"run {number}" if number else "the run"
            again = f"deployforge logs {number} -f" if number else "deployforge logs -f"
            self._invocation.note(f"{name} goes on; `{again}` follows it, `deployforge runs` tells how it ends")
            return 128 + self._left_by if self._left_by else 0
        code = self._launched.process.wait()
        result = self._launched.result
        if result:
            self._show(result)
        elif number is None:  # it said why it could not even begin
            self._invocation.terminal.err(self._launched.output.rstrip())
        else:
            self._invocation.terminal.err(f"run {number} was killed; the same command again finishes what it began")
        return code if code >= 0 else INTERRUPTED if self._interrupts else INTERNAL

    def _show(self, document: dict[str, Any]) -> None:
        result = summary.from_json(document)
        if self._invocation.json:
            github.add_summary(self._invocation, summary.as_markdown(result))
            self._invocation.emit("deploy", document)
        else:
            summary.show(self._invocation, result)

    def _pause(self, seconds: float) -> bool:
        """Wait for a key; False when the run is to be left alone."""
        key = self._key(seconds)
        if self._board is not None and key in ("l", "L"):
            self._board.show_log = not self._board.show_log
        if self._board is not None and key in ("q", "Q"):
            self._detached = True
        return not (self._detached or self._left_by)

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        self._interrupts += 1
        self._launched.interrupt()
        if self._board is not None:
            self._board.message = _STOPPING
        elif self._interrupts == 1:
            self._invocation.note(_STOPPING)

    def _leave(self, number: int, _: FrameType | None) -> None:
        self._left_by = number


def _hang_up(number: int, _: FrameType | None) -> None:
    """The terminal is gone: there is nobody to tell, nothing to put back, and every write would fail."""
    os._exit(128 + number)
