"""Shelves that count: platforms that tell the series a test has put there, through HTTP or from memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.platforms.base import Job
from tests.graph.shelf import Shelf, ShelfOptions

Answer = Callable[[Job[ShelfOptions], date | None], Iterable[Series]]
DAY = timedelta(days=1)


class CountingShelf(Shelf):
    """Tells what `answers` has for it; a shelf that has none publishes no counts."""

    counts = "a shelf counts nothing"
    answers: ClassVar[dict[str, Answer]] = {}
    asked: ClassVar[dict[str, list[date | None]]] = {}
    """The first day that each shelf was asked for, call by call."""
    lock: ClassVar[threading.Lock] = threading.Lock()

    def downloads(self, job: Job[ShelfOptions], since: date | None) -> Iterable[Series]:
        with self.lock:
            self.asked.setdefault(self.name, []).append(since)
        if self.name not in self.answers:
            raise NotImplementedError
        return self.answers[self.name](job, since)


def told(*series: Series) -> Answer:
    """A shelf that always tells the same."""
    return lambda job, since: series


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def daily(counts: Sequence[int], last: date, *, settled: date | None = None, **counter: object) -> Series:
    """A daily counter with these counts, the last one of that day."""
    first = last - (len(counts) - 1) * DAY
    readings = tuple(Reading(midnight(first + n * DAY), count) for n, count in enumerate(counts))
    return Series(_counter(Kind.DAILY, counter), readings, "what was fetched", "http://127.0.0.1/counts", settled)


def total(count: int, at: datetime, **counter: object) -> Series:
    """One reading of a total."""
    return Series(_counter(Kind.TOTAL, counter), (Reading(at, count),), "all fetches", "http://127.0.0.1/counts")


def window(count: int, at: datetime, days: int = 30) -> Series:
    """One reading of a rolling sum."""
    counter = replace(_counter(Kind.WINDOW, {}), window_days=days, headline=False)
    return Series(counter, (Reading(at, count),), "the last days", "http://127.0.0.1/counts")


def _counter(kind: Kind, given: dict[str, object]) -> Counter:
    more = {"source": "shelf", "subject": "hello", "headline": True, **given}
    return Counter(kind=kind, **more)  # type: ignore[arg-type]
