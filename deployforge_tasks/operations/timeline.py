"""When each stage of a run waited and worked, what it took before, and which stages the whole run waited for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.graph_view import RELEASE_FILES, STAGES, slug
from deployforge_tasks.operations.graph_view import view as graph_of
from deployforge_tasks.operations.run_detail import open_end, shown_state
from deployforge_tasks.operations.runs import find_run, reading

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.project.load import Loaded

#: What comes before the first stage of a platform, and what follows the last.
_ORDER = (*RELEASE_FILES, *STAGES, "rollback")


@dataclass(frozen=True)
class Wait:
    """A time in which a stage waited before it asked again; `why` is ``rate limit`` or ``again``."""

    start: float
    end: float
    why: str


@dataclass(frozen=True)
class Bar:
    """One stage of one platform (or target). Times are seconds since the run began.

    It was `ready` when all that it needs was done, had a worker at `start`, and ended at `end` (so far, while it
    runs). `usual` is the median of the last ten runs, `saves` how much shorter the run would be without it at most.
    """

    platform: str
    stage: str
    state: str
    ready: float
    start: float
    end: float
    waits: tuple[Wait, ...] = ()
    reason: str = ""
    usual: float | None = None
    lane: int = 0
    critical: bool = False
    saves: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.stage}:{self.platform}"

    @property
    def queued(self) -> float:
        return self.start - self.ready

    @property
    def waited(self) -> float:
        return sum(wait.end - wait.start for wait in self.waits)

    @property
    def worked(self) -> float:
        return max(0.0, self.end - self.start - self.waited)


@dataclass(frozen=True)
class Timeline:
    """The stages in the order of platforms and stages; `lanes` is how many worked at once; `planned`: a guess."""

    bars: tuple[Bar, ...]
    seconds: float
    lanes: int
    running: bool = False
    planned: bool = False

    @property
    def path(self) -> tuple[Bar, ...]:
        """The stages that the run waited for, in their order."""
        return tuple(sorted((bar for bar in self.bars if bar.critical), key=lambda bar: bar.start))


def timeline(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> Timeline:
    """The timeline of a run, also of one that goes on.

    Args:
        loaded: the project; its graph tells what waited for what.
        number: the run.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        run = find_run(reader, loaded, number)
        told = [stored.event for stored in reader.events(number, kinds=("stage_started", "stage_finished", "wait"))]
        usual = reader.median_seconds(run.project, run.profile, before=number)
        last = reader.last_event_at(number)
    running = open_end(_state(run)) == "running" and run.finished_at is None
    now = datetime.now(UTC) if running else run.finished_at or last or run.started_at
    bars = _bars(told, run.started_at, now, open_end(_state(run)))
    known = [replace(bar, usual=usual.get((bar.platform, bar.stage))) for bar in bars]
    return arranged(known, _edges(loaded, number, ledger_url), running=running)


def planned(
    names: Sequence[str], needs: Mapping[str, Sequence[str]], usual: Mapping[tuple[str, str], float]
) -> Timeline:
    """What a run of these platforms would look like, by what their stages took before.

    Args:
        names: the platforms.
        needs: per platform those that must have published before.
        usual: seconds by platform and stage; what is not in it takes none.
    """
    tasks = [f"{stage}:{name}" for name in names for stage in STAGES if (name, stage) in usual]
    edges = _natural(tasks)
    edges |= {(f"publish:{hub}", f"publish:{name}") for name in names for hub in needs.get(name, ())}
    seconds = {task: usual[task.partition(":")[2], task.partition(":")[0]] for task in tasks}
    ends = _ends(_before(tasks, edges), seconds)
    bars = [
        Bar(name, stage, "queued", ends[task] - seconds[task], ends[task] - seconds[task], ends[task])
        for task in tasks
        for stage, _, name in [task.partition(":")]
    ]
    return replace(arranged(bars, edges), planned=True)


def arranged(bars: Iterable[Bar], edges: Iterable[tuple[str, str]], *, running: bool = False) -> Timeline:
    """Bars with their lanes and the critical path; edges are names (before, after)."""
    laned = _in_lanes(bars)
    before = _before([bar.name for bar in laned], edges)
    path = _path({bar.name: bar for bar in laned}, before)
    seconds = {bar.name: bar.end - bar.ready for bar in laned}
    whole = max(_ends(before, seconds).values(), default=0.0)
    saves = {name: whole - max(_ends(before, {**seconds, name: 0.0}).values()) for name in path}
    shown = tuple(replace(bar, critical=bar.name in saves, saves=saves.get(bar.name, 0.0)) for bar in laned)
    return Timeline(
        shown,
        max((bar.end for bar in shown), default=0.0),
        max((bar.lane + 1 for bar in shown), default=0),
        running,
    )


