"""The first hours of releases, by the totals that the ledger has of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.operations.runs import reading

if TYPE_CHECKING:
    from deployforge_tasks.analytics.insight import FirstHours
    from deployforge_tasks.analytics.series import Downloads
    from deployforge_tasks.ledger.counted import StoredCounter
    from deployforge_tasks.project.load import Loaded

#: Releases on a platform that are looked at, the newest ones.
_MOST = 400


def first_hours(loaded: Loaded, known: Downloads, *, ledger_url: str | None = None) -> tuple[FirstHours, ...]:
    """The first 24 hours of what came out in the days of `known`, hour by hour, where totals were read meanwhile.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.analytics.first_hours import curves
    from deployforge_tasks.core.downloads import BEFORE_LAUNCH, LAUNCH, Kind, Reading
    from deployforge_tasks.ledger.model import Scope

    names, here = [one.platform for one in known.platforms], Scope(known.project, known.profile)
    counters: dict[str, list[StoredCounter]] = {}
    read: dict[int, list[Reading]] = {}
    with reading(loaded, ledger_url) as reader:
        ours = [one for one in reader.launched(here.project, here.profile) if one[1] in names]
        launched = [one for one in ours if _within(one[2], known.since, known.until)][-_MOST:]
        counted = reader.counted()
        for counter in counted.counters(here, names):
            if counter.counter.kind is Kind.TOTAL:
                counters.setdefault(counter.platform, []).append(counter)
        for first, last in _stretches([at for _, _, at in launched]):
            for number, readings in counted.totals(here, first - BEFORE_LAUNCH, last + LAUNCH, names).items():
                read.setdefault(number, []).extend(readings)
    return curves(launched, known.releases, counters, read)


def _within(at: datetime, since: date, until: date) -> bool:
    return since <= at.astimezone(UTC).date() <= until


def _stretches(moments: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """The moments, those together that are less than two days apart."""
    found: list[tuple[datetime, datetime]] = []
    for at in sorted(moments):
        if found and at - found[-1][1] < timedelta(days=2):
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found
