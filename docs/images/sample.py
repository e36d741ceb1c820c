"""Half a year of download counts of a project that does not exist, the same numbers every time.

The counts rise, rest on weekends and jump after each release; Docker Hub has a gap of nine days. What is expected of
the next days is made up, too: what a model says changes with the version of its library.

The charts made of this have the same bytes on every day. That is why it is no part of `sample_past`: a dashboard shows
the days before now, so that the days there are counted back from now.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

from deployforge_tasks.analytics.insight import Forecast, ForecastDay, Launch
from deployforge_tasks.analytics.series import Daily, Downloads, PlatformDownloads, Released, Slice
from deployforge_tasks.core.downloads import Unit

SEED = 1
SINCE, UNTIL = date(2026, 4, 1), date(2026, 6, 28)
DAYS = (UNTIL - SINCE).days + 1
RELEASES = {
    "1.4.0": date(2026, 3, 20),
    "1.5.0": date(2026, 4, 14),
    "1.6.0": date(2026, 5, 12),
    "2.0.0": date(2026, 6, 9),
}
#: A day's counts at the beginning and at the end, by platform.
_PLATFORMS = {
    "npm": ("npm", 820, 1210),
    "pypi": ("PyPI", 540, 760),
    "docker": ("Docker", 310, 430),
    "homebrew": ("Homebrew", 150, 260),
    "crates": ("crates.io", 120, 150),
    "vscode": ("VS Code", 60, 140),
}
_GAP = (date(2026, 5, 20), date(2026, 5, 28))
_WEEKEND, _JUMP, _FADES = 0.55, 0.5, 7


def downloads() -> Downloads:
    """Six platforms by day, those of npm also by version."""
    chance = random.Random(SEED)
    platforms = []
    for name, (title, begin, end) in _PLATFORMS.items():
        counts = [_count(chance, place, begin, end) for place in range(DAYS)]
        gap = _GAP if name == "docker" else None
        daily = _daily(counts, gap)
        versions = _versions(counts) if name == "npm" else ()
        platforms.append(PlatformDownloads(name, title, daily=daily, versions=versions))
    released = [Released(version, datetime.combine(day, time(9), UTC)) for version, day in RELEASES.items()]
    return Downloads("hello-forge", "", SINCE, UNTIL, tuple(platforms), tuple(released))


def launches() -> tuple[Launch, ...]:
    """The first week of each release on npm."""
    counts = {
        "1.4.0": (610, 480, 390, 180, 160, 370, 350),
        "1.5.0": (720, 590, 470, 400, 190, 210, 420),
        "1.6.0": (840, 700, 560, 470, 230, 250, 510),
        "2.0.0": (1350, 1120, 910, 760, 360, 380, 800),
    }
    return tuple(Launch("npm", v, RELEASES[v], told, Unit.DOWNLOADS, own=True) for v, told in counts.items())


def forecast() -> Forecast:
    """Four weeks of npm to come; the further away, the less is known."""
    days = []
    for ahead in range(1, 29):
        day = UNTIL + timedelta(days=ahead)
        middle = (1210 + 5 * ahead) * (_WEEKEND if day.weekday() >= 5 else 1.0)
        half = middle * (0.08 + 0.004 * ahead)
        days.append(ForecastDay(day, middle, middle - half, middle + half, middle - 1.55 * half, middle + 1.55 * half))
    return Forecast("npm", Unit.DOWNLOADS, tuple(days), 0.81, 0.94, 56)


def _count(chance: random.Random, place: int, begin: int, end: int) -> int:
    day = SINCE + timedelta(days=place)
    usual = begin + (end - begin) * place / DAYS
    since = min((age for made in RELEASES.values() if (age := (day - made).days) >= 0), default=_FADES)
    jump = 1 + _JUMP * max(0, _FADES - since) / _FADES
    return round(usual * (_WEEKEND if day.weekday() >= 5 else 1.0) * jump * chance.uniform(0.9, 1.1))


def _daily(counts: list[int], gap: tuple[date, date] | None) -> Daily:
    if gap is None:
        return Daily(SINCE, tuple(counts))
    lost = [SINCE + timedelta(days=n) for n in range(DAYS) if gap[0] <= SINCE + timedelta(days=n) <= gap[1]]
    known = [None if SINCE + timedelta(days=n) in lost else count for n, count in enumerate(counts)]
    return Daily(SINCE, tuple(known), dict.fromkeys(lost, "not collected"))


def _versions(counts: list[int]) -> tuple[Slice, ...]:
    """Each version takes over from the one before within some weeks."""
    parts: dict[str, list[int]] = {version: [] for version in RELEASES}
    for place, count in enumerate(counts):
        day, rest = SINCE + timedelta(days=place), count
        for version in reversed(RELEASES):
            age = (day - RELEASES[version]).days
            part = 0 if age < 0 else round(rest * min(0.9, 0.25 + 0.03 * age))
            parts[version].append(part)
            rest -= part
    return tuple(Slice(version, Daily(SINCE, tuple(told)), None) for version, told in parts.items())
