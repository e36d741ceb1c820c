"""Download counts as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployforge_tasks.analytics.periods import change, period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from deployforge_tasks.analytics.series import Daily, Downloads, Level, PlatformDownloads, Slice, Window
    from deployforge_tasks.operations.stats import Collected
    from deployforge_tasks.operations.stats_import import Imported


def as_json(now: Downloads, before: Downloads, collected: Collected | None) -> dict[str, Any]:
    """What is known, and how asking ended (null when nobody was asked)."""
    old = {platform.platform: platform.daily for platform in before.platforms}
    return {
        "project": now.project,
        "profile": now.profile,
        "since": now.since.isoformat(),
        "until": now.until.isoformat(),
        "collected": collected_json(collected)["platforms"] if collected else None,
        "platforms": [_platform(platform, old[platform.platform]) for platform in now.platforms],
        "releases": [
            {
                "version": released.version,
                "at": released.at.isoformat(),
                "platforms": {name: at.isoformat() for name, at in released.platforms.items()},
            }
            for released in now.releases
        ],
    }


def collected_json(collected: Collected) -> dict[str, Any]:
    """How asking ended."""
    return {
        "project": collected.project,
        "profile": collected.profile,
        "platforms": [
            {
                "name": p.platform,
                "outcome": p.outcome,
                "reason": p.reason,
                "series": p.series,
                "at": _moment(p.at),
                "error": p.error.as_json() if p.error else None,
            }
            for p in collected.platforms
        ],
    }


def imported_json(found: Sequence[Imported]) -> dict[str, Any]:
    """What was taken over from files."""
    return {
        "files": [
            {
                "file": str(one.file),
                "at": one.at.isoformat(),
                "taken": [
                    {
                        "field": t.field,
                        "platform": t.platform,
                        "kind": t.kind,
                        "count": t.count,
                        "new": t.new,
                        "first": t.first.isoformat() if t.first else None,
                        "last": t.last.isoformat() if t.last else None,
                        "parts": t.parts,
                    }
                    for t in one.taken
                ],
                "left_out": [{"field": left.field, "reason": left.reason} for left in one.left_out],
            }
            for one in found
        ]
    }


def _platform(platform: PlatformDownloads, before: Daily | None) -> dict[str, Any]:
    now = period(platform.daily)
    return {
        "name": platform.platform,
        "title": platform.title,
        "unit": str(platform.unit),
        "audience": str(platform.audience),
        "source": platform.source or None,
        "meaning": platform.meaning,
        "url": platform.url or None,
        "read_at": _moment(platform.read_at),
        "reason": platform.reason,
        "count": now.count,
        "days": now.days,
        "days_known": now.known,
        "change": change(before, platform.daily),
        "total": platform.total,
        "counted": platform.counted,
        "daily": _daily(platform.daily),
        "windows": [_window(window) for window in platform.windows],
        "levels": [_level(level) for level in platform.levels],
        "versions": [_part(part) for part in platform.versions],
        "targets": [_part(part) for part in platform.targets],
        "countries": [_part(part) for part in platform.countries],
        "audiences": [_part(part) for part in platform.audiences],
    }


def _part(part: Slice) -> dict[str, Any]:
    return {
        "name": part.name,
        "source": part.source or None,
        "meaning": part.meaning,
        "count": period(part.daily).count,
        "total": part.total,
        "daily": _daily(part.daily),
        "level": _level(part.level) if part.level else None,
        "window": _window(part.window) if part.window else None,
    }


def _window(window: Window) -> dict[str, Any]:
    return {"days": window.days, "count": window.count, "at": window.at.isoformat()}


def _level(level: Level) -> dict[str, Any]:
    at = level.at.isoformat()
    return {"unit": str(level.unit), "count": level.count, "at": at, "daily": _daily(level.days)}


def _daily(daily: Daily | None) -> dict[str, Any] | None:
    if daily is None:
        return None
    return {
        "first": daily.first.isoformat(),
        "counts": list(daily.counts),
        "reasons": {day.isoformat(): reason for day, reason in daily.reasons.items()},
        "sums": [
            {
                "first": lump.first.isoformat(),
                "last": lump.last.isoformat(),
                "count": lump.count,
                "reason": lump.reason,
            }
            for lump in daily.lumps
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
