"""The results of deploys as text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.table import Cell, Row, columns, duration, plural

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult

Style = Callable[[str, str], str]

#: Per outcome: symbol and style, in the order in which the headline counts them.
OUTCOMES = {
    "published": ("✓", "ok"),
    "skipped": ("✓", "ok"),
    "ok": ("✓", "ok"),
    "waiting": ("⏸", "warning"),
    "blocked": ("–", "warning"),  # noqa: RUF001 - an en dash is what is meant
    "stopped": ("–", "warning"),  # noqa: RUF001
    "none": ("–", "dim"),  # noqa: RUF001
    "failed": ("✗", "error"),
}


def lines(result: DeployResult, style: Style) -> list[str]:
    """The summary: a headline and one row a platform."""
    rows = [_row(platform) for platform in result.platforms.values()]
    return [headline(result, style), "", *columns(rows, style)]


def headline(result: DeployResult, style: Style) -> str:
    """``hello v1.0.0 · 5 published · 1 failed · 2m 03s``."""
    counts = Counter(platform.outcome for platform in result.platforms.values())
    words = [f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome]]
    profile = [result.profile] if result.profile else []
    title = style(f"{result.project} v{result.version}", "bold")
    return " · ".join([title, *profile, *(words or ["nothing to do"]), duration(result.seconds)])


def failure_lines(result: DeployResult, style: Style) -> list[str]:
    """What went wrong and what to do about it, for stderr; empty when nothing did."""
    failed = [p for p in result.platforms.values() if p.outcome in ("failed", "blocked")]
    if not failed and not (result.exit_code and result.errors):
        return []
    count, every = len(failed), len(result.platforms)
    verb = "was" if count == 1 else "were"
    text = (
        f"{count} of {plural(every, 'platform')} {verb} not released" if failed else "the release files cannot be used"
    )
    kind = "warning" if result.exit_code == 0 else "error"
    out = [f"{style(f'{kind}:', kind)} {text}"]
    for error in result.errors:
        where = error.platform or "release files"
        out += ["", f"  {style(where, 'bold')}  {error.message}   {style(error.code, 'dim')}"]
        if error.hint:
            out.append(f"  {style('hint:', 'hint')} {error.hint}")
    again = "run the same command again: what is published stays, only the rest is done"
    return [*out, "", f"{style('hint:', 'hint')} {again}"]


def _row(platform: PlatformResult) -> Row:
    symbol, look = OUTCOMES.get(platform.outcome, ("·", ""))
    took = duration(platform.seconds) if platform.seconds else ""
    return (Cell(symbol, look), platform.name, Cell(platform.outcome, look), Cell(took, "dim"), note(platform))


def note(platform: PlatformResult) -> str:
    """Why, or how it is proven, and where to see it."""
    if platform.error is not None:
        return f"{platform.error.code} {platform.error.message}"
    if platform.evidence is None:
        parts = [platform.reason]
    else:
        reason = f": {platform.evidence.reason}" if platform.evidence.reason else ""
        parts = [f"verified by {platform.evidence.method} ({platform.evidence.client}){reason}"]
    return "  ".join(part for part in (*parts, platform.page) if part)


def as_markdown(result: DeployResult) -> str:
    """The summary for a page of Markdown."""
    table = ["| platform | outcome | time | |", "|---|---|---|---|"]
    for platform in result.platforms.values():
        symbol = OUTCOMES.get(platform.outcome, ("", ""))[0]
        cells = (platform.name, f"{symbol} {platform.outcome}", duration(platform.seconds), note(platform))
        table.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join([f"### {headline(result, lambda text, _: text)}", "", *table, ""])


def as_json(result: DeployResult) -> dict[str, Any]:
    """The result of a deploy (or its plan) as JSON."""
    return {
        "project": result.project,
        "version": result.version,
        "profile": result.profile,
        "run": result.run,
        "outcome": result.outcome,
        "exit_code": result.exit_code,
        "seconds": round(result.seconds, 3),
        "platforms": [_platform_json(platform) for platform in result.platforms.values()],
        "errors": [error.as_json() for error in result.errors],
    }


def _platform_json(platform: PlatformResult) -> dict[str, Any]:
    presence, plan, evidence = platform.presence, platform.plan, platform.evidence
    return {
        "name": platform.name,
        "outcome": platform.outcome,
        "reason": platform.reason,
        "seconds": platform.seconds,
        "required": platform.required,
        "irreversible": platform.irreversible,
        "presence": {"state": str(presence.state), "reason": presence.reason, "by": presence.by} if presence else None,
        "plan": {"action": str(plan.action), "reason": plan.reason, "missing": list(plan.missing)} if plan else None,
        "published": list(platform.published),
        "evidence": {
            "method": evidence.method,
            "client": evidence.client,
            "said": evidence.said,
            "reason": evidence.reason,
        }
        if evidence
        else None,
        "page": platform.page or None,
        "error": platform.error.as_json() if platform.error else None,
    }
