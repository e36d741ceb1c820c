"""Watching every run of a project: what happened since the last look, and where each run is now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployforge_tasks.ledger.liveness import state_of
from deployforge_tasks.operations.progress import CHUNK, RunNow, RunProgress, new_progress, progress_of

if TYPE_CHECKING:
    from deployforge_tasks.ledger.feed import Entry, Feed
    from deployforge_tasks.project.load import Loaded

#: Numbers of runs, as those of events, can become visible out of their order: so many are looked at again.
_OVERLAP = 20
#: Ended runs whose places are told besides those that go on, and those that are kept in memory.
_RECENT, _KEPT = 8, 32
_ENDED = ("finished", "killed")
_EVERYTHING = 2**63 - 1


@dataclass(frozen=True)
class Place:
    """How far a run was told: its last event that is no log line, and its last log line (None: those are not told)."""

    told: int = 0
    line: int | None = None


@dataclass(frozen=True)
class Places:
    """How far everything was told. Runs with a number above `floor` that are not in `runs` are not known yet."""

    floor: int = 0
    runs: Mapping[int, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class News:
    """What one look found.

    `began` and `ended` are runs; `told` are the events that are no log lines, `lines` the log lines of runs whose log
    is open; both in the order of each run. `more`: there is more to be read at once.
    """

    began: tuple[int, ...] = ()
    told: tuple[Entry, ...] = ()
    lines: tuple[Entry, ...] = ()
    ended: tuple[int, ...] = ()
    more: bool = False


class Watcher:
    """Looks into the ledger again and again; used by one thread at a time.

    Args:
        feed: the ledger.
        loaded: tells the project as it is now.

    What was there before the first look is known; what follows is news.
    """

    def __init__(self, feed: Feed, loaded: Callable[[], Loaded]) -> None:
        self._feed = feed
        self._loaded = loaded
        self._project = loaded().project.name
        self._progress: dict[int, RunProgress] = {}
        self._known: set[int] = set()
        self._ended: list[int] = []
        self._lines: dict[int, int] = {}
        self._begin()

    def look(self, open_logs: Collection[int] = ()) -> News:
        """What is new since the last look; `open_logs` are the runs whose log lines are wanted."""
        self._open(open_logs)
        began, ending = self._runs()
        told = self._feed.told({run: self._progress[run].number for run in self._going()}, CHUNK)
        for entry in told:
            self._progress[entry.run].add(entry.stored)
        lines = self._feed.lines(self._lines, CHUNK)
        for entry in lines:
            self._lines[entry.run] = entry.stored.number
        more = len(told) == CHUNK or len(lines) == CHUNK
        ended = [] if more else ending
        self._end(ended)
        return News(tuple(began), tuple(told), tuple(lines), tuple(ended), more)

    def places(self) -> Places:
        """How far everything was told."""
        shown = [*self._ended[-_RECENT:], *self._going()]
        runs = {run: Place(self._progress[run].number, self._lines.get(run)) for run in shown}
        return Places(max(self._known, default=0), runs)

    def now(self, number: int) -> RunNow:
        """Where a run is that was in the news."""
        return self.progress(number).now(datetime.now(UTC))

    def progress(self, number: int) -> RunProgress:
        """What a run's events add up to; of one that ended long ago they are read again."""
        found = self._progress.get(number)
        if found is None:
            run = self._feed.run(number)
            if run is None:
                raise KeyError(number)
            found = progress_of(self._feed, self._loaded(), run)
        return found

    def missed(self, since: Places, open_logs: Collection[int], limit: int) -> News | None:
        """What lies between a place and the last look, None if that is more than `limit` events.

        Log lines of `open_logs` begin where `since` has a place for them. Runs that `since` knows are among the ended
        ones if they have ended, whether or not that was told before.
        """
        newer = {run.id for run in self._feed.runs_above(self._project, since.floor)} & self._known
        known = (set(since.runs) & self._known) | newer
        starts = {run: since.runs[run].told if run in since.runs else 0 for run in known}
        told = [entry for entry in self._feed.told(starts, limit + 1) if entry.stored.number <= self._told(entry.run)]
        places = {run: since.runs[run].line for run in open_logs if run in since.runs and run in self._lines}
        logs = {run: line for run, line in places.items() if line is not None}
        lines = [entry for entry in self._feed.lines(logs, limit + 1) if entry.stored.number <= self._lines[entry.run]]
        if len(told) + len(lines) > limit:
            return None
        ended = known - set(self._going())
        began = newer - set(since.runs)
        return News(tuple(sorted(began)), tuple(told), tuple(lines), tuple(sorted(ended)))

    def _told(self, run: int) -> int:
        """The last event of a run that was told; one that is not in memory any more has told everything."""
        return self._progress[run].number if run in self._progress else _EVERYTHING

    def _begin(self) -> None:
        newest = self._feed.runs(self._project, None, _KEPT)
        floor = max((run.id for run in newest), default=0)
        going = self._feed.unfinished(self._project)
        for run in self._feed.runs_above(self._project, floor - _OVERLAP, [*(run.id for run in newest), *going]):
            self._known.add(run.id)
            if state_of(run) in _ENDED and run not in newest[:_RECENT]:
                continue
            found = self._progress[run.id] = progress_of(self._feed, self._loaded(), run)
            if found.state in _ENDED:
                self._ended.append(run.id)

    def _open(self, logs: Collection[int]) -> None:
        for run in set(self._lines) - set(logs):
            del self._lines[run]
        for run in logs:
            if run not in self._lines:
                self._lines[run] = self._feed.last_line(run)

    def _going(self) -> list[int]:
        return [run for run in self._progress if run not in self._ended]

    def _runs(self) -> tuple[list[int], list[int]]:
        """The runs that are new, and those that have ended: looked at before the events, which are complete then."""
        began, ending = [], []
        floor = max(self._known, default=0) - _OVERLAP
        for run in self._feed.runs_above(self._project, floor, self._going()):
            if run.id not in self._known:
                self._known.add(run.id)
                self._progress[run.id] = new_progress(self._feed, self._loaded(), run)
                began.append(run.id)
            elif run.id not in self._progress or run.id in self._ended:
                continue
            found = self._progress[run.id]
            found.run, state = run, state_of(run)
            if state in _ENDED:
                ending.append(run.id)
            else:
                found.state = state
        return began, ending

    def _end(self, ended: list[int]) -> None:
        for number in ended:
            found = self._progress[number]
            found.state = "finished" if found.run.finished_at is not None else "killed"
        self._ended += ended
        for number in self._ended[:-_KEPT]:
            del self._progress[number]
        del self._ended[:-_KEPT]
