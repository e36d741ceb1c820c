"""Download counts as screens and files show them: every kind of number, gap and reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from deployforge_tasks.analytics.series import (
    Daily,
    Downloads,
    Level,
    PlatformDownloads,
    Released,
    Slice,
    Window,
)
from deployforge_tasks.core.differences import Lump
from deployforge_tasks.core.downloads import Audience, Unit

AT = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 12), date(2026, 11, 25)
READ = AT - timedelta(hours=3)
_OPEN = {LAST: "the day is not over"}


def days(*counts: int | None, reasons: dict[date, str] | None = None, lumps: tuple[Lump, ...] = ()) -> Daily:
    """The days from `FIRST` to `LAST`, of which the last is not over."""
    return Daily(FIRST, (*counts, None), {**_OPEN, **(reasons or {})}, lumps)


_NPM = days(412, 398, 201, 188, 430, 441, 467, 902, 655, 310, 295, 520, 534)
_PYPI = days(
    *[80, 77, 31, 28, 90, None, None, None, 85, 40, 38, 99, 101],
    reasons={date(2026, 11, day): "the source could not be asked: it answered 503" for day in (17, 18, 19)},
)
_GITHUB = days(
    *[12, 9, 4, 7, 15, None, None, 30, 22, 8, 6, 11, 13],
    lumps=(Lump(date(2026, 11, 17), date(2026, 11, 18), 31, "not collected from 2026-11-17 to 2026-11-19: 31 in all"),),
)
_CLICKPY = ("clickpy", "every download that PyPI logged, mirrors and CI machines included")
_STORE = ("snap store", "devices that have the snap on that day, as far as they ask for updates")


def _part(name: str, daily: Daily | None, told: tuple[str, str], total: int | None = None) -> Slice:
    return Slice(name, daily, total, source=told[0], meaning=told[1])


def _device(name: str, *counts: int) -> Slice:
    level = Level(Unit.DEVICES, counts[-1], AT - timedelta(days=2), days(*[None] * (13 - len(counts)), *counts))
    return Slice(name, level=level, source=_STORE[0], meaning=_STORE[1])


PLATFORMS = (
    PlatformDownloads(
        "npm",
        "npm",
        "npm",
        "downloads a day",
        "https://npm.example/hello",
        daily=_NPM,
        counted=104_211,
        versions=tuple(
            Slice(v, window=Window(7, n, READ), source="npm", meaning="by version")
            for v, n in (("1.4.0", 3301), ("1.3.2", 98))
        ),
        read_at=READ,
    ),
    PlatformDownloads(
        "pypi",
        "PyPI",
        "pypistats",
        "downloads without mirrors",
        "https://pypistats.example/hello",
        audience=Audience.NO_MIRRORS,
        daily=_PYPI,
        counted=9_120,
        countries=(
            _part("US", days(*[70] * 13), _CLICKPY),
            _part("DE", days(*[None] * 3, *[31] * 10), _CLICKPY),
            _part("JP", days(*[4] * 13), _CLICKPY),
        ),
        read_at=READ - timedelta(days=6),
        reason="it answered 503",
    ),
    PlatformDownloads(
        "github",
        "GitHub release",
        "github",
        "downloads of programs",
        "https://git.example/hello",
        daily=_GITHUB,
        total=4_208,
        counted=2_050,
        versions=(_part("1.4.0", _GITHUB, ("github", "")), _part("1.3.2", None, ("github", ""), 1_930)),
        targets=(
            _part("linux/amd64", _GITHUB, ("github", ""), 3_000),
            _part("windows/amd64", days(*[2] * 13), ("github", ""), 1_208),
        ),
        read_at=READ,
    ),
    PlatformDownloads(
        "homebrew",
        "Homebrew",
        "homebrew",
        unit=Unit.INSTALLS,
        windows=(Window(30, 1_234, READ), Window(90, 3_456, READ)),
        read_at=READ,
    ),
    PlatformDownloads(
        "snap",
        "Snap Store",
        "snap store",
        unit=Unit.DEVICES,
        daily=days(*[3] * 13),
        counted=188,
        levels=(Level(Unit.DEVICES, 1_204, AT - timedelta(days=2), days(*range(1_193, 1_206))),),
        countries=(_device("DE", 800, 803, 810), _device("FR", 101, 99, 99)),
        read_at=READ,
    ),
    PlatformDownloads("scoop", "Scoop", reason="No counts: Scoop has no statistics; the release's file is counted"),
    PlatformDownloads("aur", "AUR", reason="not collected yet; `deployforge stats` asks for its counts"),
)
RELEASES = (
    Released("1.4.0", datetime(2026, 11, 19, 8, 0, tzinfo=UTC), {"npm": datetime(2026, 11, 19, 8, 0, tzinfo=UTC)}),
)
FOUND = Downloads("hello-forge", "", FIRST, LAST, PLATFORMS, RELEASES)
#: The fourteen days before: half of npm's, and nothing else.
BEFORE = replace(
    FOUND,
    since=date(2026, 10, 29),
    until=date(2026, 11, 11),
    platforms=tuple(
        replace(p, daily=Daily(date(2026, 10, 29), (210,) * 14) if p.platform == "npm" else None) for p in PLATFORMS
    ),
)
