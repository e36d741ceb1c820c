"""The results of deploys as text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli import rollback_rows
from deployforge_tasks.cli.looks import LOOKS, look
from deployforge_tasks.cli.table import Cell, Row, columns, duration, plural

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
    from deployforge_tasks.operations.rollback import PlatformRollback

Style = Callable[[str, str], str]


def lines(result: DeployResult, style: Style, width: int | None = None) -> list[str]:
    """The summary: a headline and one row a platform."""
    rows = [_row(platform) for platform in result.platforms.values()]
    return [headline(result, style), "", *columns(rows, style, width=width)]


def headline(result: DeployResult, style: Style) -> str:
    """``hello v1.0.0 · 5 published · 1 failed · 2m 03s``."""
    counts = Counter(platform.outcome for platform in result.platforms.values())
    words = [f"{counts[outcome]} {outcome}" for outcome in LOOKS if counts[outcome]]
    profile = [result.profile] if result.profile else []
    title = style(f"{result.project} v{result.version}", "bold")
    return " · ".join([title, *profile, *(words or ["nothing to do"]), duration(result.seconds)])


def failure_lines(result: DeployResult, style: Style) -> list[str]:
    """What went wrong and what to do about it, for stderr; empty when nothing did."""
    failed = [p for p in result.platforms.values() if p.outcome in ("failed", "blocked")]
    waiting = _waiting_lines(result, style)
    if not failed and not (result.exit_code and result.errors):
        return waiting
    kind = "warning" if result.outcome == "degraded" or result.exit_code == 0 else "error"
    out = [f"{style(f'{kind}:', kind)} {_failure(result, len(failed))}"]
    for lines_ in dict.fromkeys(_error_lines(error, style) for error in result.errors):
        out += ["", *lines_]
    again = "`deployforge retry` goes on with what is left: what is published stays as it is"
    if any(platform.outcome == "rolled-back" for platform in result.platforms.values()):
        again = "mend it and release a new version: one that was taken back is not published again by itself"
    return [*out, "", f"{style('hint:', 'hint')} {again}", *(["", *waiting] if waiting else [])]


def _error_lines(error: DeployForgeError, style: Style) -> tuple[str, ...]:
    where = error.platform or _shared(error)
    told = f"  {style(where, 'bold')}  {error.message}   {style(error.code, 'dim')}"
    return (told, f"  {style('hint:', 'hint')} {error.hint}") if error.hint else (told,)


def _failure(result: DeployResult, count: int) -> str:
    """What went wrong, in one sentence."""
    if not count:
        if result.errors[0].stage == "run":
            return "a hook of the run failed"
        return "the release files cannot be used"
    verb = "was" if count == 1 else "were"
    text = f"{count} of {plural(len(result.platforms), 'platform')} {verb} not released"
    optional = f", and {'it is' if count == 1 else 'they are'} not required"
    return text + (optional if result.outcome == "degraded" else "")


def _shared(error: DeployForgeError) -> str:
    """What an error is about that belongs to no platform."""
    return "hooks" if error.stage == "run" else "release files"


def _waiting_lines(result: DeployResult, style: Style) -> list[str]:
    """What is accepted and not public yet."""
    names = [p.name for p in result.platforms.values() if p.outcome == "waiting"]
    if not names:
        return []
    verb = "waits" if len(names) == 1 else "wait"
    text = f"{', '.join(names)} {verb} for a registry or a person, and nothing is installed from there yet"
    hint = "`deployforge retry` looks again, and installs what has become public"
    return [f"{style('warning:', 'warning')} {text}", f"{style('hint:', 'hint')} {hint}"]


def taken_back_lines(result: DeployResult, style: Style, width: int | None = None) -> list[str]:
    """What was taken back after a failure, for stderr; empty when nothing was to be."""
    if not result.taken_back:
        return []
    why = f"{', '.join(result.taken_back_because)} failed, and `conditions.rollback_on_error` is set"
    rows = [row for platform in result.taken_back.values() for row in rollback_rows.rows(platform)]
    return ["", f"{style('taken back:', 'warning')} {why}", "", *columns(rows, style, width=width)]


def _row(platform: PlatformResult) -> Row:
    symbol, style = look(platform.outcome)
    took = duration(platform.seconds) if platform.seconds else ""
    return (Cell(symbol, style), platform.name, Cell(platform.outcome, style), Cell(took, "dim"), note(platform))


def note(platform: PlatformResult) -> str:
    """Why, or how it is proven, and where to see it."""
    if platform.error is not None:
        return f"{platform.error.code} {platform.error.message}"
    if platform.evidence is None or platform.outcome == "rolled-back":
        parts = [platform.reason]
    else:
        reason = f": {platform.evidence.reason}" if platform.evidence.reason else ""
        parts = [f"verified by {platform.evidence.method} ({platform.evidence.client}){reason}"]
    return "  ".join(part for part in (*parts, platform.page) if part)


def as_markdown(result: DeployResult) -> str:
    """The summary for a page of Markdown."""
    table = ["| platform | outcome | time | |", "|---|---|---|---|"]
    for platform in result.platforms.values():
        cells = (
            platform.name,
            f"{look(platform.outcome)[0]} {platform.outcome}",
            duration(platform.seconds),
            note(platform),
        )
        table.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    undone = [line.strip() for line in taken_back_lines(result, lambda text, _: text)[1:]]
    undone = [undone[0], "", *(f"- {line}" for line in undone[2:]), ""] if undone else []
    return "\n".join([f"### {headline(result, lambda text, _: text)}", "", *table, "", *undone])


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
        "taken_back": {
            "because": list(result.taken_back_because),
            "platforms": [rollback_rows.as_json(platform) for platform in result.taken_back.values()],
        }
        if result.taken_back_because
        else None,
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
        "evidence": asdict(evidence) if evidence else None,
        "page": platform.page or None,
        "error": platform.error.as_json() if platform.error else None,
    }


def from_json(document: Mapping[str, Any]) -> DeployResult:
    """The result of a run of another process, as far as its summary shows it."""
    from deployforge_tasks.operations.deploy import DeployResult

    platforms = {str(data["name"]): _platform_from_json(data) for data in document["platforms"]}
    taken_back = document["taken_back"] or {}
    return DeployResult(
        document["project"],
        document["version"],
        document["profile"],
        platforms,
        document["exit_code"],
        document["outcome"],
        document["seconds"],
        document["run"],
        tuple(_error_from_json(data) for data in document["errors"]),
        taken_back={str(data["name"]): _taken_back_from_json(data) for data in taken_back.get("platforms", ())},
        taken_back_because=tuple(taken_back.get("because", ())),
    )


def _taken_back_from_json(data: Mapping[str, Any]) -> PlatformRollback:
    from deployforge_tasks.core.model import ManualStep, Rollback
    from deployforge_tasks.operations.rollback import PlatformRollback

    error = _error_from_json(data["error"]) if data["error"] else None
    rollback = Rollback(tuple(data["done"]), tuple(ManualStep(**step) for step in data["manual"]))
    return PlatformRollback(
        data["name"], data["name"], None if error or data["stays"] else rollback, error, data["stays"]
    )


def _platform_from_json(data: Mapping[str, Any]) -> PlatformResult:
    from deployforge_tasks.core.model import Evidence
    from deployforge_tasks.operations.deploy import PlatformResult

    return PlatformResult(
        data["name"],
        data["name"],
        data["outcome"],
        data["reason"],
        seconds=data["seconds"],
        evidence=Evidence(**data["evidence"]) if data["evidence"] else None,
        error=_error_from_json(data["error"]) if data["error"] else None,
        published=tuple(data["published"]),
        page=data["page"] or "",
        required=data["required"],
        irreversible=data["irreversible"],
    )


def _error_from_json(data: Mapping[str, str | None]) -> DeployForgeError:
    from deployforge_tasks.core.errors import DeployForgeError

    place = {name: data[name] for name in ("platform", "stage", "url")}
    return DeployForgeError(str(data["message"]), hint=str(data["hint"]), code=data["id"], **place)


def show(invocation: Invocation, result: DeployResult) -> None:
    """The summary to stdout, what went wrong to stderr, both to GitHub Actions."""
    from deployforge_tasks.cli import github

    terminal = invocation.terminal
    for error in result.errors:
        github.annotate(invocation, error)
    github.add_summary(invocation, as_markdown(result))
    if invocation.json:
        invocation.emit("deploy", as_json(result))
        return
    for line in lines(result, terminal.style, terminal.width):
        terminal.out(line)
    failures = failure_lines(result, terminal.err_style)
    for line in ["", *failures] if failures else []:
        terminal.err(line)
    for line in taken_back_lines(result, terminal.err_style, terminal.err_width):
        terminal.err(line)
