"""What releasing cost: minutes of one's own runs, storage, traffic and fees, by platform and by release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.operations.runs import reading

if TYPE_CHECKING:
    from deployforge_tasks.analytics.costs import CostTable, Work
    from deployforge_tasks.ledger.model import Attempt, Run
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: Days that are looked at when nobody says since when, at most and at least.
USUAL_DAYS, LEAST_DAYS = 90, 30
_MOST_RUNS = 10_000
#: Runs whose attempts are read at once.
_CHUNK = 200


def costs(
    loaded: Loaded,
    *,
    since: date | None = None,
    until: date | None = None,
    platforms: Sequence[str] = (),
    ledger_url: str | None = None,
) -> CostTable:
    """Put the prices of ``costs:`` on what was measured.

    Args:
        loaded: the project.
        since: the first day (default: 90 days, or since the first run if that was later, but at least 30 days).
        until: the last day (default: yesterday, UTC).
        platforms: only these (default: every enabled one).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the ledger cannot be opened.
        ValueError: `since` is after `until`.
    """
    from deployforge_tasks.analytics.costs import Size, cost_table
    from deployforge_tasks.operations.stats import downloads

    last = until or yesterday()
    with reading(loaded, ledger_url) as reader:
        first = since or _usual_start(reader, loaded, last)
        runs = list(_work(reader, loaded, first, last))
        measured = reader.packaged(loaded.project.name, loaded.profile) if _sizes_matter(loaded) else {}
    sizes = {key: Size(pieces, count) for key, (pieces, count) in measured.items()}
    known = downloads(loaded, first, last, platforms=platforms, ledger_url=ledger_url)
    return cost_table(known, loaded.project.costs, runs, sizes)


def _sizes_matter(loaded: Loaded) -> bool:
    return any(prices.storage or prices.traffic for prices in loaded.project.costs.platforms.values())


def _usual_start(reader: Reader, loaded: Loaded, last: date) -> date:
    """A young project's minutes must not be spread over months in which it did not exist."""
    runs = reader.runs(loaded.project.name, loaded.profile, _MOST_RUNS)
    begun = min((run.started_at.astimezone(UTC).date() for run in runs), default=last)
    return max(last - timedelta(days=USUAL_DAYS - 1), min(begun, last - timedelta(days=LEAST_DAYS - 1)))


def yesterday() -> date:
    """The last day (UTC) that is over."""
    from deployforge_tasks.effects.clock import Clock

    return Clock().now().astimezone(UTC).date() - timedelta(days=1)


def tries(reader: Reader, loaded: Loaded, since: date, until: date) -> Iterator[tuple[Run, list[Attempt]]]:
    """The runs of some days (UTC, both included) with their attempts, the newest first."""
    begin = datetime.combine(since, time(), UTC)
    end = datetime.combine(until + timedelta(days=1), time(), UTC)
    found = reader.runs(loaded.project.name, loaded.profile, _MOST_RUNS)
    chosen = [run for run in found if begin <= run.started_at < end]
    for start in range(0, len(chosen), _CHUNK):
        chunk = chosen[start : start + _CHUNK]
        attempts = reader.attempts([run.id for run in chunk])
        yield from ((run, attempts[run.id]) for run in chunk)


def _work(reader: Reader, loaded: Loaded, since: date, until: date) -> Iterator[Work]:
    from deployforge_tasks.analytics.costs import Work

    for run, attempts in tries(reader, loaded, since, until):
        seconds: dict[str, float] = {}
        for attempt in attempts:
            seconds[attempt.platform] = seconds.get(attempt.platform, 0.0) + (attempt.seconds or 0.0)
        yield Work(run.version, run.started_at, _took(run, attempts), seconds)


def _took(run: Run, attempts: Sequence[Attempt]) -> float:
    """Seconds by the clock; of a run that was killed, until its last stage that came to an end."""
    ends = [a.started_at + timedelta(seconds=a.seconds) for a in attempts if a.seconds is not None]
    end = run.finished_at or max(ends, default=run.started_at)
    return max(0.0, (end - run.started_at).total_seconds())
