"""Counted downloads: what the places that users install from tell about how often that happens.

A number is worth what is known about it: who says it, what it counts, and of when it is. A source that fails says
nothing; nothing is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

#: Ends the name of a source whose numbers somebody took over from a file: it is not asked, so that nothing is known of
#: what it would tell today.
EXPORT = "export"

#: Bytes of UTF-8 that a name in a counter may have: the index of a database holds all of them together.
_LONGEST_NAME = 500

#: For so long after a version came out somewhere totals are read every hour there, and each reading is kept: a day, and
#: what it takes to see its end.
LAUNCH = timedelta(hours=26)
#: What was read so long before a release says where its first hours begin.
BEFORE_LAUNCH = timedelta(hours=2)


class Kind(StrEnum):
    """How a counter counts."""

    #: What happened on that day (UTC).
    DAILY = "daily"
    #: All that ever happened, as read at that moment; days come from the difference of two readings.
    TOTAL = "total"
    #: What happened in the last `window_days` days before the reading; never added to anything.
    WINDOW = "window"
    #: How many there are at that moment (installed devices, votes); never added to anything.
    LEVEL = "level"


class Unit(StrEnum):
    """What is counted."""

    DOWNLOADS = "downloads"
    INSTALLS = "installs"
    PULLS = "pulls"
    DEVICES = "devices"
    VOTES = "votes"

    def counted(self, count: int) -> str:
        """``1 download``, ``1,234 downloads``."""
        return f"{count:,} {self.removesuffix('s') if count == 1 else self}"


class Audience(StrEnum):
    """Whose downloads a counter holds, as far as its source can tell them apart."""

    #: Everybody: people, CI machines, mirrors and robots.
    ALL = "all"
    #: Without mirrors (people and CI machines).
    NO_MIRRORS = "no mirrors"
    #: Only CI machines.
    CI = "ci"
    #: Only people that have agreed to be counted.
    OPTED_IN = "opted in"


@dataclass(frozen=True)
class Counter:
    """One counter of one source.

    Fields: `source` who tells it (``npm``, ``pypistats``); `subject` what is counted, in the source's words (a package,
    an image, a release file); `version`, `target` (``linux/amd64``) and `country` (ISO 3166-1, two letters) are "" for
    all of them together; `window_days` the length of a `WINDOW`; `headline` says that it is part of its platform's one
    figure: the headline counters of a platform never hold the same download twice.
    """

    source: str
    subject: str
    kind: Kind
    unit: Unit = Unit.DOWNLOADS
    audience: Audience = Audience.ALL
    version: str = ""
    target: str = ""
    country: str = ""
    window_days: int = 0
    headline: bool = False

    @property
    def is_exported(self) -> bool:
        """Whether its numbers were taken over from a file."""
        return self.source.endswith(f" {EXPORT}")


def is_name(text: str) -> bool:
    """Whether every ledger can hold it in a counter: PostgreSQL has no NUL, and half a surrogate is no UTF-8."""
    try:
        return "\0" not in text and len(text.encode("utf-8")) <= _LONGEST_NAME
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True)
class Reading:
    """A number with its time: midnight (UTC) of the day for `DAILY` and for a `LEVEL` that a source tells of past
    days, otherwise the moment at which it was read; of a `TOTAL` that is known to end earlier, that moment.
    """

    at: datetime
    count: int


@dataclass(frozen=True)
class Gap:
    """Days, both included, of which nothing is known, or only their sum `count`, and why."""

    first: date
    last: date
    reason: str
    count: int | None = None


@dataclass(frozen=True)
class Series:
    """What a source told about one counter, oldest reading first.

    Fields: `meaning` is what the number says and what it does not, in one sentence for people; `url` where it was read;
    `settled` the last day that the source will not change any more (None: every reading is final).
    """

    counter: Counter
    readings: tuple[Reading, ...]
    meaning: str
    url: str
    settled: date | None = None
    gaps: tuple[Gap, ...] = ()
