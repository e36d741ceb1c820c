"""``deployforge report``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import counted_selection, option
from deployforge_tasks.cli.since import DAY
from deployforge_tasks.cli.usage import Misused, choose_platforms
from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.analytics.report import Report
    from deployforge_tasks.operations.notify import ChannelResult
    from deployforge_tasks.project.load import Loaded

FORMS = ("md", "html", "pdf")


@click.command(
    cls=Command,
    examples=(
        "deployforge report >> $GITHUB_STEP_SUMMARY",
        "deployforge report --since 90d --output report.html",
        "deployforge report --output report.pdf       printed by Chromium or Chrome",
        "deployforge report --send                    the last week, to who wants the event `digest`",
    ),
    epilog="`deployforge stats` collects first.\n\nSee also: `deployforge insights`, docs/how-to/report.md.",
)
@counted_selection
@option("--since", group="Selection", type=DAY, metavar="DAY", help="From this day on (2026-05-01, 30d, 12w; 30d).")
@option("--until", group="Selection", type=DAY, metavar="DAY", help="Up to this day (default: yesterday).")
@option("--format", "form", group="Output", type=click.Choice(FORMS), help="Markdown, or what --output ends with.")
@option("--output", group="Output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a file.")
@option("--send", group="Behaviour", is_flag=True, help="Tell the last week to the channels of `digest`, once.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    since: date | None,
    until: date | None,
    form: str | None,
    output: Path | None,
    send: bool,
) -> int:
    """A report on some days: downloads, releases, what the numbers say, and what it cost.

    HTML is one file that needs no network. Every number has its source, its meaning, and when it was read.
    """
    from deployforge_tasks.operations.report import report

    loaded = invocation.settings().load()
    tell_doit(invocation)
    if send:
        if wanted or without or since or until or form or output:
            raise Misused("--send tells the last whole week, all of it", "leave the other options out")
        return _send(invocation, loaded)
    names = choose_platforms(loaded, wanted, without, counted=True)
    if invocation.json and form and output is None:
        raise Misused(f"--json and --format {form} at once", "name one format, or a file with --output")
    chosen = _form(form, output)
    try:
        made = report(loaded, since=since, until=until, platforms=names)
    except ValueError as error:
        raise Misused(str(error), "the first day comes before the last one") from error
    if output is not None or not invocation.json:
        _write(invocation, made, chosen, output)
    if invocation.json:
        invocation.emit("report", as_json(made))
    return 0


def as_json(made: Report) -> dict[str, Any]:
    """The report as JSON; `insights --json` and `insights --costs --json` have the parts that are not in it."""
    from deployforge_tasks.analytics.report import summary

    return {
        "project": made.project,
        "profile": made.profile,
        "since": made.since.isoformat(),
        "until": made.until.isoformat(),
        "summary": list(summary(made)),
        "released": list(made.released),
        "downloads": [
            {
                "title": line.title,
                "count": line.count,
                "unit": str(line.unit),
                "known": line.known,
                "days": line.days,
                "change": line.change,
                "total": line.total,
                "source": line.source,
                "url": line.url,
                "meaning": line.meaning,
                "read_at": line.read_at.isoformat() if line.read_at else None,
                "reason": line.reason,
            }
            for line in made.counts
        ],
        "runs": [
            {
                "run": run.number,
                "version": run.version,
                "outcome": run.outcome,
                "failed": list(run.failed),
                "reasons": dict(run.reasons),
            }
            for run in made.runs
        ],
        "success": [{"platform": one.platform, "good": one.good, "ends": one.ends} for one in made.success],
        "statements": [one.sentence for one in made.insights.found] if made.insights else [],
        "spent": {"amount": round(made.costs.total, 2), "currency": made.costs.currency},
        "left_out": list(made.left_out),
    }


def _form(form: str | None, output: Path | None) -> str:
    ending = output.suffix.removeprefix(".").lower() if output else ""
    chosen = form or (ending if ending in FORMS else "md")
    if chosen == "pdf" and output is None:
        raise Misused("a PDF is no text", "name a file with --output")
    return chosen


def _write(invocation: Invocation, made: Report, form: str, output: Path | None) -> None:
    from deployforge_tasks.analytics.report_page import html
    from deployforge_tasks.analytics.report_text import markdown

    if output is None:
        invocation.terminal.out((markdown(made) if form == "md" else html(made)).rstrip("\n"))
        return
    try:
        if form == "pdf":
            from deployforge_tasks.effects.browser import print_pdf

            print_pdf(html(made), output, invocation.environ)
        else:
            output.write_text(markdown(made) if form == "md" else html(made), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written ({error.strerror or error})",
            hint="name another file with --output",
            code="DF3910",
        ) from error
    invocation.note(f"written: {output}")


def _send(invocation: Invocation, loaded: Loaded) -> int:
    from deployforge_tasks.operations.notify import exit_code
    from deployforge_tasks.operations.report import send_digest

    results = send_digest(loaded)
    if invocation.json:
        invocation.emit("report", {"channels": [_as_json(one) for one in results]})
        return exit_code(results)
    for one in results:
        invocation.terminal.out(
            f"{one.channel}: {_WORDS.get(one.outcome, one.outcome)}{f' ({one.said})' if one.said else ''}"
        )
    if not results:
        invocation.hint("nobody wants the event `digest`: name it in `monitoring.routes`")
    return exit_code(results)


_WORDS = {"quiet": "was told before"}


def _as_json(one: ChannelResult) -> dict[str, str]:
    return {"channel": one.channel, "kind": one.kind, "outcome": one.outcome, "said": one.said}
