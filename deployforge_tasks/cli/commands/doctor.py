"""``deployforge doctor``."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from deployforge_tasks import __version__
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.table import Cell, Row, Style, columns, plural

if TYPE_CHECKING:
    from deployforge_tasks.operations.doctor import Diagnosis


@click.command(
    cls=Command,
    examples=("deployforge doctor", "deployforge doctor --json"),
    epilog="See also: `deployforge test` tries every platform's preflight, `deployforge config check`.",
)
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Look at everything that a release needs on this machine: project, files, tools, credentials, network, state.

    Nothing is sent, packaged or changed.
    """
    from deployforge_tasks.operations.doctor import doctor

    tell_doit(invocation)
    found = doctor(invocation.settings())
    if invocation.json:
        data = {"deployforge": __version__, "checks": [asdict(check) for check in found.checks]}
        invocation.emit("doctor", {**data, "exit_code": found.exit_code})
        return found.exit_code
    terminal = invocation.terminal
    for line in lines(found, terminal.style, terminal.width):
        terminal.out(line)
    counts = [plural(n, word) for word in ("error", "warning") if (n := _count(found, word))]
    terminal.out("")
    terminal.out(", ".join(counts) or f"{terminal.style('✓', 'ok')} everything is here")
    return found.exit_code


def lines(found: Diagnosis, style: Style, width: int | None) -> list[str]:
    """One line a check, below its section, with a hint where something is to be done."""
    from deployforge_tasks.operations.doctor import SECTIONS

    machine = f"Python {platform.python_version()} · {platform.system()} {platform.machine()}"
    rows: list[Row] = []
    for section in SECTIONS:
        for number, check in enumerate(found.of(section)):
            # A release skips what is done; a check that is skipped tells nothing.
            mark = Cell(*look("unfinished" if check.state == "skipped" else check.state))
            rows.append((Cell(section if number == 0 else "", "bold"), mark, check.text))
            if check.hint and check.state != "ok":
                rows.append(("", "", Cell(f"hint: {check.hint}", "hint")))
    return [
        f"{style('deployforge', 'bold')} {__version__} · {machine}",
        "",
        *columns(rows, style, indent=0, width=width),
    ]


def _count(found: Diagnosis, state: str) -> int:
    return sum(check.state == state for check in found.checks)
