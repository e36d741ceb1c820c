"""``deployforge graph``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import VERSION, argument, option, selection
from deployforge_tasks.cli.usage import Misused, choose_platforms

FORMATS = ("text", "mermaid", "dot", "svg")


@click.command(
    cls=Command,
    examples=(
        "deployforge graph",
        "deployforge graph v1.0.42 --format svg -o release.svg",
        "deployforge graph --format dot | dot -Tpng -o release.png",
    ),
    epilog="The states are those of the newest run of the version. See also: `deployforge status`, which asks the "
    "platforms.",
)
@argument("version", type=VERSION, required=False)
@selection
@option("--format", "form", group="Output", type=click.Choice(FORMATS), default="text", help="How to draw it (text).")
@option("-o", "--output", group="Output", metavar="FILE", type=click.Path(path_type=Path), help="Write it to a file.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    version: str | None,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    form: str,
    output: Path | None,
) -> None:
    """Draw the tasks of a version and how they stand (default: the project's version)."""
    from deployforge_tasks.cli import drawing
    from deployforge_tasks.operations.graph_view import view

    loaded = invocation.settings(version).load()
    names = choose_platforms(loaded, wanted, without)
    tell_doit(invocation, "list", "--all", "--status", loaded=loaded)
    graph = view(loaded, platforms=names)
    if invocation.json:
        invocation.emit("graph", asdict(graph))
        return
    style, width = (_plain, None) if output else (invocation.terminal.style, invocation.terminal.width)
    if form == "text":
        lines = drawing.text(graph, style, width)
    else:
        lines = list({"mermaid": drawing.mermaid, "dot": drawing.dot, "svg": drawing.svg}[form](graph))
    if output is None:
        for line in lines:
            invocation.terminal.out(line)
        return
    try:
        output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise Misused(f"{output} cannot be written ({error.strerror})", "name a file in a folder of yours") from error
    invocation.note(f"written to {output}")


def _plain(text: str, _: str) -> str:
    return text
