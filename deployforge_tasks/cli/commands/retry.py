"""``deployforge retry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import summary
from deployforge_tasks.cli.agreement import declined
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import (
    dry_run_option,
    fail_fast_option,
    force_option,
    jobs_option,
    selection,
    strict_option,
)
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.publishing import agreed_to_publish, show_plan
from deployforge_tasks.cli.table import plural
from deployforge_tasks.cli.usage import choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.operations.retry import Retry


@click.command(
    cls=Command,
    examples=("deployforge retry", "deployforge retry --platforms npm --yes", "deployforge retry --dry-run"),
    epilog="See also: `deployforge runs`, `deployforge deploy --only-failed`.",
)
@selection
@jobs_option
@dry_run_option
@force_option
@fail_fast_option
@strict_option
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    jobs: int,
    dry_run: bool,
    force: tuple[str, ...],
    fail_fast: bool,
    strict: bool,
) -> int:
    """Go on with what failed or was left undone in the newest run.

    Version, profile and platforms come from the ledger. What is published stays as it is.
    """
    from deployforge_tasks.operations.detach import Record
    from deployforge_tasks.operations.retry import plan_retry, retry

    settings = invocation.settings()
    loaded = settings.load()
    chosen = choose_platforms(loaded, wanted, without) if wanted or without else []
    found = plan_retry(settings, platforms=chosen)
    forced = choose_platforms(found.loaded, force) if force else []
    _announce(invocation, found)
    if not found.platforms:
        summary.show(invocation, retry(found))
        return 0
    words = [*(f"deploy:{name}" for name in found.platforms), *(["fail_fast=1"] if fail_fast else [])]
    tell_doit(invocation, *words, *(["strict=1"] if strict else []), loaded=found.loaded, jobs=jobs)
    if dry_run:
        return show_plan(invocation, found.loaded, retry(found, dry_run=True, force=forced))
    if not agreed_to_publish(invocation, found.loaded, found.platforms, forced):
        return declined(invocation, "published")
    title = f"{found.loaded.project.name} v{found.left.version}"
    with following(invocation, title, found.platforms) as listeners:
        result = retry(found, jobs=jobs, listeners=listeners, force=forced, fail_fast=fail_fast, strict=strict)
    if record := Record.of(invocation.environ):
        record.keep(summary.as_json(result))
    summary.show(invocation, result)
    return result.exit_code


def _announce(invocation: Invocation, found: Retry) -> None:
    """What is gone on with, and what is left alone."""
    left = found.left
    which = f"run {left.run} (v{left.version}{f', {left.profile}' if left.profile else ''})"
    if left.state == "killed":
        which += ", which was killed"
    count = len(left.done)
    kept = f"; {plural(count, 'published platform')} {'is' if count == 1 else 'are'} left alone" if count else ""
    if not found.platforms:
        invocation.note(f"nothing is left to do after {which}{kept}\n")
        return
    names = ", ".join(f"{name} ({left.undone[name]})" for name in found.platforms)
    invocation.note(f"going on with {which}: {plural(found.tasks, 'task')} for {names}{kept}")
    if found.gone:
        invocation.note(f"no longer enabled, and left out: {', '.join(found.gone)}")
    invocation.note("")
