"""``deployforge deploy``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import github, plan, summary
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.exit_codes import INTERRUPTED, WAITING
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import option, selection
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.table import plural
from deployforge_tasks.cli.usage import Misused, choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult
    from deployforge_tasks.project.load import Loaded


@click.command(
    cls=Command,
    examples=(
        "deployforge deploy v1.0.42 --dry-run",
        "deployforge deploy v1.0.42 --yes",
        "deployforge deploy --platforms npm,pypi -n 2",
    ),
    epilog="See also: `deployforge help exit-codes`, `deployforge status`, `deployforge rehearse`.",
)
@click.argument("version", required=False)
@selection
@option("-n", "--jobs", group="Behaviour", type=click.IntRange(1), default=8, metavar="N", help="Tasks at once (8).")
@option("--dry-run", group="Behaviour", is_flag=True, help="Only look and plan; nothing is sent.")
@option(
    "--force-platform",
    "force",
    group="Behaviour",
    multiple=True,
    metavar="A,B",
    help="Publish again there although the version was rejected or withdrawn.",
)
@option("--strict", group="Behaviour", is_flag=True, help="Exit with 9 when something waits for a person.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    version: str | None,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    jobs: int,
    dry_run: bool,
    force: tuple[str, ...],
    strict: bool,
) -> int:
    """Publish a version everywhere, exactly once, and prove it by installing it.

    Run it again after any failure: what is published stays, only the rest is done. The version is the project's own
    unless one is named.
    """
    from deployforge_tasks.operations.deploy import deploy

    loaded = invocation.settings(version).load()
    _count_warnings(invocation, loaded)
    names = choose_platforms(loaded, wanted, without)
    forced = choose_platforms(loaded, force) if force else []
    tell_doit(invocation, *(f"deploy:{name}" for name in names), loaded=loaded, jobs=jobs)
    if dry_run:
        return _show_plan(invocation, loaded, deploy(loaded, platforms=names, dry_run=True, force=forced))
    if not _agreed(invocation, loaded, names, forced):
        invocation.terminal.err("nothing was published")
        return INTERRUPTED
    title = f"{loaded.project.name} v{loaded.version}"
    with following(invocation, title, names) as listeners:
        result = deploy(
            loaded, platforms=names, jobs=jobs, listeners=listeners, force=forced, command=_command_line(names)
        )
    show_result(invocation, result)
    return WAITING if strict and result.exit_code == 0 and result.outcome == "waiting" else result.exit_code


def _count_warnings(invocation: Invocation, loaded: Loaded) -> None:
    if loaded.warnings:
        count = plural(len(loaded.warnings), "warning")
        word = invocation.terminal.err_style("warning:", "warning")
        invocation.note(f"{word} {loaded.file.name} has {count}; `deployforge config check` shows what\n")


def show_result(invocation: Invocation, result: DeployResult) -> None:
    """The summary to stdout, what went wrong to stderr, both to GitHub Actions."""
    terminal = invocation.terminal
    for error in result.errors:
        github.annotate(invocation, error)
    github.add_summary(invocation, summary.as_markdown(result))
    if invocation.json:
        invocation.emit("deploy", summary.as_json(result))
        return
    for line in summary.lines(result, terminal.style):
        terminal.out(line)
    failures = summary.failure_lines(result, terminal.err_style)
    for line in ["", *failures] if failures else []:
        terminal.err(line)


def _show_plan(invocation: Invocation, loaded: Loaded, result: DeployResult) -> int:
    from deployforge_tasks.operations.preview import preview

    code = plan.exit_code(result)
    seen = preview(loaded, result)
    if invocation.json:
        invocation.emit("plan", {**summary.as_json(result), **plan.as_json(result, seen)})
        return code
    terminal = invocation.terminal
    for line in plan.lines(result, seen, terminal.style, terminal.width):
        terminal.out(line)
    for line in plan.hints(result, seen):
        terminal.err(f"\n{terminal.err_style('hint:', 'hint')} {line}")
    return code


def _agreed(invocation: Invocation, loaded: Loaded, names: Sequence[str], forced: Sequence[str]) -> bool:
    """Whether publishing what cannot be undone is wanted: ``--yes``, or the version typed after seeing the plan."""
    from deployforge_tasks.operations.deploy import deploy
    from deployforge_tasks.platforms.registry import platforms

    forever = [name for name in names if platforms()[name].traits.immutable]
    if invocation.yes or not forever:
        return True
    if not invocation.interactive:
        raise Misused(
            f"what is published to {', '.join(forever)} cannot be undone, and nobody is here to agree",
            "look with --dry-run, then add --yes",
        )
    result = deploy(loaded, platforms=names, dry_run=True, force=forced)
    _show_plan(invocation, loaded, result)
    if not any(plan.final(platform) for platform in result.platforms.values()):
        return True
    typed = click.prompt(f"\nType {loaded.version} to publish, anything else stops", default="", err=True, type=str)
    return bool(typed.strip().removeprefix("v") == str(loaded.version))


def _command_line(names: Sequence[str]) -> str:
    return f"deployforge deploy --platforms {','.join(names)}"
