"""The graph as it stands: every task with its state in the newest run of the version, and what waits for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: The stages in the order of a platform's life; release files come before the first.
STAGES = ("render", "package", "preflight", "publish", "verify")
RELEASE_FILES = ("fetch", "build")


@dataclass(frozen=True)
class Node:
    """One task.

    `stage` and `subject` (a platform or a target) make up its name; `state` is ``none`` (not begun), ``running``,
    ``ok``, ``skipped``, ``waiting``, ``blocked``, ``failed`` or ``killed``; `reason` says why.
    """

    name: str
    stage: str
    subject: str
    state: str = "none"
    reason: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class GraphView:
    """The tasks, and by edges (before, after) which waits for which; `run` is the run that the states are from."""

    project: str
    version: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    run: int | None

    def node(self, stage: str, subject: str) -> Node | None:
        return next((n for n in self.nodes if (n.stage, n.subject) == (stage, subject)), None)

    def subjects(self, *stages: str) -> list[str]:
        """The platforms or targets that have a task in one of the stages, in their order."""
        return list(dict.fromkeys(n.subject for n in self.nodes if n.stage in stages))


def view(
    loaded: Loaded, *, platforms: Sequence[str] = (), run: int | None = None, ledger_url: str | None = None
) -> GraphView:
    """Look at the graph; nothing is asked of any platform.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        run: the run that the states are from (default: the newest one of the version).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the project has no version, or the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.graph.tasks import tasks
    from deployforge_tasks.operations.runs import reading

    context = RunContext(loaded, ledger_url=ledger_url, command="graph")
    try:
        version = str(context.version)
        wanted = set(platforms or context.platforms)
        made = [task for task in tasks(context) if task.subtask_of in (*RELEASE_FILES, *STAGES)]
        makers = {target: task.name for task in made for target in task.targets}
        with reading(loaded, ledger_url) as reader:
            shown = reader.run(run) if run is not None else _newest(reader, loaded, version)
            states = _states(reader, shown) if shown else {}
        kept = _kept(made, makers, wanted)
        nodes = tuple(_node(name, states) for name in kept)
        edges = _direct([edge for task in made for edge in _edges(task, makers) if set(edge) <= set(kept)], kept)
    finally:
        context.close()
    return GraphView(loaded.project.name, version, nodes, edges, shown.id if shown else None)


def _newest(reader: Reader, loaded: Loaded, version: str) -> Run | None:
    runs = reader.runs(loaded.project.name, loaded.profile, 50)
    return next((run for run in runs if run.version == version), None)


def _states(reader: Reader, run: Run) -> dict[str, tuple[str, str, float | None]]:
    """State, reason and seconds of each task of a run, by the task's name."""
    from deployforge_tasks.ledger.liveness import state_of

    open_end = "running" if state_of(run) in ("running", "elsewhere") else "killed"
    found: dict[str, tuple[str, str, float | None]] = {}
    for attempt in reader.attempts([run.id])[run.id]:
        name = f"{attempt.stage}:{attempt.platform}"
        found[name] = (attempt.outcome or open_end, attempt.reason, attempt.seconds)
    for stage in RELEASE_FILES:
        for stored in reader.events(run.id, stage=stage):
            data = stored.event.data
            name = f"{stage}:{slug(str(data.get('target', '')))}"
            if stored.event.kind == "stage_started":
                found[name] = (open_end, "", None)
            elif stored.event.kind == "stage_finished":
                found[name] = (str(data["outcome"]), str(data.get("reason", "")), data.get("seconds"))
    return found


def slug(target: str) -> str:
    """A target as names of tasks spell it."""
    from deployforge_tasks.core.targets import Target

    return Target.parse(target).slug if target else ""


def _kept(made: Sequence[Any], makers: Mapping[str, str], wanted: set[str]) -> list[str]:
    """The names of the tasks of the wanted platforms, and of what they need."""
    by_name = {task.name: task for task in made}
    todo = [task.name for task in made if task.name.partition(":")[2] in wanted and task.subtask_of in STAGES]
    kept = set(todo)
    for name in todo:
        kept.update(before for before, _ in _edges(by_name[name], makers) if before.partition(":")[0] in RELEASE_FILES)
    return [task.name for task in made if task.name in kept]


def _edges(task: Any, makers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a task waits for: tasks that it names, and those that make its files."""
    before = [*task.task_dep, *task.setup_tasks, *(makers[file] for file in task.file_dep if file in makers)]
    yield from ((name, task.name) for name in dict.fromkeys(before))


def _direct(edges: Sequence[tuple[str, str]], order: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The edges without those that another way says already, in the order of the tasks."""
    known = set(edges)
    short = [(a, c) for a, c in known if not any((a, b) in known and (b, c) in known for b in order)]
    rank = {name: number for number, name in enumerate(order)}
    return tuple(sorted(short, key=lambda edge: (rank[edge[1]], rank[edge[0]])))


def _node(name: str, states: Mapping[str, tuple[str, str, float | None]]) -> Node:
    stage, _, subject = name.partition(":")
    return Node(name, stage, subject, *states.get(name, ("none", "", None)))
