"""A report on some days: for people, and as a digest for whoever wants to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.costs import costs, tries, yesterday
from deployforge_tasks.operations.runs import reading, view

if TYPE_CHECKING:
    from deployforge_tasks.analytics.insight import Insights
    from deployforge_tasks.analytics.report import Report, RunLine
    from deployforge_tasks.ledger.model import Attempt
    from deployforge_tasks.operations.notify import ChannelResult
    from deployforge_tasks.project.load import Loaded

USUAL_DAYS = 30


def report(
    loaded: Loaded,
    *,
    since: date | None = None,
    until: date | None = None,
    platforms: Sequence[str] = (),
    ledger_url: str | None = None,
) -> Report:
    """What there is to tell of some days. Asks nobody: it reads what was collected.

    Without a last day, runs of today are in it; counts of today are not, because they are not complete.

    Args:
        loaded: the project.
        since: the first day (default: 30 days up to the last one).
        until: the last day (default: yesterday, UTC).
        platforms: only these (default: every enabled one).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: a platform's name cannot be used, or the ledger cannot be opened.
        ValueError: `since` is after `until`.
    """
    from deployforge_tasks.analytics.periods import before
    from deployforge_tasks.analytics.report import Report
    from deployforge_tasks.effects.clock import Clock
    from deployforge_tasks.operations.stats import downloads

    now = Clock().now().astimezone(UTC)
    last = until or yesterday()
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    found, missing = _insights(loaded, first, last, platforms, ledger_url)
    return Report(
        loaded.project.name,
        loaded.profile,
        first,
        last,
        now,
        downloads(loaded, first, last, platforms=platforms, ledger_url=ledger_url),
        downloads(loaded, *before(first, last), platforms=platforms, ledger_url=ledger_url),
        costs(loaded, since=first, until=last, platforms=platforms, ledger_url=ledger_url),
        tuple(_runs(loaded, first, until or now.date(), platforms, ledger_url)),
        found,
        missing,
    )


def last_week(today: date) -> tuple[date, date]:
    """The days of the last whole week (ISO 8601, Monday to Sunday)."""
    monday = today - timedelta(days=today.weekday() + 7)
    return monday, monday + timedelta(days=6)


def send_digest(
    loaded: Loaded, *, today: date | None = None, ledger_url: str | None = None
) -> tuple[ChannelResult, ...]:
    """Tell the last whole week to whoever wants the event ``digest``, once; empty when nobody does.

    It may be called every day: a week is told to a channel once.

    Args:
        loaded: the project.
        today: the day (default: today, UTC).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.analytics.digest import digest
    from deployforge_tasks.effects.clock import Clock
    from deployforge_tasks.notify.happening import DIGEST, Happening, Line, Part
    from deployforge_tasks.operations.notify import send

    since, until = last_week(today or Clock().now().astimezone(UTC).date())
    made = report(loaded, since=since, until=until, ledger_url=ledger_url)
    lines = tuple(
        Line(one.title, "ok", f"{one.unit.counted(one.count)}{'' if one.change is None else f' ({one.change:+.0%})'}")
        for one in made.counts
        if one.count is not None
    )
    week = digest(made)
    parts = tuple(Part(section.title, section.entries) for section in week.sections)
    hint = f"`deployforge report --since {since} --until {until}` has all of it"
    enabled = (name for name, options in loaded.options.items() if options.enabled)
    counted = (*enabled, *loaded.project.analytics.places.names)
    key = f"{since:%G-W%V}"
    happening = Happening(DIGEST, platforms=counted, reason=week.head, hint=hint, lines=lines, parts=parts, key=key)
    return send(loaded, happening, ledger_url=ledger_url)


def _insights(
    loaded: Loaded, since: date, until: date, platforms: Sequence[str], ledger_url: str | None
) -> tuple[Insights | None, tuple[str, ...]]:
    """What the numbers say, or why that is left out. A year is looked at: a month alone says little."""
    from deployforge_tasks.analytics.extras import need_models
    from deployforge_tasks.operations.insights import insights

    try:
        need_models()
    except ConfigError as error:
        return None, (f"{error.message}; {error.hint}",)
    first = min(since, until - timedelta(days=364))
    return insights(loaded, since=first, until=until, platforms=platforms, ledger_url=ledger_url), ()


def _runs(loaded: Loaded, since: date, until: date, platforms: Sequence[str], ledger_url: str | None) -> list[RunLine]:
    from deployforge_tasks.analytics.report import RunLine

    with reading(loaded, ledger_url) as reader:
        made = []
        for run, attempts in tries(reader, loaded, since, until):
            chosen = [one for one in attempts if not platforms or one.platform in platforms]
            seen = view(reader, run, chosen)
            reasons = {one.platform: _why(one) for one in chosen if one.outcome == "failed"}
            made.append(
                RunLine(run.id, run.version, run.started_at, seen.outcome or seen.state, seen.platforms, reasons)
            )
        return made


def _why(failed: Attempt) -> str:
    return f"{failed.stage}: {failed.reason}" if failed.reason else failed.stage
