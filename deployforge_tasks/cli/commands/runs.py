"""``deployforge runs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.options import option
from deployforge_tasks.cli.table import Cell, Row, ago, columns, duration, one_line, without

if TYPE_CHECKING:
    from deployforge_tasks.cli.table import Style
    from deployforge_tasks.operations.run_facts import Surroundings
    from deployforge_tasks.operations.run_tools import Tools
    from deployforge_tasks.operations.runs import RunView

#: The columns that a narrow terminal does without, the first one first.
_SPARE = (6, 5, 3)
#: Keeps a mark and its platform on one line.
_GLUE = "\N{NO-BREAK SPACE}"


@click.command(
    cls=Command,
    examples=(
        "deployforge runs",
        "deployforge runs --limit 3 --json",
        "deployforge runs --run 41             what run 41 was made in",
    ),
    epilog="See also: `deployforge logs`, `deployforge retry`.",
)
@option("--limit", group="Selection", type=click.IntRange(1, 100_000), default=20, metavar="N", help="How many (20).")
@option("--run", "number", group="Selection", type=click.IntRange(1), metavar="N", help="Only this one, in detail.")
@click.pass_obj
def command(invocation: Invocation, limit: int, number: int | None) -> int:
    """The runs that the ledger remembers, the newest first: also those of other machines, and those that go on now.

    A run that ended without saying so was killed; its version is finished by running the same command again. With
    `--run`: what one run was made in, and the versions of the tools that tried what was published.
    """
    if number is not None:
        return _show_one(invocation, number)
    from deployforge_tasks.operations.runs import list_runs

    loaded = invocation.settings().load()
    tell_doit(invocation)
    found = list_runs(loaded, limit=limit)
    if invocation.json:
        invocation.emit("runs", {"project": loaded.project.name, "runs": [as_json(run) for run in found]})
        return 0
    terminal = invocation.terminal
    for line in lines(loaded.project.name, found, terminal.style, datetime.now(UTC), terminal.width):
        terminal.out(line)
    if not found:
        invocation.hint("`deployforge deploy` makes the first one")
    return 0


def _show_one(invocation: Invocation, number: int) -> int:
    from deployforge_tasks.operations.run_facts import noted
    from deployforge_tasks.operations.run_tools import used_tools
    from deployforge_tasks.operations.runs import one_run, reading

    loaded = invocation.settings().load()
    tell_doit(invocation)
    with reading(loaded) as reader:
        run = one_run(reader, loaded, number)
        found, tools = noted(reader, number), used_tools(reader, number)
    if invocation.json:
        environment = environment_json(found, tools)
        shown = [{**as_json(run), "environment": environment}]
        invocation.emit("runs", {"project": loaded.project.name, "runs": shown})
        return 0
    terminal = invocation.terminal
    for line in lines(loaded.project.name, [run], terminal.style, datetime.now(UTC), terminal.width):
        terminal.out(line)
    for line in environment_lines(found, tools, terminal.style, terminal.width):
        terminal.out(line)
    return 0


def environment_json(found: Surroundings, tools: Tools) -> dict[str, Any]:
    """What a run was made in, as JSON."""
    return {
        **asdict(found),
        "tools": [asdict(tool) for tool in tools.used],
        "without_tool": dict(tools.without),
    }


def environment_lines(found: Surroundings, tools: Tools, style: Style, width: int | None) -> list[str]:
    """What a run was made in, as people read it."""
    made_in = {**found.versions, "commit": found.commit, "CI": found.ci, "reason": found.reason}
    rows: list[Row] = [(Cell(name, "dim"), text) for name, text in made_in.items() if text]
    told = columns(rows, style, width=width) if found.known else ["  this run did not note what it was made in"]
    used: list[Row] = [("tool", "version", "platforms")]
    used += [(tool.name, tool.version, ", ".join(tool.platforms)) for tool in tools.used]
    without: list[Row] = [(Cell(name, "dim"), why) for name, why in tools.without.items()]
    return [
        *("", style("made in", "bold"), *told),
        *("", style("tools that tried what was published", "bold")),
        *(columns(used, style, width=width) if tools.used else ["  none told its version"]),
        *(["", *columns(without, style, width=width)] if without else []),
    ]


def as_json(run: RunView) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "run": run.number,
        "version": run.version,
        "profile": run.profile,
        "command": run.command,
        "started_at": run.started_at.isoformat(),
        "seconds": round(run.seconds, 3),
        "state": run.state,
        "outcome": run.outcome,
        "exit_code": run.exit_code,
        "host": run.host,
        "pid": run.pid,
        "actor": run.actor,
        "platforms": dict(run.platforms),
    }


def lines(project: str, found: Sequence[RunView], style: Style, now: datetime, width: int | None) -> list[str]:
    """The runs as people read them."""
    if not found:
        return [f"{style(project, 'bold')} · no run yet"]
    rows: list[Row] = [("run", "version", "when", "took", "outcome", "command", "by", "platforms")]
    rows += [_row(run, now) for run in found]
    shown = columns(without(rows, _SPARE, width), style, width=width)
    return [style(project, "bold"), "", *(line.replace(_GLUE, " ").rstrip() for line in shown)]


def _row(run: RunView, now: datetime) -> Row:
    word, style = _word(run)
    platforms = "  ".join(f"{look(outcome)[0]}{_GLUE}{name}" for name, outcome in run.platforms.items())
    took = Cell(duration(run.seconds), "dim")
    return (
        str(run.number),
        f"v{run.version}",
        ago(run.started_at, now),
        took,
        Cell(word, style),
        _verb(run),
        Cell(run.actor or "", "dim"),
        platforms,
    )


def _word(run: RunView) -> tuple[str, str]:
    if run.state == "finished":
        return str(run.outcome), look(str(run.outcome))[1]
    if run.state == "elsewhere":
        return f"on {run.host}", look("running")[1]
    return run.state, look(run.state)[1]


def _verb(run: RunView) -> str:
    words = one_line(run.command).removeprefix("deployforge ").split()
    return words[0] if words else ""
