"""``deployforge insights``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import counted_selection, option
from deployforge_tasks.cli.since import DAY
from deployforge_tasks.cli.table import Cell, Row, Style, columns, plural
from deployforge_tasks.cli.usage import choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.analytics.insight import Fact, Insight, Insights, Unknown


@click.command(
    cls=Command,
    examples=(
        "deployforge insights",
        "deployforge insights --since 12w --platforms npm,pypi",
        "deployforge insights --costs            what each platform and release costs",
    ),
    epilog="See also: `deployforge stats`, docs/how-to/understand-downloads.md.",
)
@counted_selection
@option("--since", group="Selection", type=DAY, metavar="DAY", help="From this day on (2026-05-01, 30d, 12w, 6m, 1y).")
@option("--limit", group="Output", type=click.IntRange(1, 1000), default=8, metavar="N", help="Statements at most (8).")
@option("--costs", "only_costs", group="Output", is_flag=True, help="Show the costs by platform and release instead.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    since: date | None,
    limit: int,
    only_costs: bool,
) -> int:
    """What the collected downloads, the runs and the costs tell, the weightiest first.

    Each statement comes with what it rests on and how sure it is: "sure" is what chance alone would show in less than
    one of a thousand projects, "likely" in less than one of a hundred. What cannot be told is listed with the reason.
    """
    from deployforge_tasks.operations.insights import insights

    loaded = invocation.settings().load()
    names = choose_platforms(loaded, wanted, without, counted=True)
    tell_doit(invocation)
    if only_costs:
        from deployforge_tasks.cli.cost_table import show_costs

        return show_costs(invocation, loaded, names, since)
    found = insights(loaded, since=since, platforms=names)
    if invocation.json:
        invocation.emit("insights", as_json(found))
        return 0
    terminal = invocation.terminal
    for line in lines(found, limit, terminal.style, terminal.width):
        terminal.out(line)
    if not found.history:
        invocation.hint("`deployforge stats` collects the counts; days come with time")
    return 0


def as_json(found: Insights) -> dict[str, Any]:
    """All that was found as JSON."""
    return {
        "project": found.project,
        "profile": found.profile,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "insights": [_insight_json(one) for one in found.found],
        "unknown": [{"kind": str(u.kind), "platforms": list(u.platforms), "reason": u.reason} for u in found.unknown],
        "forecasts": [
            {
                "platform": one.platform,
                "unit": str(one.unit),
                "coverage80": round(one.coverage80, 3),
                "coverage95": round(one.coverage95, 3),
                "backtest_days": one.backtest_days,
                "days": [
                    {name: value.isoformat() if isinstance(value, date) else round(value, 2) for name, value in day}
                    for day in (asdict(day).items() for day in one.days)
                ],
            }
            for one in found.forecasts
        ],
        "launches": [
            {**asdict(one), "day": one.day.isoformat(), "unit": str(one.unit), "counts": list(one.counts)}
            for one in found.launches
        ],
        "first_hours": [
            {**asdict(one), "at": one.at.isoformat(), "unit": str(one.unit), "counts": list(one.counts)}
            for one in found.first_hours
        ],
        "history": dict(found.history),
    }


def _insight_json(one: Insight) -> dict[str, Any]:
    return {
        "kind": str(one.kind),
        "sentence": one.sentence,
        "platforms": list(one.platforms),
        "confidence": {"word": str(one.confidence.word), "p": one.confidence.p, "coverage": one.confidence.coverage},
        "evidence": [asdict(fact) for fact in one.evidence],
        "causes": list(one.causes),
        "caution": one.caution,
        "weight": round(one.weight, 3),
    }


def lines(found: Insights, limit: int, style: Style, width: int | None) -> list[str]:
    """What was found as people read it."""
    profile = [found.profile] if found.profile else []
    count = plural(len(found.found), "statement")
    head = [style(found.project, "bold"), *profile, f"{found.since} to {found.until}", count]
    made = [" · ".join(head)]
    for one in found.found[:limit]:
        made += ["", *columns([(Cell(one.sentence, "bold"),)], style, width=width)]
        made += columns(list(_details(one)), style, indent=4, width=width)
    if len(found.found) > limit:
        made += ["", f"  and {len(found.found) - limit} more: --limit {len(found.found)}"]
    if found.unknown:
        made += ["", "not known", *columns([_unknown(one) for one in found.unknown], style, width=width)]
    return made


def _details(one: Insight) -> Iterator[Row]:
    word = str(one.confidence.word)
    yield (Cell(word, "ok" if word in ("sure", "counted") else "warning"), "; ".join(_figures(one)))
    if one.causes:
        yield (Cell("ledger", "dim"), f"{'; '.join(one.causes)} (the same time, not surely the cause)")
    if one.caution:
        yield (Cell("but", "dim"), Cell(one.caution, "dim"))


def _figures(one: Insight) -> Iterator[str]:
    """The number of the confidence and those of the evidence (a forecast's are the same), in words."""
    if one.confidence.p is not None:
        yield str(one.confidence).removeprefix(f"{one.confidence.word} (").removesuffix(")")
    yield from map(_figure, one.evidence)


def _figure(fact: Fact) -> str:
    return f"{fact.name} {fact.told}{f' {fact.word}' if fact.unit else ''}"


def _unknown(one: Unknown) -> Row:
    return (Cell(str(one.kind), "dim"), f"{', '.join(one.platforms)}{': ' if one.platforms else ''}{one.reason}")
