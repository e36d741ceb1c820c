"""``deployforge rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli import github
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.exit_codes import INTERRUPTED
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import option, selection
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.table import Cell, columns, plural
from deployforge_tasks.cli.usage import Misused, choose_platforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployforge_tasks.operations.rollback import PlatformRollback, RollbackResult
    from deployforge_tasks.project.load import Loaded


@click.command(
    cls=Command,
    examples=("deployforge rollback v1.0.41", "deployforge rollback --from v1.0.42 --platforms npm --yes"),
    epilog="What only a person can do is listed with its link, and the exit code is 8.",
)
@click.argument("version", required=False)
@option("--from", "leave", group="Selection", metavar="VERSION", help="The version to leave (default: the project's).")
@selection
@option(
    "-n", "--jobs", group="Behaviour", type=click.IntRange(1), default=8, metavar="N", help="Platforms at once (8)."
)
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    version: str | None,
    leave: str | None,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    jobs: int,
) -> int:
    """Take users back to VERSION, as far as each platform allows.

    Without VERSION each platform goes back to what was published there before, by the ledger.
    """
    from deployforge_tasks.operations.rollback import rollback

    to = _plain(version)
    loaded = invocation.settings(leave).load()
    names = choose_platforms(loaded, wanted, without)
    tasks = [f"rollback:{name}" for name in names]
    tell_doit(invocation, *tasks, *([f"to={to}"] if to else []), loaded=loaded, jobs=jobs)
    if not _agreed(invocation, loaded, to, names):
        invocation.terminal.err("nothing was changed")
        return INTERRUPTED
    title = f"{loaded.project.name}: back from v{loaded.version}"
    with following(invocation, title, names, last="rollback") as listeners:
        result = rollback(loaded, platforms=names, to=to, jobs=jobs, listeners=listeners)
    _show(invocation, result)
    return result.exit_code


def _plain(version: str | None) -> str | None:
    from deployforge_tasks.core.versions import Version

    if version is None:
        return None
    try:
        return str(Version.parse(version))
    except ValueError as error:
        raise Misused(str(error), "name the version to go back to") from None


def _agreed(invocation: Invocation, loaded: Loaded, to: str | None, names: Sequence[str]) -> bool:
    if invocation.yes:
        return True
    where = f"v{to}" if to else "the version before"
    question = f"take the users of {plural(len(names), 'platform')} from v{loaded.version} back to {where}"
    if not invocation.interactive:
        raise Misused(f"nobody is here to agree to {question}", "add --yes")
    return click.confirm(f"{question[:1].upper()}{question[1:]}?", err=True)


def _show(invocation: Invocation, result: RollbackResult) -> None:
    terminal = invocation.terminal
    errors = [p.error for p in result.platforms.values() if p.error is not None]
    for error in errors:
        github.annotate(invocation, error)
    if invocation.json:
        invocation.emit("rollback", as_json(result))
        return
    for line in lines(result, terminal.style):
        terminal.out(line)
    for error in errors:
        terminal.err(f"\n{terminal.err_style('hint:', 'hint')} {error.platform}: {error.hint}")


def lines(result: RollbackResult, style: Any) -> list[str]:
    """The result as people read it: what was done, and what is left to do by hand."""
    where = f"v{result.to}" if result.to else "the version before"
    rows = [row for platform in result.platforms.values() for row in _rows(platform)]
    return [f"{style(result.project, 'bold')} v{result.version} → {where}", "", *columns(rows, style)]


def _rows(platform: PlatformRollback) -> list[list[Cell | str]]:
    if platform.error is not None:
        text = f"{platform.error.code} {platform.error.message}"
        return [[Cell("✗", "error"), platform.name, Cell("failed", "error"), text]]
    if platform.rollback is None:
        return [[Cell("✗", "error"), platform.name, Cell("not done", "error"), "the run was stopped before it"]]
    rows: list[list[Cell | str]] = [[Cell("✓", "ok"), "", Cell("done", "ok"), text] for text in platform.rollback.done]
    for_a_person = [f"{step.text}  {step.url}".strip() for step in platform.rollback.manual]
    rows += [[Cell("⏸", "warning"), "", Cell("by hand", "warning"), text] for text in for_a_person]
    rows = rows or [[Cell("✓", "ok"), "", "nothing to do", ""]]
    rows[0][1] = platform.name
    return rows


def as_json(result: RollbackResult) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "project": result.project,
        "version": result.version,
        "to": result.to,
        "exit_code": result.exit_code,
        "platforms": [
            {
                "name": p.name,
                "done": list(p.rollback.done) if p.rollback else [],
                "manual": [{"text": s.text, "url": s.url} for s in p.rollback.manual] if p.rollback else [],
                "error": p.error.as_json() if p.error else None,
            }
            for p in result.platforms.values()
        ],
    }
