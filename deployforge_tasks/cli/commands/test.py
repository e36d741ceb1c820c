"""``deployforge test``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.failures import error_lines
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.options import VERSION, argument, jobs_option, selection
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.table import Cell, Row, Style, columns, plural
from deployforge_tasks.cli.usage import choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.operations.trial import Tested, Trial


@click.command(
    cls=Command,
    examples=("deployforge test", "deployforge test v1.0.42 --platforms npm,pypi"),
    epilog="Every failure is told at once. See also: `deployforge doctor`, `deployforge rehearse`.",
)
@argument("version", type=VERSION, required=False)
@selection
@jobs_option
@click.pass_obj
def command(
    invocation: Invocation, *, version: str | None, wanted: tuple[str, ...], without: tuple[str, ...], jobs: int
) -> int:
    """Try connections, credentials, names and preflights of every platform; publish nothing.

    The packages are made as for a deploy, so that what is checked is what would be published.
    """
    from deployforge_tasks.operations.trial import try_out

    loaded = invocation.settings(version).load()
    names = choose_platforms(loaded, wanted, without)
    tell_doit(invocation, *(f"preflight:{name}" for name in names), loaded=loaded, jobs=jobs)
    title = f"test of {loaded.project.name} v{loaded.version}"
    with following(invocation, title, names, last="preflight") as listeners:
        found = try_out(loaded, platforms=names, jobs=jobs, listeners=listeners)
    if invocation.json:
        invocation.emit("test", as_json(found))
        return found.exit_code
    terminal = invocation.terminal
    for line in lines(found, terminal.style, terminal.width):
        terminal.out(line)
    for text in dict.fromkeys("\n".join(error_lines(invocation, error)) for error in found.files):
        terminal.err(text)
    return found.exit_code


def as_json(found: Tested) -> dict[str, object]:
    """The result as JSON."""
    return {
        "project": found.project,
        "version": found.version,
        "exit_code": found.exit_code,
        "platforms": [{**asdict(platform), "state": platform.state} for platform in found.platforms],
        "errors": [error.as_json() for error in found.files],
    }


def lines(found: Tested, style: Style, width: int | None) -> list[str]:
    """What was tried, one line each, with a hint where something is to be done."""
    failed = sum(platform.state == "failed" for platform in found.platforms)
    verdict = f"{failed} of {plural(len(found.platforms), 'platform')} would fail" if failed else "all would pass"
    head = f"{style(f'{found.project} v{found.version}', 'bold')} · {verdict} · nothing was published"
    rows: list[Row] = []
    for platform in found.platforms:
        for number, trial in enumerate(platform.trials):
            mark = Cell(*look(trial.state))
            name = Cell(platform.name if number == 0 else "", "bold")
            rows.append((mark, name, trial.kind, _text(trial)))
            if trial.hint and trial.state != "ok":
                rows.append(("", "", "", Cell(f"hint: {trial.hint}", "hint")))
    return [head, "", *columns(rows, style, width=width)]


def _text(trial: Trial) -> str:
    return f"{trial.code} {trial.text}" if trial.code else trial.text
