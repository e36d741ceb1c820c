"""What releasing costs: minutes of one's own runs, storage, traffic and fees, by platform and by release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from deployforge_tasks.analytics.claims import MONTH
from deployforge_tasks.analytics.frame import published_on
from deployforge_tasks.analytics.series import Downloads, PlatformDownloads
from deployforge_tasks.core.downloads import Unit
from deployforge_tasks.project.schema_analytics import Costs, PlatformCosts

_GIGABYTE = 1e9


@dataclass(frozen=True)
class Work:
    """One run: its version, how long it took by the clock, and the seconds that each platform's stages took in it."""

    version: str
    at: datetime
    seconds: float
    platforms: Mapping[str, float]

    def minutes(self, platform: str) -> float:
        """A platform's part of the run: stages run side by side, but the clock is what is paid."""
        whole = sum(self.platforms.values())
        return self.seconds / 60 * self.platforms.get(platform, 0.0) / whole if whole else 0.0


@dataclass(frozen=True)
class Size:
    """What was packaged of a version for a platform: how many files, and their bytes together."""

    pieces: int
    bytes: int


@dataclass(frozen=True)
class Amounts:
    """Sums of money by cause; None: not known (`PlatformCost.notes` says why)."""

    minutes: float
    ci: float
    fees: float
    storage: float | None = 0.0
    traffic: float | None = 0.0

    @property
    def total(self) -> float:
        """All that is known together."""
        return self.ci + self.fees + (self.storage or 0.0) + (self.traffic or 0.0)


@dataclass(frozen=True)
class PlatformCost:
    """What one platform cost in the time.

    `downloads` are those of the days that are known (None: none is), `known` is the part of all days that these are.
    """

    platform: str
    title: str
    amounts: Amounts
    releases: int
    downloads: int | None
    unit: Unit
    notes: tuple[str, ...] = ()
    known: float = 1.0

    @property
    def compared(self) -> float:
        """The cost of the days that are known: what their downloads are compared with."""
        return self.amounts.total * self.known

    @property
    def per_thousand(self) -> float | None:
        """The cost of a thousand downloads (or of whatever `unit` says), over the days that are known."""
        return 1000 * self.compared / self.downloads if self.downloads else None


@dataclass(frozen=True)
class ReleaseCost:
    """What one version cost: its minutes and the fees for a release, and both by platform."""

    version: str
    minutes: float
    amount: float
    platforms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CostTable:
    """What was spent from `since` to `until`; `monthly` is the mean of a month, `budget` what a month may cost."""

    project: str
    profile: str
    since: date
    until: date
    currency: str
    platforms: tuple[PlatformCost, ...]
    releases: tuple[ReleaseCost, ...]
    monthly: float
    budget: float | None
    priced: bool

    @property
    def total(self) -> float:
        """All of it."""
        return sum(one.amounts.total for one in self.platforms)


def cost_table(
    downloads: Downloads, prices: Costs, runs: Sequence[Work], sizes: Mapping[tuple[str, str], Size]
) -> CostTable:
    """Put prices on what was measured.

    Args:
        downloads: the counts of the time.
        prices: the configuration's ``costs:``.
        runs: the runs of the time.
        sizes: by platform and version, what packages were measured.
    """
    platforms = tuple(_platform(one, downloads, prices, runs, sizes) for one in downloads.platforms)
    days = (downloads.until - downloads.since).days + 1
    total = sum(one.amounts.total for one in platforms)
    return CostTable(
        downloads.project,
        downloads.profile,
        downloads.since,
        downloads.until,
        prices.currency,
        platforms,
        _releases(downloads, prices, runs),
        total / (days / MONTH),
        prices.budget,
        bool(prices.minute or prices.platforms),
    )


def _platform(
    known: PlatformDownloads,
    downloads: Downloads,
    prices: Costs,
    runs: Sequence[Work],
    sizes: Mapping[tuple[str, str], Size],
) -> PlatformCost:
    name, own = known.platform, prices.platforms.get(known.platform, PlatformCosts())
    months = ((downloads.until - downloads.since).days + 1) / MONTH
    days = [published_on(release, name) for release in downloads.releases]
    releases = sum(day is not None and downloads.since <= day <= downloads.until for day in days)
    minutes = sum(run.minutes(name) for run in runs)
    count = known.daily.sum if known.daily else None
    notes: list[str] = []
    amounts = Amounts(
        minutes,
        minutes * prices.minute,
        own.monthly * months + own.yearly * months / 12 + own.release * releases,
        _storage(name, own, downloads, sizes, notes) if own.storage else 0.0,
        _traffic(name, own, count, sizes, notes) if own.traffic else 0.0,
    )
    return PlatformCost(
        name, known.title, amounts, releases, count, known.unit, tuple(notes), _known_days(known) / (months * MONTH)
    )


def _known_days(known: PlatformDownloads) -> int:
    """Days of which the sum is known, one by one or together."""
    if known.daily is None:
        return 0
    lumps = sum((lump.last - lump.first).days + 1 for lump in known.daily.lumps if lump.count is not None)
    return sum(count is not None for count in known.daily.counts) + lumps


def _storage(
    name: str, own: PlatformCosts, downloads: Downloads, sizes: Mapping[tuple[str, str], Size], notes: list[str]
) -> float | None:
    """Every version that was measured, from its release to the end of the time."""
    begin = datetime.combine(downloads.since, time(), UTC)
    end = datetime.combine(downloads.until + timedelta(days=1), time(), UTC)
    amount, measured, there = 0.0, 0, 0
    for release in downloads.releases:
        at = release.platforms.get(name)
        if at is None or at >= end:
            continue
        there += 1
        if size := sizes.get((name, release.version)):
            measured += 1
            months = (end - max(at, begin)).total_seconds() / 86400 / MONTH
            amount += size.bytes / _GIGABYTE * months * own.storage
    if measured < there:
        notes.append(f"storage: {there - measured} of {there} releases were packaged before sizes were noted")
    return amount if measured or not there else None


def _traffic(
    name: str,
    own: PlatformCosts,
    count: int | None,
    sizes: Mapping[tuple[str, str], Size],
    notes: list[str],
) -> float | None:
    """Every counted download takes one file of a mean size."""
    mine = [size for (platform, _), size in sizes.items() if platform == name and size.pieces]
    if count is None or not mine:
        notes.append("traffic: no counts" if count is None else "traffic: no package of it was measured yet")
        return None
    mean = sum(size.bytes for size in mine) / sum(size.pieces for size in mine)
    return count * mean / _GIGABYTE * own.traffic


def _releases(downloads: Downloads, prices: Costs, runs: Sequence[Work]) -> tuple[ReleaseCost, ...]:
    names = [one.platform for one in downloads.platforms]
    versions = list(dict.fromkeys(run.version for run in sorted(runs, key=lambda run: run.at, reverse=True)))
    made = []
    for version in versions:
        mine = [run for run in runs if run.version == version]
        published = {
            name
            for release in downloads.releases
            if release.version == version
            for name in release.platforms
            if (day := published_on(release, name)) and downloads.since <= day <= downloads.until
        }
        parts = {
            name: sum(run.minutes(name) for run in mine) * prices.minute
            + (prices.platforms.get(name, PlatformCosts()).release if name in published else 0.0)
            for name in names
        }
        minutes = sum(run.minutes(name) for run in mine for name in names)
        made.append(ReleaseCost(version, minutes, sum(parts.values()), {n: a for n, a in parts.items() if a}))
    return tuple(made)
