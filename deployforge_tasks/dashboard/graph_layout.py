"""Where the tasks of a graph stand in its drawing: stages are columns, platforms rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deployforge_tasks.operations.graph_view import RELEASE_FILES, STAGES, GraphView, Node
from deployforge_tasks.operations.run_detail import shown_state

LEFT, TOP, WIDE, HIGH, BETWEEN, BELOW = 144, 34, 118, 38, 36, 14
_STEP, _ROW = WIDE + BETWEEN, HIGH + BELOW
_STUCK = ("failed", "blocked", "killed")


@dataclass(frozen=True)
class Place:
    """A task in the drawing: `x`, `y` are its upper left corner; `by` names what it is blocked by."""

    node: Node
    state: str
    column: int
    row: int
    x: int
    y: int
    by: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True)
class Line:
    """An edge: the `d` of its path; `kind` is ``row`` (within a platform), ``hub`` or ``file``."""

    d: str
    kind: str


@dataclass(frozen=True)
class Drawing:
    """A drawing of `width` by `height`; `columns` and `rows` are (text, x or y)."""

    width: int
    height: int
    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, int], ...]
    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    waits: tuple[tuple[str, tuple[str, ...]], ...]
    """Every task with what it waits for: the drawing as a list."""


def arrange(view: GraphView, run: int, *, goes_on: bool) -> Drawing:
    """Lay a graph out; in a run that goes on, what has not begun is queued."""
    stages = [stage for stage in STAGES if view.subjects(stage)]
    files = view.subjects(*RELEASE_FILES)
    names = view.subjects(*STAGES)
    columns = (["release files"] if files else []) + stages
    places = {}
    for node in view.nodes:
        is_file = node.stage in RELEASE_FILES
        column, row = (0, files) if is_file else (columns.index(node.stage), names)
        places[node.name] = _place(view, node, column, row.index(node.subject), run)
        if goes_on and node.state == "none":
            places[node.name] = replace(places[node.name], state="queued")
    lines = tuple(_line(places[a], places[b]) for a, b in view.edges if a in places and b in places)
    return Drawing(
        LEFT + len(columns) * _STEP - BETWEEN + 2,
        TOP + max(len(names), len(files)) * _ROW,
        tuple((text, LEFT + number * _STEP) for number, text in enumerate(columns)),
        tuple((name, TOP + number * _ROW + HIGH // 2) for number, name in enumerate(names)),
        tuple(places.values()),
        lines,
        tuple((node.name, tuple(a for a, b in view.edges if b == node.name)) for node in view.nodes),
    )


def _place(view: GraphView, node: Node, column: int, row: int, run: int) -> Place:
    at = (LEFT + column * _STEP, TOP + row * _ROW)
    link = f"/runs/{run}/logs#{node.subject}:{node.stage}"
    return Place(node, shown_state(node.stage, node.state), column, row, *at, _blockers(view, node), link)


def _blockers(view: GraphView, node: Node) -> tuple[str, ...]:
    """What a blocked task waits for in vain."""
    if node.state != "blocked":
        return ()
    before = {a for a, b in view.edges if b == node.name}
    return tuple(n.name for n in view.nodes if n.name in before and n.state in _STUCK)


def _line(a: Place, b: Place) -> Line:
    x1, y1, x2, y2 = a.x + WIDE, a.y + HIGH // 2, b.x, b.y + HIGH // 2
    if a.column == b.column:  # a hub: around the left side, where no task stands
        return Line(f"M{a.x} {y1}C{a.x - 32} {y1} {x2 - 32} {y2} {x2} {y2}", "hub")
    if a.node.stage in RELEASE_FILES:
        half = (x1 + x2) // 2
        return Line(f"M{x1} {y1}C{half} {y1} {half} {y2} {x2} {y2}", "file")
    return Line(f"M{x1} {y1}L{x2} {y2}", "row")
