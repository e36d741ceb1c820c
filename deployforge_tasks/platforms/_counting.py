"""Reading download counters: what is not clearly a count is an error, and never a number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from deployforge_tasks.core.downloads import Counter, Gap, Reading, Series
from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Clock

T = TypeVar("T")
#: What a ledger can hold.
_LARGEST = 2**63 - 1


class Timed(Protocol):
    """Whoever knows what time it is: a job, or what a place is asked with."""

    @property
    def clock(self) -> Clock: ...


def service(named: str | None, default: str, *, official: bool, registry: str) -> str:
    """Base URL of the service that counts, without a slash at the end.

    Args:
        named: what the options name.
        default: the public service, which knows only the packages of the public registry.
        official: whether the packages are on that registry.
        registry: where they are, for people.

    Raises:
        NotImplementedError: nobody counts what is on that registry.
    """
    if named:
        return named.rstrip("/")
    if official:
        return default
    counter, where = place(default), place(registry)
    raise NotImplementedError(f"{counter} does not count for {where}; name the service that does with `counts`")


def place(url: str) -> str:
    """The host of a URL, for people, without what somebody may have put before it; another text as it is."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


def count(value: object, url: str) -> int:
    """A count as JSON has it: a whole number that is not negative (``12.0`` is one, too).

    Raises:
        NetworkError: it is anything else.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise odd(url)
    return value


def spelled_count(value: object, url: str) -> int:
    """A count in letters, with or without commas (``1,234``); errors as of `count`."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,3}(,\d{3}){1,6}|\d{1,19}", value):
        raise odd(url)
    return count(int(value.replace(",", "")), url)


def day(value: object, url: str) -> date:
    """A day as ``2026-03-01``; errors as of `count`."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise odd(url)
    return shaped(lambda: date.fromisoformat(value), url)


def objects(value: object, url: str) -> list[dict[str, Any]]:
    """A list of objects; errors as of `count`."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise odd(url)
    return value


def shaped(read: Callable[[], T], url: str) -> T:
    """Read fields of an answer; errors as of `count` where it lacks them."""
    try:
        return read()
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise odd(url) from error


def odd(url: str) -> NetworkError:
    """The error for an answer without the counts that were asked for."""
    return NetworkError(
        f"{place(url)} answered, but not with counts",
        hint="run again later: an outage page may stand in between; nothing was counted",
        code="DF3230",
        url=redactor.text(url),
    )


def daily(
    counter: Counter,
    counts: Mapping[date, int],
    meaning: str,
    url: str,
    *,
    since: date | None = None,
    today: date = date.max,
    settled: date | None = None,
    gap: str = "",
) -> Series:
    """A series of days.

    Args:
        since: earlier days are left out.
        today: so is this one, which is not over.
        settled: the last day that will not change any more.
        gap: why nothing is known of days that lack between the first and the last one.
    """
    days = sorted(d for d in counts if (since is None or d >= since) and d < today)
    gaps = tuple(_gaps(days, gap)) if gap else ()
    return Series(counter, tuple(Reading(midnight(d), counts[d]) for d in days), meaning, url, settled, gaps)


def now(job: Timed, counter: Counter, number: int, meaning: str, url: str) -> Series:
    """A series of the one number that was read now."""
    return Series(counter, (Reading(job.clock.now(), number),), meaning, url)


def today(job: Timed) -> date:
    """The day by universal time, which all sources count by."""
    return job.clock.now().astimezone(UTC).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _gaps(days: list[date], reason: str) -> Iterator[Gap]:
    for before, after in pairwise(days):
        if (after - before).days > 1:
            yield Gap(before + timedelta(days=1), after - timedelta(days=1), reason)
