"""``deployforge stats``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import counted_selection, option
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.since import DAY_OR_TODAY
from deployforge_tasks.cli.usage import Misused, choose_platforms
from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Downloads
    from deployforge_tasks.operations.stats import Collected
    from deployforge_tasks.operations.stats_import import Imported, Taken
    from deployforge_tasks.project.load import Loaded

#: Options that say which counts are shown and how, and those that have no meaning beside `--import`.
_SHOWING = ("since", "until", "by", "form", "csv", "output")
_OTHERS = ("wanted", "without", *_SHOWING, "ask", "only", "force")
FORMATS = ("table", "json", "csv", "parquet", "openmetrics")


@dataclass(frozen=True)
class Wanted:
    """What is to be told: of which platforms and days, by what parts, in which form, and where it goes."""

    names: list[str]
    since: date
    until: date
    by: str | None
    form: str
    output: Path | None


@click.command(
    cls=Command,
    examples=(
        "deployforge stats",
        "deployforge stats --since 2026-01-01 --by version --platforms npm,pypi",
        "deployforge stats --since 52w --csv --output downloads.csv",
        "deployforge stats --collect-only -q      for cron: collects, and tells only what went wrong",
    ),
    epilog="Exits with 6 when a source could not be asked; what the others told is shown.\n\n"
    "See also: `deployforge help json`, docs/how-to/count-downloads.md.",
)
@counted_selection
@option("--since", group="Selection", type=DAY_OR_TODAY, default="30d", metavar="DAY", help="First day (30d).")
@option("--until", group="Selection", type=DAY_OR_TODAY, default="0d", metavar="DAY", help="Last day (today).")
@option("--by", group="Output", type=click.Choice(["version", "target", "country"]), help="Show the parts, too.")
@option("--format", "form", group="Output", type=click.Choice(FORMATS), help="How to write it (table).")
@option("--csv", group="Output", is_flag=True, help="The same as --format csv.")
@option("--output", group="Output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a file.")
@option("--no-collect", "ask", group="Behaviour", is_flag=True, flag_value=False, default=True, help="Ask nobody.")
@option("--collect-only", "only", group="Behaviour", is_flag=True, help="Ask, and tell only how that went.")
@option("--force", group="Behaviour", is_flag=True, help="Ask also what was asked a short time ago.")
@option(
    "--import",
    "files",
    group="Behaviour",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take over an export, or a download_stats.json, and end.",
)
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    since: date,
    until: date,
    by: str | None,
    form: str | None,
    csv: bool,
    output: Path | None,
    ask: bool,
    only: bool,
    force: bool,
    files: tuple[Path, ...],
) -> int:
    """How often the project is downloaded: asks every platform's counter, keeps the days, and shows them.

    A number is shown with its source and its age. A day of which nothing is known is no zero: it is a gap, with a
    reason. Platforms are asked as often as `analytics.every` says (once a day).
    """
    if csv and form not in (None, "csv"):
        raise Misused(f"--csv and --format {form} at once", "name one format")
    if only and not ask:
        raise Misused("--collect-only and --no-collect leave nothing to do", "choose one of them")
    if force and not ask:
        raise Misused("--force and --no-collect at once", "choose one of them")
    if files:
        _alone(
            "--import", "--import takes the files over and ends; run `deployforge stats` again for the rest", _OTHERS
        )
    if only:
        _alone("--collect-only", "--collect-only shows no counts; leave the other option out", _SHOWING)
    chosen = _format(invocation, "csv" if csv else form, output)
    if since > until:
        raise Misused(f"the first day, {since}, is after the last one, {until}", "turn --since and --until round")
    loaded = invocation.settings().load()
    if files:
        return _import(invocation, loaded, files)
    names = choose_platforms(loaded, wanted, without, counted=True)
    places = loaded.project.analytics.places.names  # no task is about them
    tasks = [f"stats:{name}" for name in names if ask and name not in places]
    tell_doit(invocation, *tasks, loaded=loaded, jobs=8 if tasks else None)
    collected = _collect(invocation, loaded, names, force=force) if ask else None
    if only:
        assert collected is not None
        _tell_collected(invocation, collected)
    else:
        _tell(invocation, loaded, Wanted(names, since, until, by, chosen, output), collected)
    return collected.exit_code if collected else 0


def _alone(option: str, hint: str, others: tuple[str, ...]) -> None:
    """Refuse an option that would be passed over in silence."""
    context = click.get_current_context()
    for other in context.command.params:
        if other.name in others and context.get_parameter_source(other.name) is ParameterSource.COMMANDLINE:
            raise Misused(f"{option} and {other.opts[0]} at once", hint)


def _format(invocation: Invocation, form: str | None, output: Path | None) -> str:
    """The one format that is wanted."""
    if invocation.json and form not in (None, "json"):
        raise Misused(f"--json and --format {form} at once", "name one format")
    chosen = "json" if invocation.json else form or "table"
    if chosen == "parquet" and output is None:
        raise Misused("Parquet is no text", "name a file with --output")
    if output is not None:
        with _writing(output):
            _see_that_it_can_be(output)
    return chosen


def _see_that_it_can_be(file: Path) -> None:
    if file.is_dir():
        raise Misused(f"{file} cannot be written (it is a folder)", "name a file")
    if not file.resolve().parent.is_dir():
        raise Misused(f"{file} cannot be written (its folder is not there)", "make the folder, or name another file")


def _collect(invocation: Invocation, loaded: Loaded, names: list[str], *, force: bool) -> Collected:
    from deployforge_tasks.operations.stats import collect

    with following(invocation, f"{loaded.project.name} downloads", names, last="stats") as listeners:
        return collect(loaded, platforms=names, force=force, listeners=listeners)


def _tell(invocation: Invocation, loaded: Loaded, wanted: Wanted, collected: Collected | None) -> None:
    from deployforge_tasks.operations.stats import downloads

    now = downloads(loaded, wanted.since, wanted.until, platforms=wanted.names)
    if wanted.output is None:
        invocation.terminal.out(_document(invocation, loaded, wanted, now, collected).removesuffix("\n"))
    else:
        with _writing(wanted.output) as file:
            if wanted.form == "parquet":
                from deployforge_tasks.analytics.export import write_parquet

                write_parquet(now, file)
            else:
                file.write_text(_document(invocation, loaded, wanted, now, collected), encoding="utf-8")
    if wanted.output is not None:
        invocation.note(f"written: {wanted.output}")
    _tell_failures(invocation, collected, shown=wanted.form == "table" and wanted.output is None)


@contextmanager
def _writing(file: Path) -> Iterator[Path]:
    """A file that cannot be written is the user's to mend."""
    try:
        yield file
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written ({error.strerror or error})",
            hint="name another file with --output; what was collected is in the ledger",
            code="DF3335",
        ) from error


