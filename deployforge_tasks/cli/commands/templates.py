"""``deployforge templates``: list, render, eject."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.failures import error_lines
from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import VERSION, argument, global_options, option, selection
from deployforge_tasks.cli.table import Cell, Row, columns
from deployforge_tasks.cli.usage import choose_platforms, make_folder, unknown
from deployforge_tasks.core.errors import common_exit_code

if TYPE_CHECKING:
    from deployforge_tasks.operations.templates import Rendered


@click.group(
    cls=Group,
    params=[*global_options(root=False)],
    no_args_is_help=True,
    epilog="See also: `deployforge diff`, docs/how-to/use-your-own-templates.md.",
)
def command() -> None:
    """The templates of packages: list them, render them, make them your own."""


@command.command("list", cls=Command, examples=("deployforge templates list",))
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """Every template, the files that it renders, and which are the project's own."""
    from deployforge_tasks.operations import templates

    there = Path(invocation.config).exists()
    found = templates.known(invocation.settings().load() if there else None)
    if invocation.json:
        rows = [{"name": t.name, "platform": t.platform, "files": t.files, "own": t.own and str(t.own)} for t in found]
        invocation.emit("templates", {"templates": rows})
        return
    terminal = invocation.terminal
    table: list[Row] = [(Cell(t.name, "bold"), "own" if t.own else "built in", ", ".join(t.files)) for t in found]
    for line in columns(table, terminal.style, indent=0, width=terminal.width):
        terminal.out(line)
    invocation.hint("`deployforge templates eject PLATFORM` copies one into the project, to be changed there")


@command.command(
    cls=Command,
    examples=(
        "deployforge templates render v1.0.42 --platforms homebrew",
        "deployforge templates render --to rendered",
    ),
)
@argument("version", type=VERSION, required=False)
@selection
@option("--to", group="Output", metavar="DIR", type=click.Path(path_type=Path), help="Copy the files here.")
@click.pass_obj
def render(
    invocation: Invocation, version: str | None, wanted: tuple[str, ...], without: tuple[str, ...], to: Path | None
) -> int:
    """Render the files of a version as a deploy would. Nothing is published.

    The release files are needed: digests of them stand in most manifests.
    """
    from deployforge_tasks.operations import templates

    loaded = invocation.settings(version).load()
    names = choose_platforms(loaded, wanted, without)
    tell_doit(invocation, *(f"package:{name}" for name in names), loaded=loaded)
    make_folder(to)
    found = templates.render(loaded, names, to=to)
    if invocation.json:
        invocation.emit("rendered", {"version": str(loaded.version), "platforms": [_as_json(r) for r in found]})
    else:
        _show(invocation, found)
    return common_exit_code({r.error.exit_code for r in found if r.error})


def _as_json(rendered: Rendered) -> dict[str, object]:
    error = rendered.error.as_json() if rendered.error else None
    return {"name": rendered.platform, "folder": str(rendered.folder), "files": rendered.files, "error": error}


def _show(invocation: Invocation, found: tuple[Rendered, ...]) -> None:
    terminal = invocation.terminal
    rows: list[Row] = []
    for rendered in found:
        if rendered.error is None:
            names: tuple[str, ...] = rendered.files or ("(nothing to render)",)
            rows += [(Cell(rendered.platform if n == 0 else "", "bold"), name) for n, name in enumerate(names)]
    for line in columns(rows, terminal.style, indent=0, width=terminal.width):
        terminal.out(line)
    for rendered in found:
        if rendered.error is not None:
            for line in error_lines(invocation, rendered.error):
                terminal.err(line)
        elif rendered.files:
            invocation.note(f"{rendered.platform}: {rendered.folder}")


@command.command(cls=Command, examples=("deployforge templates eject homebrew",))
@argument("platform")
@click.pass_obj
def eject(invocation: Invocation, platform: str) -> None:
    """Copy the templates of PLATFORM (`notify`: those of messages) here, to be changed."""
    from deployforge_tasks.operations import templates

    loaded = invocation.settings().load()
    known = (*loaded.options, templates.MESSAGES)
    if platform not in known:
        raise unknown("platform", platform, known)
    folder, files = templates.eject(loaded, platform)
    place = folder.relative_to(loaded.root).as_posix()
    if invocation.json:
        invocation.emit("ejected", {"platform": platform, "folder": place, "files": files})
        return
    for file in files:
        invocation.terminal.out(f"{place}/{file}")
    section = "monitoring" if platform == templates.MESSAGES else f"platforms.{platform}"
    invocation.hint(f"set `{section}.templates: {place}` in {invocation.config}")
