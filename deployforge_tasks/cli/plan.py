"""The plan: what a deploy would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from deployforge_tasks.cli.table import Cell, Row, columns, plural
from deployforge_tasks.core.presence import Action

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult

#: Per action: symbol, word and style.
ACTIONS = {
    Action.PUBLISH: ("→", "publish", "ok"),
    Action.UPDATE: ("→", "update", "ok"),
    Action.SKIP: ("✓", "skip", "dim"),
    Action.WAIT: ("⏸", "wait", "warning"),
    Action.REFUSE: ("✗", "refused", "error"),
    Action.RETRY: ("✗", "unknown", "error"),
}
_BAD = (Action.REFUSE, Action.RETRY)


def lines(result: DeployResult, disabled: Sequence[str], style: Callable[[str, str], str]) -> list[str]:
    """The plan as a table; `disabled` are the platforms that are switched off."""
    head = f"{style(f'{result.project} v{result.version}', 'bold')} · {plural(len(result.platforms), 'platform')}"
    rows: list[Row] = [("", "platform", "plan", "", "why")]
    rows += [_row(platform) for platform in result.platforms.values()]
    rows += [(Cell("–", "dim"), name, "off", "", "disabled") for name in disabled]  # noqa: RUF001 - an en dash
    out = [f"{head} · nothing will be published", "", *columns(rows, style)]
    if any(final(platform) for platform in result.platforms.values()):
        out += ["", f"  {style('!', 'warning')} cannot be undone once published"]
    return out


def trouble(result: DeployResult) -> list[PlatformResult]:
    """The platforms on which a deploy would fail already."""
    return [p for p in result.platforms.values() if p.plan is not None and p.plan.action in _BAD]


def exit_code(result: DeployResult) -> int:
    """0 when a deploy could go on everywhere that must; 6 when only answers are missing; else 1."""
    actions = {p.plan.action for p in trouble(result) if p.required and p.plan is not None}
    if not actions:
        return 0
    return 6 if actions == {Action.RETRY} else 1


def final(platform: PlatformResult) -> bool:
    """Whether this plan publishes something that cannot be taken back."""
    return platform.irreversible and platform.plan is not None and platform.plan.action is Action.PUBLISH


def _row(platform: PlatformResult) -> Row:
    assert platform.plan is not None
    symbol, word, look = ACTIONS[platform.plan.action]
    why = platform.plan.reason
    if platform.needs and platform.plan.action in (Action.PUBLISH, Action.UPDATE):
        why += f", after {', '.join(platform.needs)}"
    mark = Cell("!", "warning") if final(platform) else Cell("")
    return (Cell(symbol, look), platform.name, Cell(word, look), mark, why)
