"""The graph as text, Mermaid, Graphviz and SVG; a state is told by glyph, word and colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.table import Cell, Row, columns, duration
from deployforge_tasks.operations.graph_view import RELEASE_FILES, STAGES, GraphView, Node

#: Per state: fill and line colour (dark enough for text on white, WCAG AA).
COLOURS = {
    "none": ("#f4f4f5", "#71717a"),
    "running": ("#dbeafe", "#1d4ed8"),
    "ok": ("#dcfce7", "#15803d"),
    "skipped": ("#f0fdf4", "#4d7c0f"),
    "waiting": ("#fef9c3", "#a16207"),
    "blocked": ("#ffedd5", "#c2410c"),
    "failed": ("#fee2e2", "#b91c1c"),
    "killed": ("#fae8ff", "#a21caf"),
}
_WORDS = {"none": "not begun", "skipped": "up to date"}
_CELL, _GAP, _ROW, _LEFT, _TOP = 144, 24, 40, 150, 64


def _look(node: Node) -> tuple[str, str]:
    """Glyph and style on a terminal; a task that has not begun is no outcome yet."""
    return look("unfinished" if node.state == "none" else node.state)


def _word(node: Node) -> str:
    return _WORDS.get(node.state, node.state)


def text(graph: GraphView, style: Callable[[str, str], str], width: int | None = None) -> list[str]:
    """One row a platform with a glyph for each stage, and a line about the release files."""
    files = [n for n in graph.nodes if n.stage in RELEASE_FILES]
    rows: list[Row] = [("", *STAGES, "waits for")]
    for name in graph.subjects(*STAGES):
        cells: list[Cell | str] = [Cell(name, "bold")]
        for stage in STAGES:
            node = graph.node(stage, name)
            glyph, style_ = _look(node) if node else ("", "")
            cells.append(Cell(f"{glyph} {_word(node)}" if node else "", style_))
        rows.append([*cells, ", ".join(_hubs(graph, name))])
    from_run = f" · run {graph.run}" if graph.run else ""
    head = f"{style(f'{graph.project} v{graph.version}', 'bold')}{from_run}"
    lines = [head, "", *columns(rows, style, width=width)]
    if files:
        shown = ", ".join(f"{_look(n)[0]} {n.subject}" for n in files)
        lines += ["", f"  release files: {shown}"]
    return lines


def _hubs(graph: GraphView, name: str) -> list[str]:
    """The platforms whose publishing comes first."""
    before = [b for b, after in graph.edges if after == f"publish:{name}" and b.startswith("publish:")]
    return [task.partition(":")[2] for task in before]


def mermaid(graph: GraphView) -> Iterator[str]:
    """https://mermaid.js.org/syntax/flowchart.html."""
    yield "flowchart LR"
    for node in graph.nodes:
        yield f'    {_id(node.name)}["{_look(node)[0]} {node.name}"]:::{node.state}'
    yield from (f"    {_id(before)} --> {_id(after)}" for before, after in graph.edges)
    for state in dict.fromkeys(node.state for node in graph.nodes):
        fill, line = COLOURS[state]
        yield f"    classDef {state} fill:{fill},stroke:{line},color:{line}"


def dot(graph: GraphView) -> Iterator[str]:
    """https://graphviz.org/doc/info/lang.html."""
    yield f'digraph "{graph.project} {graph.version}" {{'
    yield "  rankdir=LR"
    yield '  node [shape=box, style="rounded,filled", fontname="sans-serif"]'
    for node in graph.nodes:
        fill, line = COLOURS[node.state]
        tip = node.reason.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        label = f"{_look(node)[0]} {node.name}"
        yield f'  "{node.name}" [label="{label}", fillcolor="{fill}", color="{line}", tooltip="{tip or _word(node)}"]'
    yield from (f'  "{before}" -> "{after}"' for before, after in graph.edges)
    yield "}"


def svg(graph: GraphView) -> Iterator[str]:
    """A grid that needs no program to lay it out: release files in the first column, then the stages."""
    places = dict(_places(graph))
    width = _LEFT + _CELL * (len(STAGES) + 1)
    height = _TOP + _ROW * max(len(graph.subjects(*STAGES)), len(graph.subjects(*RELEASE_FILES)), 1) + 16
    title = f"{graph.project} v{graph.version}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="the tasks of {escape(title)}" font-family="system-ui, sans-serif" font-size="12">'
    )
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    yield f'<text x="12" y="24" font-size="15" font-weight="600">{escape(title)}</text>'
    for column, stage in enumerate(("release files", *STAGES)):
        yield f'<text x="{_LEFT + column * _CELL}" y="48" fill="#52525b">{stage}</text>'
    for row, name in enumerate(graph.subjects(*STAGES)):
        yield f'<text x="12" y="{_TOP + row * _ROW + 18}" font-weight="600">{escape(name)}</text>'
    for before, after in graph.edges:
        yield _line(places[before], places[after])
    for node in graph.nodes:
        yield from _box(node, *places[node.name])
    yield "</svg>"


def _places(graph: GraphView) -> Iterator[tuple[str, tuple[int, int]]]:
    rows = {name: row for row, name in enumerate(graph.subjects(*STAGES))}
    files = {name: row for row, name in enumerate(graph.subjects(*RELEASE_FILES))}
    for node in graph.nodes:
        column = STAGES.index(node.stage) + 1 if node.stage in STAGES else 0
        row = rows[node.subject] if node.stage in STAGES else files[node.subject]
        yield node.name, (_LEFT + column * _CELL, _TOP + row * _ROW)


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    """From the right side of one box to the left side of the next; a hub's line bows around its column."""
    (x, y), (to_x, to_y) = start, end
    same_column = x == to_x
    x, y, to_y = x + _CELL - _GAP, y + 14, to_y + 14
    to_x = to_x + _CELL - _GAP if same_column else to_x
    bend = _GAP - 4 if same_column else (to_x - x) // 2
    second = to_x + bend if same_column else to_x - bend
    path = f"M{x} {y} C{x + bend} {y} {second} {to_y} {to_x} {to_y}"
    return f'<path d="{path}" fill="none" stroke="#a1a1aa"/>'


def _box(node: Node, x: int, y: int) -> Iterator[str]:
    (glyph, _), (fill, line) = _look(node), COLOURS[node.state]
    took = f" {duration(node.seconds)}" if node.seconds else ""
    label = f"{glyph} {node.subject}" if node.stage in RELEASE_FILES else f"{glyph} {_word(node)}{took}"
    tip = escape(f"{node.name}: {_word(node)}{': ' + node.reason if node.reason else ''}")
    yield f"<g><title>{tip}</title>"
    yield f'<rect x="{x}" y="{y}" width="{_CELL - _GAP}" height="28" rx="6" fill="{fill}" stroke="{line}"/>'
    yield f'<text x="{x + 8}" y="{y + 18}" fill="{line}">{escape(label)}</text></g>'


def _id(name: str) -> str:
    return name.replace(":", "_").replace("-", "_")
