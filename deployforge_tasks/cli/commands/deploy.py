"""``deployforge deploy``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import summary
from deployforge_tasks.cli.again import again
from deployforge_tasks.cli.agreement import declined
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.endings import tell_endings
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.interactive import choose, require_person, retry_failures
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import (
    VERSION,
    argument,
    dry_run_option,
    fail_fast_option,
    force_option,
    jobs_option,
    option,
    selection,
    strict_option,
)
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.publishing import agreed_to_publish, show_plan
from deployforge_tasks.cli.table import plural
from deployforge_tasks.cli.usage import Misused, choose_platforms
from deployforge_tasks.graph.stage import FROM_STAGES

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
@argument("version", type=VERSION, required=False)
@selection
@jobs_option
@dry_run_option
@force_option
@option("--interactive", group="Behaviour", is_flag=True, help="Ask about each platform, and again when one fails.")
@option("--watch", group="Output", is_flag=True, help="Run in a process of its own, and look at it here: `q` detaches.")
@option("--only-failed", group="Selection", is_flag=True, help="Only what the newest run of this version left undone.")
@option(
    "--from-stage",
    group="Behaviour",
    type=click.Choice(FROM_STAGES),
    metavar="STAGE",
    help=f"Do this stage and what follows again ({', '.join(FROM_STAGES)}).",
)
@fail_fast_option
@strict_option
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
    only_failed: bool,
    from_stage: str | None,
    fail_fast: bool,
    interactive: bool,
    watch: bool,
    strict: bool,
) -> int:
    """Publish a version everywhere, exactly once, and prove it by installing it.

    Run it again after any failure: what is published stays, only the rest is done. The version is the project's own
    unless one is named.
    """
    from deployforge_tasks.operations.deploy import deploy

    if interactive:
        require_person(invocation)
    if interactive and (watch or dry_run):
        raise Misused("--interactive goes with neither --watch nor --dry-run", "leave one of them out")
    loaded = invocation.settings(version).load()
    _count_warnings(invocation, loaded)
    chosen = choose_platforms(loaded, wanted, without)
    forced = choose_platforms(loaded, force) if force else []
    names = _left_undone(invocation, loaded, chosen) if only_failed else chosen
    switches = {"from_stage": from_stage, "fail_fast": int(fail_fast), "strict": int(strict)}
    words = [*(f"deploy:{name}" for name in names), *(f"{name}={value}" for name, value in switches.items() if value)]
    if words:
        tell_doit(invocation, *words, loaded=loaded, jobs=jobs)
    if dry_run:
        plan_only = deploy(loaded, platforms=chosen, dry_run=True, force=forced, only_failed=only_failed)
        tell_endings(invocation, loaded, names)
        return show_plan(invocation, loaded, plan_only)
    if interactive:
        chosen = names = _chosen(invocation, loaded, names, forced)
    if not (bool(names) if interactive else agreed_to_publish(invocation, loaded, names, forced)):
        return declined(invocation, "published")
    if watch:
        from deployforge_tasks.cli.watch import watch as watch_run

        return watch_run(invocation, loaded, names, again(click.get_current_context(), str(loaded.version)))
    start = partial(
        deploy,
        loaded,
        jobs=jobs,
        force=forced,
        only_failed=only_failed,
        from_stage=from_stage,
        fail_fast=fail_fast,
        strict=strict,
    )
    return _run(invocation, loaded, chosen, names, start, retry_by_hand=interactive)


def _run(
    invocation: Invocation,
    loaded: Loaded,
    chosen: Sequence[str],
    names: Sequence[str],
    start: Callable[..., DeployResult],
    *,
    retry_by_hand: bool,
) -> int:
    """Publish to the chosen platforms and show it; `names` are those of them that have something to do."""
    from deployforge_tasks.operations.detach import Record
    from deployforge_tasks.operations.estimate import estimate_of

    record = Record.of(invocation.environ)
    title = f"{loaded.project.name} v{loaded.version}"

    def run(round_of: Sequence[str]) -> DeployResult:
        shown = [name for name in names if name in round_of]
        with following(invocation, title, shown, estimate=estimate_of(loaded, shown)) as listeners:
            return start(platforms=round_of, listeners=listeners, command=_command_line(shown))

    result = run(chosen)
    if retry_by_hand:
        result = retry_failures(invocation, result, run)
    if record:
        record.keep(summary.as_json(result))
    summary.show(invocation, result)
    return result.exit_code


def _left_undone(invocation: Invocation, loaded: Loaded, names: Sequence[str]) -> list[str]:
    """Of these platforms those that the newest run of this version left undone; says why they are."""
    from deployforge_tasks.operations.left import left_by_newest_run

    left = left_by_newest_run(loaded, profile=loaded.profile, version=str(loaded.version))
    undone = [name for name in names if name in left.undone]
    which = ", ".join(f"{name} ({left.undone[name]})" for name in undone) or "nothing"
    invocation.note(f"run {left.run} left undone: {which}\n")
    return undone


def _count_warnings(invocation: Invocation, loaded: Loaded) -> None:
    if loaded.warnings:
        count = plural(len(loaded.warnings), "warning")
        word = invocation.terminal.err_style("warning:", "warning")
        invocation.note(f"{word} {loaded.file.name} has {count}; `deployforge config check` shows what\n")


def _chosen(invocation: Invocation, loaded: Loaded, names: Sequence[str], forced: Sequence[str]) -> list[str]:
    """The platforms that somebody says yes to, after seeing the plan."""
    from deployforge_tasks.operations.deploy import deploy
    from deployforge_tasks.operations.preview import preview

    result = deploy(loaded, platforms=names, dry_run=True, force=forced)
    seen = preview(loaded, result)
    show_plan(invocation, loaded, result, seen, ask=True)
    return choose(invocation, result, seen)


def _command_line(names: Sequence[str]) -> str:
    return f"deployforge deploy --platforms {','.join(names)}"
