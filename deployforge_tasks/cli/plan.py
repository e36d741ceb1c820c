"""The plan: what a deploy would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.changes import changed_rows, platform_json
from deployforge_tasks.cli.exit_codes import FAILED, NO_ANSWER
from deployforge_tasks.cli.table import Cell, Row, Style, columns, duration, one_line, plural, size
from deployforge_tasks.core.errors import common_exit_code
from deployforge_tasks.core.presence import Action

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
    from deployforge_tasks.operations.diff import PlatformDiff
    from deployforge_tasks.operations.preview import Preview

#: Per action: symbol, word and style.
ACTIONS = {
    Action.PUBLISH: ("→", "publish", "ok"),
    Action.UPDATE: ("→", "update", "ok"),
    Action.SKIP: ("✓", "skip", "dim"),
    Action.WAIT: ("⏸", "wait", "warning"),
    Action.REFUSE: ("✗", "refused", "error"),
    Action.RETRY: ("✗", "unknown", "error"),
}
#: Rendered files that are listed for one platform; `deployforge diff` shows all.
_MOST_FILES = 8
_BAD = (Action.REFUSE, Action.RETRY)


def lines(
    result: DeployResult, seen: Preview, style: Style, width: int | None = None, *, ask: bool = False
) -> list[str]:
    """The plan as a table, and below it what changes in the rendered files; `ask`: somebody decides after seeing it."""
    head = f"{style(f'{result.project} v{result.version}', 'bold')} · {plural(len(result.platforms), 'platform')}"
    changes = seen.changes.platforms if seen.changes else {}
    rows: list[Row] = [("", "platform", "plan", "what", "", "", "why")]
    rows += [_row(platform, seen, changes.get(platform.name)) for platform in result.platforms.values()]
    off = Cell("\N{EN DASH}", "dim")
    rows += [(off, name, "off", "", "", "", f"disabled in {place}") for name, place in seen.off.items()]
    out = [
        f"{head} · nothing {'is published yet' if ask else 'will be published'}",
        "",
        *columns(_without_empty(rows), style, width=width),
    ]
    out += _changes([change for name, change in changes.items() if name not in seen.blocked], style, width)
    notes = []
    if any(final(platform) for platform in result.platforms.values()):
        notes.append(f"  {style('!', 'warning')} cannot be undone once published")
    if seen.critical is not None:
        way = " → ".join(seen.critical.platforms)
        notes.append(f"  critical path: {way} (about {duration(seen.critical.seconds)}, by earlier runs)")
    return [*out, *([""] if notes else []), *notes]


def as_json(result: DeployResult, seen: Preview) -> dict[str, Any]:
    """What the preview adds to the plan's JSON."""
    critical = seen.critical
    return {
        "exit_code": exit_code(result, seen),
        "blocked": {name: error.as_json() for name, error in seen.blocked.items()},
        "off": dict(seen.off),
        "changes": [platform_json(p) for p in seen.changes.platforms.values()] if seen.changes else [],
        "critical_path": {"platforms": list(critical.platforms), "seconds": critical.seconds} if critical else None,
    }


def trouble(result: DeployResult) -> list[PlatformResult]:
    """The platforms on which a deploy would fail already."""
    return [p for p in result.platforms.values() if p.plan is not None and p.plan.action in _BAD]


def hints(result: DeployResult, seen: Preview) -> list[str]:
    """What to do about what stands in the way, and where to see more."""
    found = []
    for platform in trouble(result):
        where = f"v{result.version} --platforms {platform.name}"
        hint = platform.error.hint if platform.error else f"`deployforge status {where}` tells more"
        found.append(f"{platform.name}: {hint}")
    changes = seen.changes.platforms.values() if seen.changes else ()
    found += [f"{name}: {error.hint}" for name, error in seen.blocked.items()]
    found += [f"{c.name}: {c.error.hint}" for c in changes if c.error is not None and c.name not in seen.blocked]
    if any(change.old and change.changed for change in changes):
        found.append(f"`deployforge diff v{result.version}` shows the changes line by line")
    return found


def exit_code(result: DeployResult, seen: Preview) -> int:
    """0 when a deploy could go on everywhere that must; else what it would end with, as far as that can be told."""
    plans = [p.plan for p in trouble(result) if p.required and p.plan is not None]
    codes = {NO_ANSWER if plan.action is Action.RETRY else FAILED for plan in plans}
    codes |= {error.exit_code for name, error in seen.blocked.items() if result.platforms[name].required}
    return common_exit_code(codes)


def final(platform: PlatformResult) -> bool:
    """Whether this plan publishes something that cannot be taken back."""
    return platform.irreversible and platform.plan is not None and platform.plan.action is Action.PUBLISH


def why(platform: PlatformResult) -> str:
    """The reason of a platform's plan, and what it comes after."""
    assert platform.plan is not None
    after = platform.needs if platform.plan.action in (Action.PUBLISH, Action.UPDATE) else ()
    return one_line(platform.plan.reason) + (f", after {', '.join(after)}" if after else "")


def _row(platform: PlatformResult, seen: Preview, change: PlatformDiff | None) -> Row:
    assert platform.plan is not None
    symbol, word, look = ACTIONS[platform.plan.action]
    error, reason = seen.blocked.get(platform.name), why(platform)
    if error is not None:
        symbol, word, look, reason = "✗", "blocked", "error", f"{error.code} {one_line(error.message)}"
    mark = Cell("!", "warning") if final(platform) else Cell("")
    what, bytes_ = _what(platform, change)
    return (Cell(symbol, look), platform.name, Cell(word, look), what, Cell(bytes_, "dim"), mark, reason)


def _what(platform: PlatformResult, change: PlatformDiff | None) -> tuple[str, str]:
    """The piece, or how many, and how large they are together; nothing where nothing is sent."""
    if change is None or not change.pieces:
        return "", ""
    missing = platform.plan.missing if platform.plan else ()
    pieces = [piece for piece in change.pieces if piece in missing] or list(change.pieces)
    every = len(change.pieces)
    count = plural(every, "piece") if len(pieces) == every else f"{len(pieces)} of {plural(every, 'piece')}"
    return pieces[0] if every == 1 else count, size(change.size) if change.size else ""


def _without_empty(rows: Sequence[Row]) -> list[Row]:
    """The rows without columns in which nothing but the headline stands."""
    texts = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
    kept = [n for n in range(len(texts[0])) if n == 0 or any(row[n] for row in texts[1:])]
    return [[row[n] for n in kept] for row in rows]


def _changes(changes: Sequence[PlatformDiff], style: Style, width: int | None) -> list[str]:
    told = [change for change in changes if change.error or change.old]  # of a first release all is new
    rows = [row for change in told for row in changed_rows(change, most=_MOST_FILES)]
    if not rows:
        return []
    return ["", "  changes", *columns(rows, style, width=width)]
