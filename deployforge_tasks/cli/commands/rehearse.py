"""``deployforge rehearse``."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import DURATION, VERSION, argument, jobs_option, option, selection
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.table import Cell, Row, columns, duration
from deployforge_tasks.cli.usage import choose_platforms, make_folder

if TYPE_CHECKING:
    from deployforge_tasks.operations.rehearse import RehearsalResult


@click.command(
    cls=Command,
    examples=(
        "deployforge rehearse",
        "deployforge rehearse --platforms npm,pypi --keep",
        "deployforge rehearse --real",
    ),
    epilog="See also: `deployforge deploy --dry-run`, docs/how-to/rehearse-your-project.md.",
)
@argument("version", type=VERSION, required=False)
@selection
@jobs_option
@option("--keep", group="Behaviour", is_flag=True, help="Leave the registries up until Ctrl-C.")
@option("--real", group="Behaviour", is_flag=True, help="Use real registry servers where this machine has them.")
@option(
    "--timeout",
    group="Behaviour",
    metavar="TIME",
    type=DURATION,
    help="Give up after this long, and end everything that was started: 90s, 10m (default: 1h).",
)
@option("--report", group="Output", metavar="DIR", type=click.Path(path_type=Path), help="Where to write the report.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    version: str | None,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    jobs: int,
    keep: bool,
    real: bool,
    timeout: float | None,
    report: Path | None,
) -> int:
    """Release to registries on this machine, install everything back, and run it.

    Nothing leaves this machine, and none of your credentials is used.
    """
    from deployforge_tasks.operations.rehearse import TIMEOUT, rehearse

    settings = invocation.settings(version)
    loaded = settings.load()
    names = choose_platforms(loaded, wanted, without)
    make_folder(report)
    tell_doit(invocation, "rehearse", loaded=loaded)
    stack = contextlib.ExitStack()
    with stack:
        listeners = stack.enter_context(following(invocation, f"rehearsal of {loaded.project.name}", names))

        def hold(result: RehearsalResult) -> None:
            stack.close()  # the display goes before the table comes
            show(invocation, result)
            _wait(invocation, result)

        result = rehearse(
            settings,
            platforms=names,
            jobs=jobs,
            real=real,
            report=report,
            timeout=timeout or TIMEOUT,
            listeners=listeners,
            hold=hold if keep else None,
        )
    if not keep:
        show(invocation, result)
    return result.exit_code


def show(invocation: Invocation, result: RehearsalResult) -> None:
    """The table to stdout, where the report is to stderr."""
    if invocation.json:
        data = {"project": result.report.project, "version": result.report.version, "exit_code": result.exit_code}
        rows = [asdict(row) for row in result.report.rows]
        more = {"registries": dict(result.registries), "usage": dict(result.usage), "page": str(result.page)}
        invocation.emit("rehearsal", {**data, "platforms": rows, **more})
        return
    for line in lines(result, invocation.terminal.style, invocation.terminal.width):
        invocation.terminal.out(line)
    for row in result.report.rows:
        if row.hint:
            invocation.note(f"{row.platform}: {row.hint}")
    invocation.note(f"\nreport: {result.page}")


def lines(result: RehearsalResult, style: Any, width: int | None = None) -> list[str]:
    """The table: platform, published, installed with, what the program said, time."""
    report = result.report
    head = style(f"rehearsal of {report.project} v{report.version}", "bold")
    registries = any(row.registry not in ("", "stand-in") for row in report.rows)
    names = ("platform", "published", *(["registry"] if registries else []), "installed with", "program said", "time")
    rows: list[Row] = [("", *names)]
    for row in report.rows:
        cells: list[Cell | str] = [Cell("✓", "ok") if row.good else Cell("✗", "error"), row.platform, row.published]
        cells += [row.registry] if registries else []
        cells += [row.installed_with, row.said, duration(row.seconds)]
        rows.append([*cells, "" if row.good else row.note])
    return [f"{head} · {report.summary} · {duration(report.seconds)}", "", *columns(rows, style, width=width)]


def _wait(invocation: Invocation, result: RehearsalResult) -> None:
    """Until Ctrl-C: where the registries are, and how to look at what they have."""
    invocation.terminal.err("\nregistries (Ctrl-C ends them):")
    rows: list[Row] = [(name, url, result.usage.get(name, "")) for name, url in result.registries.items()]
    for line in columns(rows, lambda text, _: text):
        invocation.terminal.err(line)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
