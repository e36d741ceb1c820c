"""What the event stream says, as bytes: each message is made once and sent to everybody who may see it.

======  ============================================================================================
event   data (JSON)
======  ============================================================================================
ready   {}: everything up to the message's id is known; what follows is new
run     run, version, profile, state, outcome, began (it is new), bind
task    run, number, at, kind, platform, stage, data (of `core.events.Event`), line, bind
log     run, lines: [{number, at, platform, stage, level, pieces}]; only for runs whose log is open
stats   {}: download counts were collected, or the platforms were asked what they have
resync  {}: this viewer was too slow or away for too long, and has to read the page again
trouble message, hint: the ledger does not answer; an empty message: it does again
======  ============================================================================================

`line` is what the event is in the log: {level, pieces}; pieces are of `operations.ansi`: [{text, styles}]. `bind` holds
the values (`values`) that changed. The id of a message says how far everything was told after it:
``<highest run>_<run>-<event>[-<log line>]_…``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deployforge_tasks.dashboard import values
from deployforge_tasks.operations.ansi import pieces
from deployforge_tasks.operations.log_lines import told
from deployforge_tasks.operations.watching import News, Place, Places

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.feed import Entry
    from deployforge_tasks.operations.progress import RunNow

#: Browsers come again after a second.
FIRST = b"retry: 1000\n\n"
HEARTBEAT = b": \n\n"
_ID = re.compile(r"\d{1,18}(_\d{1,18}-\d{1,18}(-\d{1,18})?){0,500}")


@dataclass(frozen=True)
class Telling:
    """Some news as bytes: `everybody` for all, `logs` per run for those who have its log open."""

    everybody: bytes = b""
    logs: Mapping[int, bytes] = field(default_factory=dict)

    def for_logs(self, wanted: Mapping[int, Any]) -> bytes:
        """What somebody gets who has these logs open, in the order in which the ids were made."""
        return self.everybody + b"".join(piece for run, piece in self.logs.items() if run in wanted)


def message(event: str, data: Any, places: Places | None = None) -> bytes:
    """One message of the stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    number = f"id: {written(places)}\n" if places is not None else ""
    return f"event: {event}\n{number}data: {text}\n\n".encode()


def written(places: Places) -> str:
    """Places as the id of a message."""
    runs = (
        f"{run}-{place.told}" + ("" if place.line is None else f"-{place.line}") for run, place in places.runs.items()
    )
    return "_".join([str(places.floor), *runs])


def read(text: str) -> Places | None:
    """The places that an id tells, None for what is no such id."""
    if not _ID.fullmatch(text):
        return None
    floor, *parts = text.split("_")
    runs = {}
    for part in parts:
        run, told, *line = map(int, part.split("-"))
        runs[run] = Place(told, line[0] if line else None)
    return Places(int(floor), runs)


def tell(news: News, before: Places, runs: Mapping[int, RunNow]) -> Telling:
    """News as messages.

    Args:
        news: what a look found.
        before: how far everything was told before it.
        runs: where the runs are now that are in the news.
    """
    cursor = _Cursor(before)
    for run in news.began:
        cursor.begin(run)
    out = [_run(runs[run], cursor.places, began=True) for run in news.began]
    last = {(entry.run, entry.stored.event.platform): entry for entry in news.told}
    for entry in news.told:
        cursor.told(entry)
        changed = last[entry.run, entry.stored.event.platform] is entry
        out.append(_task(entry, cursor.places, runs[entry.run] if changed else None))
    out += [_run(runs[run], cursor.places, began=False) for run in news.ended]
    logs = {run: _log(run, lines, cursor) for run, lines in _by_run(news.lines)}
    return Telling(b"".join(out), logs)


class _Cursor:
    """How far everything was told, while messages are made."""

    def __init__(self, places: Places) -> None:
        self.places = places

    def begin(self, run: int) -> None:
        runs = {**self.places.runs, run: Place()}
        self.places = Places(max(self.places.floor, run), runs)

    def told(self, entry: Entry) -> None:
        self._move(entry.run, told=entry.stored.number)

    def line(self, run: int, number: int) -> None:
        self._move(run, line=number)

    def _move(self, run: int, **to: int) -> None:
        place = replace(self.places.runs.get(run) or Place(), **to)
        self.places = Places(self.places.floor, {**self.places.runs, run: place})


def _run(run: RunNow, places: Places, *, began: bool) -> bytes:
    data = {
        "run": run.number,
        "version": run.version,
        "profile": run.profile,
        "state": run.state,
        "outcome": run.outcome,
        "began": began,
        "bind": values.of_everything(run),
    }
    return message("run", data, places)


def _task(entry: Entry, places: Places, run: RunNow | None) -> bytes:
    event = entry.stored.event
    found: values.Values = {}
    if run is not None:
        rows = [one for one in run.platforms if one.platform == event.platform]
        found = values.of_run(run) | (values.of_platform(run.number, rows[0]) if rows else {})
    data = {
        "run": entry.run,
        "number": entry.stored.number,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "platform": event.platform,
        "stage": event.stage,
        "data": event.data,
        "line": _line(event),
        "bind": found,
    }
    return message("task", data, places)


def _by_run(lines: tuple[Entry, ...]) -> Iterator[tuple[int, list[Entry]]]:
    found: dict[int, list[Entry]] = {}
    for entry in lines:
        found.setdefault(entry.run, []).append(entry)
    yield from found.items()


def _log(run: int, lines: list[Entry], cursor: _Cursor) -> bytes:
    cursor.line(run, lines[-1].stored.number)
    shown = [
        {
            "number": entry.stored.number,
            "at": entry.stored.event.at.isoformat(),
            "platform": entry.stored.event.platform,
            "stage": entry.stored.event.stage,
            **_line(entry.stored.event),
        }
        for entry in lines
    ]
    return message("log", {"run": run, "lines": shown}, cursor.places)


def _line(event: Event) -> dict[str, Any]:
    level, text = told(event)
    return {"level": level, "pieces": [asdict(piece) for piece in pieces(text)]}
