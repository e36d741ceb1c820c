"""``deployforge diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.changes import changed_rows, diff_lines, platform_json
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import VERSION, argument, option, selection
from deployforge_tasks.cli.table import columns
from deployforge_tasks.cli.usage import Misused, choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.operations.diff import Diff


@click.command(
    cls=Command,
    examples=(
        "deployforge diff                      the project's version against what was published last",
        "deployforge diff v1.0.41 v1.0.42 --platforms homebrew",
        "deployforge diff v1.0.42 --stat",
    ),
    epilog="See also: `deployforge deploy --dry-run`, `deployforge templates`.",
)
@argument("versions", type=VERSION, nargs=-1, metavar="[[OLD] NEW]")
@selection
@option("--stat", group="Output", is_flag=True, help="Only how much changes in which file.")
@click.pass_obj
def command(
    invocation: Invocation, versions: tuple[str, ...], wanted: tuple[str, ...], without: tuple[str, ...], stat: bool
) -> int:
    """What changes in the rendered files and pieces from one version to another. Sends nothing.

    NEW is the project's own version unless it is named; OLD is what was published last on each platform, by the
    ledger. Files of an earlier release are taken from its work folder, or rendered again.
    """
    from deployforge_tasks.operations.diff import diff

    old, new = _parse(versions)
    loaded = invocation.settings(new).load()
    names = choose_platforms(loaded, wanted, without)
    tell_doit(invocation, *(f"package:{name}" for name in names), loaded=loaded)
    found = diff(loaded, platforms=names, old=old)
    if invocation.json:
        platforms = [platform_json(platform) for platform in found.platforms.values()]
        invocation.emit("diff", {"project": found.project, "version": found.version, "platforms": platforms})
    else:
        _show(invocation, found, stat=stat)
    return found.exit_code


def _parse(versions: tuple[str, ...]) -> tuple[str | None, str | None]:
    if len(versions) > 2:
        raise Misused("`diff` takes at most two versions", "`deployforge diff v1.0.41 v1.0.42`")
    *before, new = versions or (None,)
    return (before[0] if before else None), new


def _show(invocation: Invocation, found: Diff, *, stat: bool) -> None:
    terminal = invocation.terminal
    platforms = found.platforms.values()
    if stat:
        rows = [row for platform in platforms for row in changed_rows(platform)]
        lines = [terminal.style(f"{found.project} v{found.version}", "bold"), ""]
        lines += columns(rows, terminal.style, width=terminal.width)
    else:
        lines = []
        for platform in platforms:
            lines += [*([""] if lines else []), *diff_lines(platform, terminal.style)]
    for line in lines:
        terminal.out(line)
    for platform in platforms:
        if platform.error is not None:
            terminal.hint(f"{platform.name}: {platform.error.hint}")
