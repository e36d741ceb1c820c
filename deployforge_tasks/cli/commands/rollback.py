"""``deployforge rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli import github, rollback_rows
from deployforge_tasks.cli.agreement import agreed, declined
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.failures import platform_hints
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import VERSION, argument, dry_run_option, jobs_option, option, selection
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.rollback_rows import rows
from deployforge_tasks.cli.table import columns, plural
from deployforge_tasks.cli.usage import choose_platforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployforge_tasks.operations.rollback import RollbackResult
    from deployforge_tasks.project.load import Loaded


@click.command(
    cls=Command,
    examples=("deployforge rollback v1.0.41 --dry-run", "deployforge rollback --from v1.0.42 --platforms npm --yes"),
    epilog="What only a person can do is listed with its link, and the exit code is 8.\n\n"
    "See also: `deployforge status`, docs/how-to/take-a-release-back.md.",
)
@argument("version", type=VERSION, required=False)
@option(
    "--from",
    "leave",
    group="Selection",
    type=VERSION,
    metavar="VERSION",
    help="The version to leave (default: the project's).",
)
@selection
@jobs_option
@dry_run_option
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    version: str | None,
    leave: str | None,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    jobs: int,
    dry_run: bool,
) -> int:
    """Take users back to VERSION, as far as each platform allows.

    Without VERSION each platform goes back to what was published there before, by the ledger.
    """
    from deployforge_tasks.operations.detach import Record
    from deployforge_tasks.operations.rollback import rollback

    loaded = invocation.settings(leave).load()
    names = choose_platforms(loaded, wanted, without)
    tasks = [f"rollback:{name}" for name in names]
    tell_doit(invocation, *tasks, *([f"to={version}"] if version else []), loaded=loaded, jobs=jobs)
    if dry_run:
        plan = rollback(loaded, platforms=names, to=version, dry_run=True)
        _show(invocation, plan)
        return plan.exit_code
    if not _agreed(invocation, loaded, version, names):
        return declined(invocation, "changed")
    title = f"{loaded.project.name}: back from v{loaded.version}"
    with following(invocation, title, names, last="rollback") as listeners:
        result = rollback(loaded, platforms=names, to=version, jobs=jobs, listeners=listeners)
    if record := Record.of(invocation.environ):
        record.keep(as_json(result))
    _show(invocation, result)
    return result.exit_code


def _agreed(invocation: Invocation, loaded: Loaded, to: str | None, names: Sequence[str]) -> bool:
    from deployforge_tasks.operations.rollback import rollback

    def show_plan() -> None:
        _show(invocation, rollback(loaded, platforms=names, to=to, dry_run=True))
        invocation.terminal.err("")

    where = f"v{to}" if to else "the version before"
    deed = f"take the users of {plural(len(names), 'platform')} from v{loaded.version} back to {where}"
    return agreed(invocation, deed, show_plan)


def _show(invocation: Invocation, result: RollbackResult) -> None:
    terminal = invocation.terminal
    errors = [p.error for p in result.platforms.values() if p.error is not None]
    for error in errors:
        github.annotate(invocation, error)
    if invocation.json:
        invocation.emit("rollback", as_json(result))
        return
    for line in lines(result, terminal.style, terminal.width):
        terminal.out(line)
    for hint in platform_hints(errors):
        terminal.hint(hint)


def lines(result: RollbackResult, style: Any, width: int | None = None) -> list[str]:
    """The result as people read it: what was done, and what is left to do by hand."""
    where = f"v{result.to}" if result.to else "the version before"
    found = [row for platform in result.platforms.values() for row in rows(platform, planned=result.planned)]
    planned = " · only a plan" if result.planned else ""
    return [
        f"{style(f'{result.project} v{result.version}', 'bold')} → {where}{planned}",
        "",
        *columns(found, style, width=width),
    ]


def as_json(result: RollbackResult) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "project": result.project,
        "version": result.version,
        "to": result.to,
        "planned": result.planned,
        "exit_code": result.exit_code,
        "platforms": [rollback_rows.as_json(platform) for platform in result.platforms.values()],
    }
