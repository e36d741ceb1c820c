"""``deployforge logout``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.failures import error_json, error_lines
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import argument, option
from deployforge_tasks.cli.table import Cell, Row, columns
from deployforge_tasks.cli.usage import Misused, unknown

if TYPE_CHECKING:
    from deployforge_tasks.operations.logout import Logout
    from deployforge_tasks.project.load import Loaded


@click.command(
    cls=Command,
    examples=("deployforge logout npm", "deployforge logout --all --shared"),
    epilog="See also: `deployforge login`, `deployforge whoami`.",
)
@argument("platform", required=False)
@option("--all", "everything", group="Selection", is_flag=True, help="The credentials of every platform.")
@option("--shared", group="Selection", is_flag=True, help="Also those that the keyring has for all projects.")
@click.pass_obj
def command(invocation: Invocation, *, platform: str | None, everything: bool, shared: bool) -> int:
    """Remove what `deployforge login` stored, and tell what stays.

    It never touches the environment, nor a line of an env-file that it did not write. The platform still knows the
    credential: revoke it there if somebody else may have it.
    """
    from deployforge_tasks.operations.logout import logout

    loaded = invocation.settings().load()
    tell_doit(invocation)
    found = logout(loaded, _names(loaded, platform, everything), shared=shared)
    if invocation.json:
        removals = [{"name": r.platform, "removed": list(r.removed), "stays": list(r.stays)} for r in found.removals]
        error = error_json(found.failure) if found.failure else None
        invocation.emit("logout", {"platforms": removals, "error": error})
    else:
        _show(invocation, found)
    return found.failure.exit_code if found.failure else 0


def _names(loaded: Loaded, platform: str | None, everything: bool) -> list[str]:
    """The platforms, switched-off ones included: their credentials may be stored, too."""
    from deployforge_tasks.platforms.registry import canonical

    if (platform is None) != everything:
        raise Misused("nothing says whose credentials to remove", "name one platform, or all of them with --all")
    if platform is None:
        return list(loaded.options)
    name = canonical(platform)
    if name not in loaded.options:
        raise unknown("platform", platform, loaded.options)
    return [name]


def _show(invocation: Invocation, found: Logout) -> None:
    terminal = invocation.terminal
    rows: list[Row] = []
    for removal in found.removals:
        rows += [[Cell("✓", "ok"), removal.platform, f"removed {what}"] for what in removal.removed]
        rows += [[Cell("→", "warning"), removal.platform, f"stays: {what}"] for what in removal.stays]
    for line in columns(rows, terminal.style, width=terminal.width):
        terminal.out(line)
    if not found.failure and not any(removal.removed for removal in found.removals):
        terminal.err("nothing was stored")
    for line in error_lines(invocation, found.failure) if found.failure else ():
        terminal.err(line)
