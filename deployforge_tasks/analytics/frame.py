"""Daily counts as the models read them: a gap is a missing value, never zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

from deployforge_tasks.analytics.series import PlatformDownloads, Released
from deployforge_tasks.core.downloads import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

#: The day before a day of publishing, and the days after it, are told apart up to this lag.
_AFTER = 6


@dataclass(frozen=True, eq=False)
class Frame:
    """Successive days of one platform (compared by identity).


    `counts` has a nan where nothing is known; `published` is the number of versions that came out there on each day,
    with `_AFTER` days before the first one; `lumped` the place of the last day that is known only in a sum with others
    that is not zero (-1: there is none; it may lie behind the last count).
    """

    platform: str
    title: str
    unit: Unit
    first: date
    counts: Numbers
    published: Numbers
    url: str = ""
    lumped: int = -1

    @property
    def seen(self) -> Numbers:
        """Which days have a count."""
        import numpy as np

        known: Numbers = ~np.isnan(self.counts)
        return known

    @property
    def known(self) -> int:
        """How many days have a count."""
        return int(self.seen.sum())

    @property
    def total(self) -> int:
        """The sum of the days that have one."""
        return int(self.counts[self.seen].sum())

    def day(self, number: int) -> date:
        """The date of the day with that index."""
        return self.first + timedelta(days=int(number))

    @property
    def days(self) -> set[date]:
        """The days that have a count."""
        return {self.day(int(number)) for number in self.seen.nonzero()[0]}

    def mean(self, days: Collection[date]) -> float:
        """The mean of these days, all of which have a count."""
        return float(self.counts[[(day - self.first).days for day in days]].mean()) if days else 0.0

    def versions(self, lag: int = 0) -> Numbers:
        """The versions that came out `lag` days before each day."""
        end = len(self.published) - lag
        return self.published[end - len(self.counts) : end]


def frame(platform: PlatformDownloads, releases: Sequence[Released]) -> Frame | None:
    """A platform's headline days, from its first count that is not zero to its last; None where it has none."""
    import numpy as np

    counts = platform.daily.counts if platform.daily else ()
    start = next((number for number, count in enumerate(counts) if count), None)
    if platform.daily is None or start is None:
        return None
    first = platform.daily.first + timedelta(days=start)
    end = max(number for number, count in enumerate(counts) if count is not None) + 1
    values = np.array([np.nan if count is None else float(count) for count in counts[start:end]])
    came = Counter(day for release in releases if (day := published_on(release, platform.platform)))
    published = np.array([came[first + timedelta(days=n)] for n in range(-_AFTER, len(values))], dtype=float)
    lumped = max(((lump.last - first).days for lump in platform.daily.lumps if lump.count), default=-1)
    return Frame(platform.platform, platform.title, platform.unit, first, values, published, platform.url, lumped)


def published_on(release: Released, platform: str) -> date | None:
    """The day (UTC) on which a platform first had a version, None where it never had it."""
    at = release.platforms.get(platform)
    return at.astimezone(UTC).date() if at else None
