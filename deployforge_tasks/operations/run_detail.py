"""One run in detail: its stages per platform, what people should read first, and how often each stage was tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from deployforge_tasks.operations.graph_view import RELEASE_FILES, STAGES
from deployforge_tasks.operations.runs import RunView, find_run, reading, view

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.model import Attempt, Run
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: Runs of the same version whose attempts are counted.
_SAME_VERSION = 50
_GOOD = ("ok", "skipped")


@dataclass(frozen=True)
class RunHead:
    """What stands above every page about a run; `before` and `after` are the numbers of its neighbours.

    `newest` is the project's newest run, and `told` the last event of this one that is surely in here.
    """

    run: RunView
    before: int | None
    after: int | None
    newest: int
    told: int


@dataclass(frozen=True)
class Cell:
    """One stage of one platform (or target) in a run.

    `state` is ``queued`` (not begun), ``running``, ``killed``, ``ok skipped waiting blocked failed``, and for what is
    ``ok`` of `publish` and `rollback` ``published`` and ``rolled_back``.
    """

    platform: str
    stage: str
    state: str = "queued"
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Annotation:
    """Something to read first: `level` is ``bad`` (an error), ``ask`` (a person has to act) or ``warn``."""

    level: str
    platform: str
    stage: str
    text: str
    hint: str = ""
    url: str = ""
    code: str = ""


@dataclass(frozen=True)
class Try:
    """One try of a stage, in this or another run of the version; `superseded`: a later one ended well."""

    run: int
    number: int
    of: int
    platform: str
    stage: str
    outcome: str
    reason: str
    seconds: float | None
    started_at: datetime
    superseded: bool


@dataclass(frozen=True)
class RunDetail:
    """A run; `cells` by platform and stage, `files` are its release files, `tries` every stage that was tried again."""

    head: RunHead
    platforms: tuple[str, ...]
    stages: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    files: tuple[Cell, ...]
    annotations: tuple[Annotation, ...]
    tries: tuple[Try, ...]


def run_head(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> RunHead:
    """A run with its neighbours.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        run = find_run(reader, loaded, number)
        told = reader.last_event(run.id)
        return _head(reader, run, reader.attempts([run.id])[run.id], told)


