"""A report on some days: releases, downloads, what they say and what they cost. Typed; the writers are beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from deployforge_tasks.analytics.costs import CostTable
from deployforge_tasks.analytics.insight import Insights
from deployforge_tasks.analytics.periods import change, period
from deployforge_tasks.analytics.series import Downloads, PlatformDownloads
from deployforge_tasks.core.downloads import Unit

#: Ends of a platform in a run that are no failure.
_GOOD = ("published", "skipped", "ok", "waiting", "rolled_back")


@dataclass(frozen=True)
class RunLine:
    """One run of these days: `platforms` has the outcome of each; `outcome` is its own, or its state.

    `reasons` says of each platform that failed which stage did, and why.
    """

    number: int
    version: str
    at: datetime
    outcome: str
    platforms: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The platforms that were not released."""
        return tuple(name for name, outcome in self.platforms.items() if outcome in ("failed", "blocked", "unfinished"))

    @property
    def why(self) -> tuple[str, ...]:
        """The platforms that were not released, each with its reason where one is known."""
        return tuple(f"{name}: {self.reasons[name]}" if name in self.reasons else name for name in self.failed)


@dataclass(frozen=True)
class SuccessLine:
    """How often releasing to one platform ended well: `good` of `ends`; runs in which it was not tried do not count."""

    platform: str
    good: int
    ends: int


@dataclass(frozen=True)
class CountLine:
    """One platform's counts: None is not known; `known` of `days` days are; `change` is against the days before."""

    title: str
    count: int | None
    unit: Unit
    known: int
    days: int
    change: float | None
    total: int | None
    source: str
    meaning: str
    read_at: datetime | None
    reason: str
    url: str = ""


@dataclass(frozen=True)
class Report:
    """What there is to tell of the days from `since` to `until` (both included).

    `insights` is None where the packages for it are missing; `left_out` says what is missing and how to get it.
    """

    project: str
    profile: str
    since: date
    until: date
    made_at: datetime
    downloads: Downloads
    before: Downloads
    costs: CostTable
    runs: tuple[RunLine, ...]
    insights: Insights | None = None
    left_out: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        profile = f" ({self.profile})" if self.profile else ""
        return f"{self.project}{profile}, {self.since} to {self.until}"

    @property
    def counts(self) -> tuple[CountLine, ...]:
        """The platforms, those with the most first."""
        old = {one.platform: one for one in self.before.platforms}
        lines = [_counted(one, old.get(one.platform)) for one in self.downloads.platforms]
        return tuple(sorted(lines, key=lambda line: (-(line.count or 0), line.title)))

    @property
    def sums(self) -> Mapping[Unit, int]:
        """What platforms that count the same have together; rolling sums and levels are in none."""
        found: Counter[Unit] = Counter()
        for line in self.counts:
            if line.count is not None:
                found[line.unit] += line.count
        return found

    @property
    def success(self) -> tuple[SuccessLine, ...]:
        """The platforms that were tried in these days, those that failed most often first."""
        ends: dict[str, list[str]] = {}
        for run in self.runs:
            for name, outcome in run.platforms.items():
                if outcome in (*_GOOD, "failed"):
                    ends.setdefault(name, []).append(outcome)
        lines = [SuccessLine(name, sum(end in _GOOD for end in told), len(told)) for name, told in ends.items()]
        return tuple(sorted(lines, key=lambda line: (line.good / line.ends, line.platform)))

    @property
    def success_basis(self) -> str:
        """Where the ends of platforms are from, and of when."""
        return f"By the ledger, up to {self.made_at:%Y-%m-%d %H:%M} UTC; where it was not tried does not count"

    @property
    def costs_basis(self) -> str:
        """Where minutes and prices are from, and of when."""
        days = f"{self.costs.since} to {self.costs.until}"
        return f"Minutes measured in one's own runs from {days}, at the prices of `costs:` in `deployforge.yml`"

    @property
    def units(self) -> tuple[Downloads, ...]:
        """The downloads, apart for each unit, the largest first: pulls are never laid on downloads."""
        ordered = sorted(self.sums, key=lambda unit: -self.sums[unit])
        mine = [tuple(one for one in self.downloads.platforms if one.unit is unit) for unit in ordered]
        return tuple(replace(self.downloads, platforms=platforms) for platforms in mine)

    @property
    def released(self) -> tuple[str, ...]:
        """The versions that were released on some platform in these days."""
        done = [run.version for run in self.runs if "published" in run.platforms.values()]
        return tuple(dict.fromkeys(reversed(done)))


def summary(report: Report) -> Iterator[str]:
    """The few sentences that stand at the top."""
    sums = " and ".join(unit.counted(count) for unit, count in report.sums.items())
    was = "was" if list(report.sums.values()) == [1] else "were"
    yield f"{sums} {was} counted" if sums else "Nothing was counted"
    released = report.released
    yield f"released: {', '.join(released)}" if released else "nothing was released"
    if failed := [run for run in report.runs if run.failed]:
        named = ", ".join(f"run {run.number} ({', '.join(run.failed)})" for run in failed[:3])
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        yield f"not everywhere: {named}{more}"


def _counted(now: PlatformDownloads, before: PlatformDownloads | None) -> CountLine:
    days = period(now.daily)
    return CountLine(
        now.title,
        days.count,
        now.unit,
        days.known,
        days.days,
        change(before.daily if before else None, now.daily),
        now.total,
        now.source,
        now.meaning,
        now.read_at,
        now.reason,
        now.url,
    )
