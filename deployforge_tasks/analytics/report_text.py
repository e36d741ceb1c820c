"""A report as Markdown: for people, and for the summary page of a CI job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployforge_tasks.analytics.insight import Insight
from deployforge_tasks.analytics.report import CountLine, Report, summary
from deployforge_tasks.core.markdown import cell, escaped

_NONE = "\N{EN DASH}"


def markdown(report: Report) -> str:
    """The report as GitHub's Markdown."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# {escaped(report.title)}\n"
    yield f"{escaped('; '.join(summary(report)))}.\n"
    yield "## Downloads\n"
    head = ("Platform", "In these days", "Against before", "All time", "What the number is", "Read")
    yield from _table(head, [_count(line) for line in report.counts])
    yield "## Releases\n"
    if report.runs:
        rows = [
            (f"{run.number}", run.version, f"{run.at:%Y-%m-%d}", run.outcome, "; ".join(run.why)) for run in report.runs
        ]
        yield from _table(("Run", "Version", "Day", "Outcome", "Not released"), rows)
        ends = [(one.platform, f"{one.good} of {one.ends}", f"{one.good / one.ends:.0%}") for one in report.success]
        if ends:
            yield f"{report.success_basis}.\n"
            yield from _table(("Platform", "Ended well", "Part"), ends)
    else:
        yield "No run in these days.\n"
    if report.insights is not None:
        yield "## What the numbers say\n"
        yield f"Of the days from {report.insights.since} to {report.insights.until}.\n"
        yield from (_insight(one) for one in report.insights.found)
        if not report.insights.found:
            yield "Nothing can be said with confidence of these days.\n"
        yield from (
            f"- not known: {' '.join([str(one.kind), ', '.join(one.platforms)]).rstrip()}: {escaped(one.reason)}"
            for one in report.insights.unknown
        )
        yield ""
    yield "## Costs\n"
    costs = report.costs
    if costs.priced:
        used = [one for one in costs.platforms if one.amounts.total or one.amounts.minutes]
        spent = [(one.title, f"{one.amounts.minutes:.1f}", f"{one.amounts.total:.2f}") for one in used]
        yield f"{report.costs_basis}.\n"
        yield from _table(("Platform", "Minutes", f"Together, {costs.currency}"), spent)
        budget = f", of a budget of {costs.budget:.2f}" if costs.budget is not None else ""
        yield f"{costs.total:.2f} {costs.currency} together, {costs.monthly:.2f} a month{budget}.\n"
    else:
        yield "No price is configured (`costs:`).\n"
    for text in report.left_out:
        yield f"> Left out: {escaped(text)}\n"
    yield f"Made by DeployForge on {report.made_at:%Y-%m-%d %H:%M} UTC. Days of which nothing is known are no zeros."


def _count(line: CountLine) -> Sequence[str]:
    known = f" ({line.known} of {line.days} days)" if line.count is not None and line.known < line.days else ""
    count = _NONE if line.count is None else f"{line.unit.counted(line.count)}{known}"
    growth = _NONE if line.change is None else f"{line.change:+.0%}"
    total = _NONE if line.total is None else f"{line.total:,}"
    source = f"{line.source}: {line.meaning}" if line.source else ""
    told = "; ".join(filter(None, [source, line.reason]))
    return (line.title, count, growth, total, told, f"{line.read_at:%Y-%m-%d %H:%M}" if line.read_at else "never")


def _insight(one: Insight) -> str:
    facts = "; ".join(f"{fact.name} {fact.told} {fact.word}".strip() for fact in one.evidence)
    caution = f" But: {escaped(one.caution)}." if one.caution else ""
    return f"- **{escaped(one.sentence)}.** {escaped(str(one.confidence))}: {escaped(facts)}.{caution}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell(text) for text in row)} |"
    yield ""
