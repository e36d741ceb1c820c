"""What the live display shows: one row a platform, kept up to date by the run's events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deployforge_tasks.cli.table import Cell, Row, columns, duration
from deployforge_tasks.core.events import Event

_BAR = 18
_ENDS = {
    "failed": ("✗", "error"),
    "waiting": ("⏸", "warning"),
    "blocked": ("–", "warning"),  # noqa: RUF001 - an en dash is what is meant
}


@dataclass
class _State:
    symbol: str = "○"
    style: str = "dim"
    stage: str = ""
    note: str = "waits for its turn"
    since: float | None = None
    seconds: float = 0.0
    published: bool = False
    done: bool = False


class Board:
    """A listener; `lines` draws it.

    Args:
        title: project and version.
        names: the platforms, in the order to show them.
        last: the stage that ends a platform (``verify``, or ``rollback``).
        clock: seconds, for tests.
    """

    def __init__(
        self, title: str, names: Sequence[str], *, last: str = "verify", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._title = title
        self._last = last
        self._clock = clock
        self._begun = clock()
        self._states = {name: _State() for name in names}
        self._shared: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        if event.platform is None:
            self._shared_task(event)
            return
        state = self._states.get(event.platform)
        if state is None:
            return
        if event.kind == "stage_started":
            self._start(state, event.stage or "")
        elif event.kind == "stage_finished":
            self._finish(state, event)
        elif event.kind == "receipt":
            state.published = True
        elif event.kind == "log" and event.data["level"] in ("info", "warning") and not state.done:
            state.note = str(event.data["text"])

    def lines(self, style: Callable[[str, str], str], width: int = 100, height: int = 1000) -> list[str]:
        """The display, no line wider than `width` and no more than `height` lines: running and failed rows stay."""
        rows = list(self._states.items())
        room = max(1, height - 4)
        if len(rows) > room:
            rows = sorted(rows, key=lambda item: item[1].done and item[1].symbol == "✓")[:room]
        shown = [self._row(name, state, width) for name, state in rows]
        return [self._head(style), "", *columns(shown, style), *self._footer(len(self._states) - len(rows))]

    def _head(self, style: Callable[[str, str], str]) -> str:
        done, count = sum(state.done for state in self._states.values()), len(self._states)
        filled = _BAR * done // count if count else _BAR
        bar = f"▕{'█' * filled}{' ' * (_BAR - filled)}▏"
        return f"{style(self._title, 'bold')}  {bar} {done}/{count}  {duration(self._clock() - self._begun)}"

    def _footer(self, hidden: int) -> list[str]:
        lines = [f"  … and {hidden} more"] if hidden else []
        if self._shared:
            lines += ["", f"  release files: {', '.join(sorted(self._shared))}"]
        return lines

    def _row(self, name: str, state: _State, width: int) -> Row:
        running = state.since is not None
        seconds = self._clock() - state.since if state.since is not None else state.seconds
        took = duration(seconds) if running or state.done else ""
        stage = state.stage if not state.done or state.symbol != "✓" else ""
        room = max(10, width - 2 - 3 - max(len(n) for n in self._states) - 2 - 11 - 8)
        note = state.note if len(state.note) <= room else state.note[: room - 1] + "…"
        return (Cell(state.symbol, state.style), name, f"{stage:<9}", Cell(took, "dim"), note)

    def _start(self, state: _State, stage: str) -> None:
        state.symbol, state.style, state.stage, state.note = "●", "hint", stage, ""
        state.since = self._clock()

    def _finish(self, state: _State, event: Event) -> None:
        outcome, stage = str(event.data["outcome"]), event.stage or ""
        if state.since is not None:
            state.seconds += self._clock() - state.since
            state.since = None
        if state.done:  # what follows is no news
            return
        if outcome in _ENDS:
            error = event.data.get("error") or {}
            state.symbol, state.style = _ENDS[outcome]
            state.stage = stage
            state.note = str(error.get("message") or event.data.get("reason", ""))
            state.done = True
        else:
            self._go_on(state, stage, outcome, str(event.data.get("reason", "")))

    def _go_on(self, state: _State, stage: str, outcome: str, reason: str) -> None:
        state.symbol, state.style, state.stage = "○", "dim", stage
        if stage == self._last:
            there = "published" if state.published else "already there"
            words = {"verify": f"{there}, verified" if outcome == "ok" else there}
            state.symbol, state.style, state.done = "✓", "ok", True
            state.note = words.get(stage, "done")
        else:
            state.note = reason or f"{stage} {outcome}"

    def _shared_task(self, event: Event) -> None:
        what = str(event.data.get("target", ""))
        if event.kind == "stage_started":
            self._shared[what] = self._clock()
        elif event.kind == "stage_finished":
            self._shared.pop(what, None)
