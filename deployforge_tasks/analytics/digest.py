"""A week in a few lines: what was counted and released, what failed, what was out of the ordinary, and what lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from deployforge_tasks.analytics.insight import Insight, Insights, Kind
from deployforge_tasks.analytics.periods import change, changed_together, period
from deployforge_tasks.analytics.report import Report
from deployforge_tasks.core.downloads import Unit

#: Entries of a section; a chat is no place for more.
_MOST, _MOST_LONG = 5, 2
#: Days before the week that count as lately.
_LATELY = 28
_LAUNCH = 7


@dataclass(frozen=True)
class Section:
    """A part of a digest."""

    title: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class Digest:
    """A week: its days and what was counted, then the sections in the order in which they matter."""

    head: str
    sections: tuple[Section, ...]


def digest(report: Report) -> Digest:
    """The week of a report."""
    since, until = report.since, report.until
    said = report.insights
    lately = (since - timedelta(days=_LATELY), since - timedelta(days=1))
    now = _about(said, since, until)
    parts = (
        ("Released", _released(report) or ["nothing"]),
        ("Not released", _failed(report)),
        ("In these days", [_told(one) for one in now]),
        ("In the weeks before", [_told(one) for one in _about(said, *lately) if one not in now]),
        ("In the long run", [one.sentence for one in _long(said)]),
    )
    head = f"{since:%G-W%V} ({since} to {until}): {' and '.join(_counted(report)) or 'no count is known'}"
    return Digest(head, tuple(Section(title, _some(entries)) for title, entries in parts if entries))


def _counted(report: Report) -> Iterator[str]:
    """What was counted of each unit, against the week before where both are known."""
    for unit, count in report.sums.items():
        yield f"{unit.counted(count)}{_growth(report, unit)}"


def _growth(report: Report, unit: Unit) -> str:
    earlier = {one.platform: one.daily for one in report.before.platforms}
    mine = [(earlier.get(one.platform), one.daily) for one in report.downloads.platforms if one.unit is unit]
    known = [pair for pair in mine if change(*pair) is not None]
    growth = changed_together(known)
    if growth is None:
        before = [period(daily) for daily, _ in mine]
        none = before and all(one.count == 0 and one.known == one.days for one in before)
        return " (none in the week before)" if none else " (the week before is not known)"
    where = "" if len(known) == sum(now is not None and now.sum is not None for _, now in mine) else ", where known"
    return f" ({growth:+.0%} against the week before{where})"


def _released(report: Report) -> list[str]:
    """The versions with the platforms that got them, the newest first."""
    versions: dict[str, dict[str, None]] = {}
    for run in report.runs:
        for name in (name for name, outcome in run.platforms.items() if outcome == "published"):
            versions.setdefault(run.version, {})[name] = None
    return [f"{version}: {', '.join(names)}" for version, names in versions.items()]


def _failed(report: Report) -> list[str]:
    """The platforms that failed and were not mended by a later run of the same version, the newest first."""
    seen, found = set(), []
    for run in sorted(report.runs, key=lambda run: -run.number):
        for name in (name for name in run.platforms if (run.version, name) not in seen):
            seen.add((run.version, name))
            if name in run.failed:
                why = f": {run.reasons[name]}" if name in run.reasons else ""
                found.append(f"{run.version}, {name}{why} (run {run.number})")
    return found


def _about(said: Insights | None, first: date, last: date) -> list[Insight]:
    """Changes, silences and launches of some days; what began in them comes before what began earlier."""
    spans = [(one, span) for one in (said.found if said else ()) if (span := _span(one))]
    there = [(one, span) for one, span in spans if span[0] <= last and span[1] >= first]
    return [one for one, _ in sorted(there, key=lambda told: (told[1][0] < first, -told[0].weight))]


def _span(one: Insight) -> tuple[date, date] | None:
    """The days that a statement is about; None where it is about no days in particular."""
    if one.days or one.kind is not Kind.LAUNCH:
        return one.days
    day = next((date.fromisoformat(str(fact.value)) for fact in one.evidence if fact.name == "released"), None)
    return (day, day + timedelta(days=_LAUNCH - 1)) if day else None


def _long(said: Insights | None) -> list[Insight]:
    """What holds for longer, the weightiest first, each sort once."""
    found = [one for one in (said.found if said else ()) if one.kind in (Kind.GROWTH, Kind.FORECAST)]
    first = {one.kind: one for one in reversed(found)}
    return [one for one in found if one is first[one.kind]][:_MOST_LONG]


def _told(one: Insight) -> str:
    return one.sentence + (f" (at that time: {', '.join(one.causes[:2])})" if one.causes else "")


def _some(entries: Sequence[str]) -> tuple[str, ...]:
    more = len(entries) - _MOST
    return (*entries[:_MOST], *([f"and {more} more"] if more > 0 else []))