def _document(
    invocation: Invocation, loaded: Loaded, wanted: Wanted, now: Downloads, collected: Collected | None
) -> str:
    if wanted.form == "openmetrics":
        from deployforge_tasks.analytics.export import open_metrics

        return "".join(f"{line}\n" for line in open_metrics(now))
    if wanted.form == "csv":
        from deployforge_tasks.analytics.export import write_csv

        made = io.StringIO()
        write_csv(now, made)
        return made.getvalue()
    return _compared(invocation, loaded, wanted, now, collected)


def _compared(
    invocation: Invocation, loaded: Loaded, wanted: Wanted, now: Downloads, collected: Collected | None
) -> str:
    """As JSON or for people: with the period before."""
    from deployforge_tasks.analytics.periods import before
    from deployforge_tasks.operations.stats import downloads

    old = downloads(loaded, *before(now.since, now.until), platforms=wanted.names)
    if wanted.form == "json":
        from deployforge_tasks.cli.stats_json import as_json

        return invocation.document("stats", as_json(now, old, collected)) + "\n"
    from deployforge_tasks.cli.stats_table import lines, part_lines

    terminal = invocation.terminal
    asked = {p.platform: p for p in collected.platforms} if collected else {}
    shown = lines(now, old, asked, terminal.style, at=datetime.now(UTC), width=terminal.width)
    if wanted.by:
        shown += ["", *part_lines(now, wanted.by, terminal.style, width=terminal.width)]
    return "".join(f"{line}\n" for line in shown)


