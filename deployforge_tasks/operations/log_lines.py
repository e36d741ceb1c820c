"""The log of a run: one line an event, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deployforge_tasks.operations.ansi import plain

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.reading import Reader, StoredEvent
    from deployforge_tasks.ledger.run_log import Wanted

LEVELS = ("debug", "info", "warning", "error")
_OUTCOMES = {"failed": "error", "blocked": "warning", "waiting": "warning"}


@dataclass(frozen=True)
class Line:
    """One line of a log.

    `number` is its place among the events of the run (1 is the first) and never changes; numbers are left out where
    another run wrote into the same ledger meanwhile. `text` is as the program wrote it (`ansi` makes it fit to show).
    `level` is one of `LEVELS`; `platform` and `stage` are "" where it belongs to none.
    """

    number: int
    at: datetime
    platform: str
    stage: str
    level: str
    text: str

    @property
    def task(self) -> str:
        """Platform and stage as an anchor names them: ``npm:publish``."""
        return ":".join(part for part in (self.platform, self.stage) if part)


def line(stored: StoredEvent, first: int) -> Line:
    """An event as a line; `first` is the number of the run's first event."""
    event = stored.event
    level, text = told(event)
    return Line(stored.number - first + 1, event.at, event.platform or "", event.stage or "", level, text)


def told(event: Event) -> tuple[str, str]:
    """Level and text of an event."""
    data = event.data
    if event.kind == "log":
        level = str(data.get("level", "info"))
        return level if level in LEVELS else "info", str(data.get("text", ""))
    level = str(data.get("level", "info")) if event.kind == "finding" else _OUTCOMES.get(str(data.get("outcome")), "")
    words = _WORDS.get(event.kind)
    text = words(data) if words else event.kind.replace("_", " ")
    return level if level in LEVELS else "info", text


def as_text(shown: Line) -> str:
    """A line for a file: its moment (UTC), its task, its level if that is worth a word, and its text."""
    moment = shown.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    level = f"{shown.level}: " if shown.level in ("warning", "error") else ""
    who = " ".join(part for part in (shown.platform, shown.stage) if part)
    return f"{moment} {f'[{who}] ' if who else ''}{level}{plain(shown.text)}\n"


def whole_log(reader: Reader, run: int, wanted: Wanted) -> Iterator[str]:
    """The whole log of a run, some lines at a time."""
    log = reader.log(run)
    ends = log.ends()
    piece: list[str] = []
    for stored in log.all(wanted):
        piece.append(as_text(line(stored, ends[0] if ends else 1)))
        if len(piece) == 500:
            yield "".join(piece)
            piece = []
    yield "".join(piece)


def _end(data: Mapping[str, Any]) -> str:
    error = data.get("error") or {}
    why = data.get("reason") or ""
    if isinstance(error, Mapping) and error:
        why = " ".join(str(error.get(key) or "") for key in ("id", "message")).strip()
        why += f"; {error['hint']}" if error.get("hint") else ""
    seconds = data.get("seconds")
    after = f" after {seconds:.1f} s" if isinstance(seconds, int | float) and seconds else ""
    return f"{data.get('outcome', 'ended')}{after}{f': {why}' if why else ''}"


def _named(word: str, *keys: str) -> Callable[[Mapping[str, Any]], str]:
    """A word, and what some keys hold."""

    def say(data: Mapping[str, Any]) -> str:
        rest = ", ".join(_joined(data[key]) for key in keys if data.get(key) not in (None, "", [], {}))
        return f"{word}{': ' if rest else ''}{rest}"

    return say


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | dict) else str(value)


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "run_started": _named("run began", "platforms"),
    "run_finished": lambda data: f"run ended: {data.get('outcome')}, exit code {data.get('exit_code')}",
    "stage_started": _named("started", "target"),
    "stage_finished": _end,
    "presence": lambda data: _named(str(data.get("state", "presence")), "reason")(data),
    "intent": _named("about to publish", "piece", "digest"),
    "receipt": _named("is out", "piece", "digest"),
    "finding": lambda data: f"{data.get('id', '')} {data.get('message', '')}".strip(),
    "evidence": _named("evidence", "method", "client", "said", "reason"),
    "undo_started": _named("taking back what was published, because others failed", "because"),
    "rolled_back": _named("taken back", "to", "done"),
}
