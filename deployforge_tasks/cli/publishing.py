"""What comes before publishing: the plan on the screen, and the yes to what cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import plan, summary
from deployforge_tasks.cli.agreement import require_person_to_agree
from deployforge_tasks.cli.changes import diff_lines

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.operations.deploy import DeployResult
    from deployforge_tasks.operations.preview import Preview
    from deployforge_tasks.project.load import Loaded


def show_plan(
    invocation: Invocation, loaded: Loaded, result: DeployResult, seen: Preview | None = None, *, ask: bool = False
) -> int:
    """The plan to stdout, what is in its way to stderr; the exit code. `ask`: somebody decides after seeing it."""
    from deployforge_tasks.operations.preview import preview

    seen = seen or preview(loaded, result)
    code = plan.exit_code(result, seen)
    if invocation.json:
        invocation.emit("plan", {**summary.as_json(result), **plan.as_json(result, seen)})
        return code
    terminal = invocation.terminal
    for line in plan.lines(result, seen, terminal.style, terminal.width, ask=ask):
        terminal.out(line)
    for change in seen.changes.platforms.values() if invocation.verbose and seen.changes else ():
        for line in ["", *diff_lines(change, terminal.style)]:
            terminal.out(line)
    for line in plan.hints(result, seen):
        terminal.hint(line)
    return code


def agreed_to_publish(invocation: Invocation, loaded: Loaded, names: Sequence[str], forced: Sequence[str]) -> bool:
    """Whether publishing what cannot be undone is wanted: ``--yes``, or the version typed after seeing the plan."""
    from deployforge_tasks.operations.deploy import deploy
    from deployforge_tasks.platforms.registry import platforms

    forever = [name for name in names if platforms()[name].traits.immutable]
    if invocation.yes or not forever:
        return True
    require_person_to_agree(invocation, f"publish to {', '.join(forever)}, which cannot be undone")
    result = deploy(loaded, platforms=names, dry_run=True, force=forced)
    show_plan(invocation, loaded, result, ask=True)
    if not any(plan.final(platform) for platform in result.platforms.values()):
        return True
    question = f"\nType {loaded.version} to publish, anything else stops"
    typed = click.prompt(question, default="", show_default=False, err=True, type=str)
    return bool(typed.strip().removeprefix("v") == str(loaded.version))