def _tell_collected(invocation: Invocation, collected: Collected) -> None:
    """How asking went, for whoever wants no numbers."""
    if invocation.json:
        from deployforge_tasks.cli.stats_json import collected_json

        invocation.emit("stats-collected", collected_json(collected))
    elif not invocation.quiet:
        from deployforge_tasks.cli.table import columns, one_line

        terminal = invocation.terminal
        rows = [(p.platform, p.outcome, one_line(p.reason)) for p in collected.platforms]
        for line in columns(rows, terminal.style, width=terminal.width):
            terminal.out(line)
    _tell_failures(invocation, collected)


def _tell_failures(invocation: Invocation, collected: Collected | None, *, shown: bool = False) -> None:
    """What could not be asked, also for those who asked for quiet: an exit code needs its reason.

    shown: the reasons stand in the table already.
    """
    if invocation.json or collected is None:
        return
    style = invocation.terminal.err_style
    for problem in collected.problems:
        invocation.terminal.err(f"{style('warning:', 'warning')} {problem}")
    errors = {p.platform: p.error for p in collected.platforms if p.error is not None}
    for name, error in errors.items() if not shown else ():
        text = f"{name} could not be asked: {error.code} {error.message}"
        invocation.terminal.err(f"{style('error:', 'error')} {text}")
    for hint in dict.fromkeys(error.hint for error in errors.values()):
        invocation.hint(hint)


def _import(invocation: Invocation, loaded: Loaded, files: tuple[Path, ...]) -> int:
    tell_doit(invocation)
    taken = (_taken(invocation, loaded, file.resolve()) for file in files)
    if invocation.json:
        from deployforge_tasks.cli.stats_json import imported_json

        invocation.emit("stats-imported", imported_json(list(taken)))
        return 0
    for one in taken:  # each is told when it is taken: the next one may be refused
        _show_imported(invocation, one)
    return 0


def _taken(invocation: Invocation, loaded: Loaded, file: Path) -> Imported:
    """Take a file over, and show how much of it is read: an export may be large."""
    from deployforge_tasks.operations.stats_import import import_file

    if not invocation.live:
        return import_file(loaded, file)
    from deployforge_tasks.cli.live import Reading, shown
    from deployforge_tasks.cli.table import one_line

    progress = Reading(one_line(file.name))
    with shown(progress, invocation.terminal):
        return import_file(loaded, file, progress=progress)


def _show_imported(invocation: Invocation, found: Imported) -> None:
    from deployforge_tasks.cli.table import Cell, Row, columns

    terminal = invocation.terminal
    up_to = "up to" if any(one.last for one in found.taken) else "read at"
    terminal.out(f"{found.file.name} · {up_to} {found.at:%Y-%m-%d %H:%M} UTC · {len(found.taken)} taken")
    rows: list[Row] = [(Cell("✓", "ok"), one.field, f"{one.count:,}", _about(one)) for one in found.taken]
    rows += [(Cell("\N{EN DASH}", "dim"), left.field, "", left.reason) for left in found.left_out]
    for line in ["", *columns(rows, terminal.style, width=terminal.width)]:
        terminal.out(line)


def _about(one: Taken) -> str:
    """What taken numbers are."""
    told = f"{one.kind} of {one.platform}"
    if one.first:
        told += f", {one.parts} {'part' if one.parts == 1 else 'parts'}, {one.first} to {one.last}"
    return told if one.new else f"{told}, known"