def _state(run: Run) -> str:
    from deployforge_tasks.ledger.liveness import state_of

    return state_of(run)


def _bars(told: Iterable[Event], began: datetime, now: datetime, unfinished: str) -> list[Bar]:
    """One bar for each stage that began: the newest try of it."""
    found: dict[tuple[str, str], Bar] = {}
    for event in told:
        key = (event.platform or slug(str(event.data.get("target", ""))), event.stage or "")
        at = max(0.0, (event.at - began).total_seconds())
        if event.kind == "stage_started":
            ready = max(0.0, at - float(event.data.get("waited") or 0.0))
            found[key] = Bar(*key, unfinished, ready, at, max(at, (now - began).total_seconds()))
        elif key in found and event.kind == "wait":
            wait = Wait(at, at + float(event.data["seconds"]), str(event.data["why"]))
            found[key] = replace(found[key], waits=(*found[key].waits, wait))
        elif key in found:
            bar = found[key]
            end = bar.start + float(event.data.get("seconds") or 0.0)
            state = shown_state(key[1], str(event.data["outcome"]))
            found[key] = replace(bar, state=state, end=end, reason=str(event.data.get("reason", "")))
    return [_clipped(bar) for bar in found.values()]


def _clipped(bar: Bar) -> Bar:
    """A wait that was cut short, or goes on, ends with its stage."""
    waits = (Wait(wait.start, min(wait.end, bar.end), wait.why) for wait in bar.waits if wait.start < bar.end)
    return replace(bar, waits=tuple(waits))


def _in_lanes(bars: Iterable[Bar]) -> list[Bar]:
    """Each bar with the first worker that was free when it began."""
    free: list[float] = []
    placed = []
    for bar in sorted(bars, key=lambda bar: (bar.start, bar.end)):
        lane = next((number for number, until in enumerate(free) if until <= bar.start + 0.002), len(free))
        free[lane:] = [bar.end, *free[lane + 1 :]]
        placed.append(replace(bar, lane=lane))
    return placed


def _edges(loaded: Loaded, number: int, ledger_url: str | None) -> set[tuple[str, str]]:
    try:
        seen = graph_of(loaded, run=number, ledger_url=ledger_url)
    except ConfigError:  # today's project has no version or graph: what each platform does in turn is known anyway
        return set()
    return set(seen.edges)


def _natural(tasks: Iterable[str]) -> set[tuple[str, str]]:
    """What needs no graph: the stages of a platform follow one another."""
    stages: dict[str, list[str]] = {}
    for task in tasks:
        stage, _, name = task.partition(":")
        stages.setdefault(name, []).append(stage)
    ordered = {name: sorted(found, key=_rank) for name, found in stages.items()}
    return {(f"{a}:{n}", f"{b}:{n}") for n, found in ordered.items() for a, b in pairwise(found)}


def _rank(stage: str) -> int:
    return _ORDER.index(stage) if stage in _ORDER else len(_ORDER)


def _before(tasks: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """What each task waited for among the tasks: through those that had nothing to do, too."""
    direct: dict[str, set[str]] = {}
    for first, then in {*edges, *_natural(tasks)}:
        direct.setdefault(then, set()).add(first)
    there = set(tasks)

    def reach(task: str, seen: set[str]) -> set[str]:
        found = set()
        for first in direct.get(task, set()) - seen:
            seen.add(first)
            found |= {first} if first in there else reach(first, seen)
        return found

    return {task: reach(task, {task}) for task in tasks}


def _ends(before: Mapping[str, set[str]], seconds: Mapping[str, float]) -> dict[str, float]:
    """When each task would end if it began as soon as it could."""
    ends: dict[str, float] = {}

    def end(task: str) -> float:
        if task not in ends:
            ends[task] = 0.0  # a loop in an old run's graph ends here
            ends[task] = max((end(first) for first in before[task]), default=0.0) + seconds[task]
        return ends[task]

    for task in before:
        end(task)
    return ends


def _path(bars: Mapping[str, Bar], before: Mapping[str, set[str]]) -> list[str]:
    """From the stage that ended last back to what it waited for longest, and so on."""
    path: list[str] = []
    name = max(bars, key=lambda task: bars[task].end, default=None)
    while name is not None and name not in path:
        path.append(name)
        name = max(before[name], key=lambda task: bars[task].end, default=None)
    return path[::-1]