def run_detail(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> RunDetail:
    """A run with everything that its first page shows; links are those of the loaded version.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        run = find_run(reader, loaded, number)
        told_before = reader.last_event(run.id)
        attempts = reader.attempts([run.id])[run.id]
        head = _head(reader, run, attempts, told_before)
        order = {name: place for place, name in enumerate(loaded.options)}
        names = dict.fromkeys([*reader.aims(run.id), *(a.platform for a in attempts)])
        platforms = tuple(sorted(names, key=lambda name: order.get(name, len(order))))
        told = [stored.event for stored in reader.events(run.id, kinds=_TOLD)]
        return RunDetail(
            head,
            platforms,
            _stages(attempts),
            _cells(platforms, attempts, head.run.state),
            _files(told, head.run.state),
            tuple(_with_pages(loaded, _annotations(told))),
            _tries(reader, run),
        )


#: The kinds of events that this page needs: log lines are many, and are not among them.
_TOLD = ("stage_started", "stage_finished", "finding", "rolled_back", "undo_started")


def open_end(state: str) -> str:
    """What a stage is that has begun and not ended, by the state of its run."""
    return "running" if state in ("running", "elsewhere") else "killed"


def _head(reader: Reader, run: Run, attempts: list[Attempt], told: int) -> RunHead:
    before, after = reader.neighbours(run)
    newest = reader.runs(run.project, None, 1)[0].id
    return RunHead(view(reader, run, attempts), before, after, newest, told)


def _stages(attempts: Iterable[Attempt]) -> tuple[str, ...]:
    seen = {attempt.stage for attempt in attempts}
    usual = STAGES if seen & set(STAGES) or not seen else ()
    return (*usual, *sorted(seen - set(STAGES)))


def _cells(names: Sequence[str], attempts: Iterable[Attempt], state: str) -> dict[tuple[str, str], Cell]:
    """The newest try of each stage; a stage that never began in a run that has ended is no cell."""
    found = {}
    if state in ("running", "elsewhere"):
        found = {(name, stage): Cell(name, stage) for name in names for stage in STAGES}
    for attempt in attempts:
        shown = shown_state(attempt.stage, attempt.outcome or open_end(state))
        key = (attempt.platform, attempt.stage)
        found[key] = Cell(*key, shown, attempt.reason, attempt.seconds)
    return found


def shown_state(stage: str, outcome: str) -> str:
    """The word for a stage's end: what is out is said to be published."""
    return {("publish", "ok"): "published", ("rollback", "ok"): "rolled_back"}.get((stage, outcome), outcome)


def _files(told: Iterable[Event], state: str) -> tuple[Cell, ...]:
    found: dict[tuple[str, str], Cell] = {}
    for event in told:
        if event.stage not in RELEASE_FILES or event.kind not in ("stage_started", "stage_finished"):
            continue
        key = (str(event.data.get("target", "")), event.stage)
        ended = event.kind == "stage_finished"
        outcome = str(event.data.get("outcome", "")) if ended else open_end(state)
        seconds = event.data.get("seconds") if ended else None
        found[key] = Cell(*key, outcome, str(event.data.get("reason", "")), seconds)
    return tuple(found.values())


def _annotations(told: Iterable[Event]) -> Iterable[Annotation]:
    """Errors first, then what waits for a person, then warnings; each once."""
    found = dict.fromkeys(note for event in told for note in _notes(event))
    return sorted(found, key=lambda note: ("bad", "ask", "warn").index(note.level))


def _with_pages(loaded: Loaded, notes: Iterable[Annotation]) -> Iterator[Annotation]:
    """What waits for a person leads to the version's page on the platform, where there is one."""
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.graph.jobs import page

    context = RunContext(loaded)
    try:
        for note in notes:
            waits = note.level == "ask" and not note.url and note.platform in context.platforms
            yield replace(note, url=_link(page(context, note.platform))) if waits else note
    finally:
        context.close()


def _notes(event: Event) -> Iterable[Annotation]:
    name, stage, data = event.platform or str(event.data.get("target", "")), event.stage or "", event.data
    if event.kind == "finding" and data.get("level") != "error":  # errors come again as the failure of the stage
        yield Annotation("warn", name, stage, str(data["message"]), str(data.get("hint", "")), code=str(data["id"]))
    elif event.kind == "rolled_back":
        for step in data.get("manual", ()):
            yield Annotation("ask", name, stage, str(step["text"]), url=_link(step.get("url")))
    elif event.kind == "undo_started":
        because = ", ".join(data.get("because", ()))
        yield Annotation("warn", "", "", f"what this run had published was taken back, because {because} failed")
    elif event.kind == "stage_finished" and data.get("outcome") == "failed":
        error = data.get("error") or {}
        text = str(error.get("message") or data.get("reason", ""))
        yield Annotation(
            "bad", name, stage, text, str(error.get("hint", "")), _link(error.get("url")), str(error.get("id") or "")
        )
    elif event.kind == "stage_finished" and data.get("outcome") == "waiting" and stage == "publish":
        yield Annotation("ask", name, stage, str(data.get("reason") or "a registry or a person has to act"))


def _link(url: object) -> str:
    """Only what a browser may follow."""
    return str(url) if str(url or "").startswith(("https://", "http://")) else ""


def _tries(reader: Reader, run: Run) -> tuple[Try, ...]:
    """Every try of the stages that were tried more than once for this version, the newest first."""
    same = reader.runs_of_version(run.project, run.profile, run.version, _SAME_VERSION)
    by_run = reader.attempts([other.id for other in same])
    tried: dict[tuple[str, str], list[tuple[int, Attempt]]] = {}
    for number in sorted(by_run):
        for attempt in by_run[number]:
            if attempt.outcome not in ("skipped", "blocked"):  # nothing was tried
                tried.setdefault((attempt.platform, attempt.stage), []).append((number, attempt))
    again = [tries for tries in tried.values() if len(tries) > 1 and any(a.outcome != "ok" for _, a in tries)]
    return tuple(made for tries in again for made in reversed(_counted(tries)))


def _counted(tries: Sequence[tuple[int, Attempt]]) -> list[Try]:
    last_good = max((place for place, (_, a) in enumerate(tries) if a.outcome in _GOOD), default=-1)
    return [
        Try(
            run,
            place + 1,
            len(tries),
            a.platform,
            a.stage,
            shown_state(a.stage, a.outcome or "unfinished"),
            a.reason,
            a.seconds,
            a.started_at,
            place < last_good and a.outcome not in _GOOD,
        )
        for place, (run, a) in enumerate(tries)
    ]
