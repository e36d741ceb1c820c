"""What the live display shows: one row a platform, kept up to date by the run's events."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deployforge_tasks.cli.lines import Lines
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.table import Cell, Row, Style, columns, duration, one_line, shortened, text_width
from deployforge_tasks.core.events import Event
from deployforge_tasks.operations.estimate import STAGES, Estimate

_BAR = 18
_NARROWEST_BAR = 6
_NOTE_BAR = 8
_LOG_LINES = 500
_ENDS = ("failed", "waiting", "blocked")
#: How tasks tell how far they are: "wheel 3 of 4".
_PART = re.compile(r"\b(\d+) of (\d+)\b")


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
    finished: set[str] = field(default_factory=set)


class Board:
    """A listener; `lines` draws it.

    Args:
        title: project and version.
        names: the platforms, in the order to show them.
        last: the stage that ends a platform (``verify``, or ``rollback``).
        clock: seconds, for tests.
        estimate: what waits for what, and how long it took before.

    `keys` is the line of keys, `message` a line above it; `show_log` shows the newest lines of the log below.
    """

    def __init__(
        self,
        title: str,
        names: Sequence[str],
        *,
        last: str = "verify",
        clock: Callable[[], float] = time.monotonic,
        estimate: Estimate | None = None,
    ) -> None:
        self.keys = ""
        self.message = ""
        self.show_log = False
        self._title = title
        self._last = last
        self._clock = clock
        self._begun = clock()
        self._states = {name: _State() for name in names}
        self._shared: dict[str, float] = {}
        self._shared_done: set[str] = set()
        self._estimate = estimate or Estimate(names, {}, {})
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._writer = Lines(self._log.append, lambda text, _: text, names, verbose=2)

    def __call__(self, event: Event) -> None:
        self._writer(event)
        if event.kind == "run_started":
            self._title += f"  run {event.data['run']}"
        if event.platform is None:
            if event.kind == "log" and event.data["level"] == "warning":
                self.message = str(event.data["text"])
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

    def lines(self, style: Style, width: int = 100, height: int = 1000) -> list[str]:
        """The display, no line wider than `width` and no more than `height` lines: running and failed rows stay."""
        below = self._below(style, width)
        rows = list(self._states.items())
        room = max(1, height - 3 - len(below) - (_least_log(height) if self.show_log else 0))
        if len(rows) > room:
            rows = sorted(rows, key=lambda item: item[1].done and item[1].symbol == "✓")[: max(1, room - 1)]
        hidden = len(self._states) - len(rows)
        out = [self._head(style, width), ""]
        out += columns([self._row(name, state) for name, state in rows], style, width=width, wrap=False)
        out += [f"  … and {hidden} more"] if hidden else []
        log = self._log_lines(width, height - len(out) - len(below) - 1) if self.show_log else []
        return [*out, *log, *below]

    def _head(self, style: Style, width: int) -> str:
        steps = STAGES if self._last == "verify" else (self._last,)
        states = self._states.values()
        done = sum(len(steps) if state.done else len(state.finished & set(steps)) for state in states)
        shared = len(self._shared_done | set(self._shared))
        count, done = len(states) * len(steps) + shared, done + len(self._shared_done)
        left = self._left()
        about = f", about {duration(left)} left" if left is not None and done < count else ""
        end = f" {done}/{count}  {duration(self._clock() - self._begun)}{about}"
        title = shortened(self._title, max(8, width - text_width(end) - _NARROWEST_BAR - 4))
        room = min(_BAR, width - text_width(title) - text_width(end) - 4)
        bar = f"  ▕{_filled(done, count, room)}▏" if room >= _NARROWEST_BAR else " "
        return style(title, "bold") + shortened(f"{bar}{end}", max(1, width - text_width(title)))

    def _left(self) -> float | None:
        now = self._clock()
        items = self._states.items()
        running = {(name, state.stage): now - state.since for name, state in items if state.since is not None}
        done = {(name, stage) for name, state in items for stage in state.finished}
        return self._estimate.left(running, done, [name for name, state in items if state.done])

    def _below(self, style: Style, width: int) -> list[str]:
        shared = f"  release files: {', '.join(sorted(self._shared))}" if self._shared else ""
        texts = [(shared, ""), (f"  {self.message}" if self.message else "", "warning")]
        texts.append((f"  {self.keys}" if self.keys else "", "dim"))
        lines = [style(shortened(text, width), look) for text, look in texts if text]
        return ["", *lines] if lines else []

    def _log_lines(self, width: int, room: int) -> list[str]:
        if room < 2:
            return []
        newest = list(self._log)[-(room - 1) :]
        return ["", *(f"  {shortened(line, width - 2)}" for line in newest)]

    def _row(self, name: str, state: _State) -> Row:
        running = state.since is not None
        seconds = self._clock() - state.since if state.since is not None else state.seconds
        took = duration(seconds) if running or state.done else ""
        stage = state.stage if not state.done or state.symbol != "✓" else ""
        note = one_line(state.note)
        part = _PART.search(note) if running else None
        if part and int(part[2]) >= int(part[1]) > 0:
            note += f"  ▕{_filled(int(part[1]), int(part[2]), _NOTE_BAR)}▏"
        if not running and not state.done:
            note = self._waits_for(name, state) or note
        return (Cell(state.symbol, state.style), name, f"{stage:<9}", Cell(took, "dim"), note)

    def _waits_for(self, name: str, state: _State) -> str:
        """The hubs that a platform waits for when everything of its own is ready."""
        if state.stage != "preflight":
            return ""
        hubs = [hub for hub in self._estimate.needs.get(name, ()) if not self._is_published(hub)]
        return f"waits for {', '.join(hubs)}" if hubs else ""

    def _is_published(self, hub: str) -> bool:
        state = self._states.get(hub)
        return state is None or "publish" in state.finished

    def _start(self, state: _State, stage: str) -> None:
        (state.symbol, state.style), state.stage, state.note = look("running"), stage, ""
        state.since = self._clock()

    def _finish(self, state: _State, event: Event) -> None:
        outcome, stage = str(event.data["outcome"]), event.stage or ""
        state.finished.add(stage)
        if state.since is not None:
            state.seconds += self._clock() - state.since
            state.since = None
        if state.done:  # what follows is no news
            return
        if outcome in _ENDS:
            error = event.data.get("error") or {}
            state.symbol, state.style = look(outcome)
            state.stage = stage
            reason = str(error.get("message") or event.data.get("reason", ""))
            state.note = f"{error['id']} {reason}" if error.get("id") else reason
            state.done = True
        else:
            self._go_on(state, stage, outcome, str(event.data.get("reason", "")))

    def _go_on(self, state: _State, stage: str, outcome: str, reason: str) -> None:
        (state.symbol, state.style), state.stage = look("unfinished"), stage
        if stage == self._last:
            there = "published" if state.published else "already there"
            words = {"verify": f"{there}, verified" if outcome == "ok" else there}
            (state.symbol, state.style), state.done = look("ok"), True
            state.note = words.get(stage, "done")
        else:
            state.note = reason or f"{stage} {outcome}"

    def _shared_task(self, event: Event) -> None:
        what = str(event.data.get("target", ""))
        if event.kind == "stage_started":
            self._shared[what] = self._clock()
        elif event.kind == "stage_finished":
            self._shared.pop(what, None)
            self._shared_done.add(what)


def _filled(done: int, count: int, width: int) -> str:
    full = width * done // count if count else width
    return "█" * full + " " * (width - full)


def _least_log(height: int) -> int:
    """Lines that the log gets in any case."""
    return max(3, height // 3)
