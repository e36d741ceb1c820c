"""Download counts by day, as everything here reads them: tables, charts, insights and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from deployforge_tasks.core.differences import Lump
from deployforge_tasks.core.downloads import Audience, Unit


@dataclass(frozen=True)
class Daily:
    """Counts of successive days (UTC); None is a day of which nothing is known, `reasons` may say why.

    A reason of a day that has a count begins with ``at least``: some of it is not known, and why.

    `lumps` are successive days among them of which only the sum is known.
    """

    first: date
    counts: tuple[int | None, ...]
    reasons: Mapping[date, str] = field(default_factory=dict)
    lumps: tuple[Lump, ...] = ()

    def __iter__(self) -> Iterator[tuple[date, int | None]]:
        return ((self.first + timedelta(days=number), count) for number, count in enumerate(self.counts))

    @property
    def last(self) -> date:
        """The last day; the day before `first` where there is none."""
        return self.first + timedelta(days=len(self.counts) - 1)

    @property
    def sum(self) -> int | None:
        """What is known of all days together, lumps included; None where nothing is known."""
        known = [count for count in self.counts if count is not None]
        known += [lump.count for lump in self.lumps if lump.count is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class Level:
    """How many there were of something at a moment; it is never added to anything.

    `days` are earlier ones, where the source tells them: never their sum.
    """

    unit: Unit
    count: int
    at: datetime
    days: Daily | None = None


@dataclass(frozen=True)
class Window:
    """A rolling sum as the source tells it; it is never added to anything."""

    days: int
    count: int
    at: datetime


@dataclass(frozen=True)
class Slice:
    """One part of a platform's downloads: a version, a target, a country or an audience.

    It has days or a total; or a `level` or a `window`, where that is all that its source tells. `source meaning url`
    tell where it comes from: parts of another source than the platform's are no parts of the platform's figure.
    """

    name: str
    daily: Daily | None = None
    total: int | None = None
    level: Level | None = None
    window: Window | None = None
    source: str = ""
    meaning: str = ""
    url: str = ""


@dataclass(frozen=True)
class PlatformDownloads:
    """What is known of one platform.

    Fields: `daily` the headline figure by day; None where days cannot be told. `total` all that the source has ever
    counted, None where it does not tell. `counted` all days together that we know, also those outside of `daily`.
    `windows` its rolling sums, `levels` what there is of something (devices, votes). `versions targets countries
    audiences` parts, as far as the source has them. `source meaning url unit audience` where the numbers come from and
    what they say; `read_at` when they were read. `reason` why there are none, or why the last try failed.
    """

    platform: str
    title: str
    source: str = ""
    meaning: str = ""
    url: str = ""
    unit: Unit = Unit.DOWNLOADS
    audience: Audience = Audience.ALL
    daily: Daily | None = None
    total: int | None = None
    counted: int | None = None
    windows: tuple[Window, ...] = ()
    levels: tuple[Level, ...] = ()
    versions: tuple[Slice, ...] = ()
    targets: tuple[Slice, ...] = ()
    countries: tuple[Slice, ...] = ()
    audiences: tuple[Slice, ...] = ()
    read_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Released:
    """A version with the moment at which each platform first had it, by the ledger."""

    version: str
    at: datetime
    platforms: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Downloads:
    """Everything that is known of a project's downloads from `since` to `until` (days, both included)."""

    project: str
    profile: str
    since: date
    until: date
    platforms: tuple[PlatformDownloads, ...]
    releases: tuple[Released, ...] = ()
