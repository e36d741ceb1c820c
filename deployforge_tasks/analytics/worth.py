"""What the costs say: the budget, what is dear for what it brings, and what could be added."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

from deployforge_tasks.analytics.claims import COUNTED, Answers, percent
from deployforge_tasks.analytics.costs import CostTable, PlatformCost
from deployforge_tasks.analytics.insight import Fact, Insight, Kind, Unknown
from deployforge_tasks.analytics.periods import sizes
from deployforge_tasks.analytics.series import Downloads, PlatformDownloads
from deployforge_tasks.core.downloads import Unit

#: What "dear" needs: days, the part of them that is known, releases, other platforms, and how many times dearer.
_DAYS, _KNOWN, _RELEASES, _OTHERS, _DEARER = 90, 0.8, 2, 2, 10.0
#: And the part of all costs that it makes.
_PART = 0.05
#: Downloads for one operating system, and their part, from which its package managers are worth a thought.
_WANTED, _SHARE = 200, 0.15
#: Which platforms people of an operating system install programs from, besides a language's own packages.
MANAGERS = {
    "darwin": ("homebrew",),
    "linux": ("snap", "aur", "homebrew"),
    "windows": ("scoop", "chocolatey"),
}
_OS_NAMES = {"darwin": "macOS", "linux": "Linux", "windows": "Windows"}
_FILES = "github"


def money(amount: float, currency: str) -> str:
    """``12.40 USD``."""
    return f"{amount:,.2f} {currency}"


def costs(table: CostTable) -> Answers:
    """What all of it costs, against the budget, and by the thousand downloads."""
    if not table.priced:
        return Answers(unknown=(Unknown(Kind.COST, (), "no prices: `costs:` in deployforge.yml names them"),))
    if not table.total:
        return Answers(unknown=(Unknown(Kind.COST, (), "nothing was spent: no run, no fee in these days"),))
    monthly, budget = money(table.monthly, table.currency), table.budget
    told, weight = f"Releasing costs about {monthly} a month", 0.3
    if budget is not None:
        over = table.monthly > budget
        told += f", {'more than' if over else 'within'} the budget of {money(budget, table.currency)}"
        weight = 0.9 if over else 0.3
    dearest = max(table.platforms, key=lambda one: one.amounts.total, default=None)
    facts = [Fact("all together", round(table.total, 2), table.currency)]
    facts += [Fact("budget a month", budget, table.currency)] if budget is not None else []
    facts += [Fact("minutes of runs", round(sum(one.amounts.minutes for one in table.platforms), 1))]
    facts += [Fact("days", (table.until - table.since).days + 1)]
    if dearest is not None and dearest.amounts.total:
        facts.append(Fact(f"of it {dearest.platform}", round(dearest.amounts.total, 2), table.currency))
    caution = "every run counts, also those on machines whose minutes cost nothing"
    caution = caution if any(one.amounts.ci for one in table.platforms) else ""
    return Answers((Insight(Kind.COST, told, (), tuple(facts), COUNTED, weight, caution),))


def dear(table: CostTable) -> Answers:
    """Platforms that cost many times what the others do for what was counted there, beyond what chance explains."""
    if not table.priced or (table.until - table.since).days + 1 < _DAYS:
        return Answers()
    able = [one for one in table.platforms if one.known >= _KNOWN and one.releases >= _RELEASES]
    said = [_dear(one, [o for o in able if o is not one and o.unit is one.unit], table) for one in able]
    return Answers(tuple(one for one in said if one))


def _dear(one: PlatformCost, others: Sequence[PlatformCost], table: CostTable) -> Insight | None:
    rates = [other.per_thousand for other in others if other.per_thousand is not None]
    if len(rates) < _OTHERS or one.amounts.total < _PART * table.total or one.downloads is None:
        return None
    usual = median(rates)
    most = _at_most(one.downloads)
    if usual <= 0 or 1000 * one.compared / most < _DEARER * usual:
        return None
    amount, currency, unit = one.compared, table.currency, str(one.unit)
    days = round(((table.until - table.since).days + 1) * one.known)
    return Insight(
        Kind.DROP,
        f"{one.title} is dear for what it brings: {money(amount, currency)} for {one.unit.counted(one.downloads)} "
        f"in {days} days; the others cost {money(usual, currency)} for a thousand",
        (one.platform,),
        (
            Fact("cost", round(amount, 2), currency),
            Fact("counted", one.downloads, unit),
            Fact("chance could hide at most", round(most), unit),
            Fact("the others, for a thousand", round(usual, 2), currency),
            Fact("others", len(rates)),
            Fact("releases", one.releases),
        ),
        COUNTED,
        weight=0.7,
        caution="who installs from there may have no other way, and counts say nothing about who they are",
    )


def _at_most(count: int) -> float:
    """The largest mean that still gives as few counts in one of a thousand cases (Poisson, exact)."""
    from scipy import stats

    return float(stats.chi2.ppf(0.999, 2 * (count + 1)) / 2)


def missing(downloads: Downloads, served: Collection[str]) -> Answers:
    """Operating systems whose users fetch release files, and for which no package manager is served.

    Args:
        downloads: the counts.
        served: the enabled platforms.
    """
    files = next((one for one in downloads.platforms if one.platform == _FILES), None)
    if files is None or files.unit is not Unit.DOWNLOADS:
        return Answers()
    by_os: dict[str, int] = {}
    for part, size in zip(files.targets, sizes(files.targets), strict=True):
        by_os[part.name.split("/")[0]] = by_os.get(part.name.split("/")[0], 0) + size
    whole = sum(by_os.values())
    said = []
    for os, count in by_os.items():
        managers = MANAGERS.get(os, ())
        if managers and not set(managers) & set(served) and count >= _WANTED and count >= _SHARE * whole:
            said.append(_add(files, os, count, whole))
    return Answers(tuple(said))


def _add(files: PlatformDownloads, os: str, count: int, whole: int) -> Insight:
    names = " or ".join(MANAGERS[os])
    return Insight(
        Kind.ADD,
        f"{percent(count / whole)} of the release files fetched from {files.title} are for {_OS_NAMES[os]}, and no "
        f"package manager of that system is served: {names} could be",
        (files.platform,),
        (
            Fact(f"for {_OS_NAMES[os]}", count, str(files.unit), files.url),
            Fact("for every system", whole, str(files.unit)),
        ),
        COUNTED,
        weight=0.5,
        caution="CI machines and package managers fetch release files too; a download is no wish for a package",
    )


def geography(downloads: Downloads) -> Answers:
    """Countries, where a source knows them; everywhere else the answer is that it does not publish them."""
    said, silent = [], []
    for platform in downloads.platforms:
        names = [part.name for part in platform.countries]
        sized = zip(sizes(platform.countries), names, strict=True)
        counts = sorted(((size, name) for size, name in sized if size), reverse=True)
        whole = sum(count for count, _ in counts)
        if whole:
            said.append(_countries(platform, counts, whole))
        elif platform.source:
            silent.append(platform.platform)
    unknown = (Unknown(Kind.GEOGRAPHY, tuple(silent), "not published by this source"),) if silent else ()
    return Answers(tuple(said), unknown)


def _countries(platform: PlatformDownloads, counts: Sequence[tuple[int, str]], whole: int) -> Insight:
    first = ", ".join(f"{name} {percent(count / whole)}" for count, name in counts[:3])
    where = "country" if len(counts) == 1 else "countries"
    part = platform.countries[0]
    unit = part.level.unit if part.level else platform.unit
    whose = f"{platform.title}'" if platform.title.endswith("s") else f"{platform.title}'s"
    said = "" if part.source in ("", platform.source) else f"told by {part.source}: {part.meaning}; "
    return Insight(
        Kind.GEOGRAPHY,
        f"{whose} {unit} come from {len(counts)} {where}: {first}",
        (platform.platform,),
        tuple(Fact(name, count, str(unit), part.url or platform.url) for count, name in counts[:5]),
        COUNTED,
        weight=0.3,
        caution=f"{said}a machine's address tells where it stands; CI machines stand in few countries",
    )
