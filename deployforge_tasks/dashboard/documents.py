"""The documents of the JSON API. Times are ISO 8601 in UTC, durations seconds."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from deployforge_tasks.core.downloads import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployforge_tasks.analytics.series import Downloads, PlatformDownloads
    from deployforge_tasks.operations.overview import Overview, Row
    from deployforge_tasks.operations.runs import RunView

Status = Literal["pending", "deploying", "success", "failed", "skipped"]
_STATUS: Mapping[str, Status] = {
    "published": "success",
    "ok": "success",
    "running": "deploying",
    "failed": "failed",
    "blocked": "failed",
    "unfinished": "failed",
    "skipped": "skipped",
    "rolled_back": "skipped",
}
#: What happens each time that somebody gets the program: such counts may be added to one another.
_ADDABLE = (Unit.DOWNLOADS, Unit.INSTALLS, Unit.PULLS)


class PlatformCard(BaseModel):
    """One platform. `progress` is in percent; `logs` its newest lines, empty for those who may not read logs."""

    status: Status
    progress: float
    logs: list[str]
    duration: float
    error: str | None = None


class TimeSeriesData(BaseModel):
    """Downloads of one day (UTC), by platform; a platform of which that day is not known is left out."""

    date: date
    downloads: int
    by_platform: dict[str, int]


class Analytics(BaseModel):
    """Downloads. The total is the sum of `downloads_by_platform`; `/api/v1/downloads` says what each of them is."""

    total_downloads: int
    downloads_by_platform: dict[str, int]
    downloads_over_time: list[TimeSeriesData]


class DeploymentRun(BaseModel):
    """One run; `outcome` is null until it ends."""

    run: int
    version: str
    profile: str
    command: str
    state: str
    outcome: str | None
    exit_code: int | None
    started_at: datetime
    duration: float
    actor: str | None
    platforms: dict[str, str]


class DeploymentDashboard(BaseModel):
    """Everything that a dashboard shows."""

    platforms: dict[str, PlatformCard]
    analytics: Analytics
    history: list[DeploymentRun]


class LogLine(BaseModel):
    """One line of a log; `number` grows in the order of the run."""

    number: int
    at: datetime
    platform: str | None
    stage: str | None
    level: str
    text: str


class PlatformState(BaseModel):
    """What a platform has. `live` is the version that users get, `live_by` who says so: look, records, or nobody."""

    platform: str
    title: str
    wanted: str
    live: str
    live_by: str
    presence: str
    behind: int
    drift: str
    page: str


class StatusDocument(BaseModel):
    """What the platforms told when they were asked last: `asked_at`, null if that was never."""

    asked_at: datetime | None
    platforms: list[PlatformState]


class Counted(BaseModel):
    """Downloads of one platform.

    `lifetime` is the number that counts in the total, null if none may be added; `basis` says what it is: `total` (all
    that the source ever counted), `days` (all days that are known), or `none`. `windows` are rolling sums of so many
    days; they are never added to anything.
    """

    platform: str
    lifetime: int | None
    basis: Literal["total", "days", "none"]
    unit: str
    audience: str
    source: str
    meaning: str
    windows: dict[str, int]
    days: dict[date, int]
    reason: str


class DownloadsDocument(BaseModel):
    """Downloads from `since` to `until`, both included."""

    since: date
    until: date
    total_downloads: int
    platforms: list[Counted]


def card(row: Row, logs: list[str]) -> PlatformCard:
    """A row of the overview as the interface has it; without `error` where nothing went wrong."""
    told = row.now
    error = {"error": told.error} if told and told.error else {}
    return PlatformCard(
        status=_STATUS.get(row.state, "pending"),
        progress=round(100 * told.progress, 1) if told else 0.0,
        logs=logs,
        duration=round(told.seconds, 3) if told else 0.0,
        **error,
    )


def run_document(run: RunView) -> DeploymentRun:
    """A run of the list."""
    return DeploymentRun(
        run=run.number,
        version=run.version,
        profile=run.profile,
        command=run.command,
        state=run.state,
        outcome=run.outcome,
        exit_code=run.exit_code,
        started_at=run.started_at,
        duration=round(run.seconds, 3),
        actor=run.actor,
        platforms=dict(run.platforms),
    )


def status_document(found: Overview) -> StatusDocument:
    """What users get, as far as that is known."""
    fields = ("platform", "title", "wanted", "live", "live_by", "presence", "behind", "drift", "page")
    rows = [PlatformState(**{name: getattr(row, name) for name in fields}) for row in found.rows]
    return StatusDocument(asked_at=found.looked_at, platforms=rows)


def downloads_document(found: Downloads) -> DownloadsDocument:
    """The counts with what they are."""
    platforms = [_counted(one) for one in found.platforms]
    return DownloadsDocument(
        since=found.since, until=found.until, total_downloads=total(platforms), platforms=platforms
    )


def analytics(found: Downloads) -> Analytics:
    """The counts as the interface has them."""
    counted = [one for one in map(_counted, found.platforms) if one.lifetime is not None]
    days: dict[date, dict[str, int]] = {}
    for one in counted:
        for day, count in one.days.items():
            days.setdefault(day, {})[one.platform] = count
    series = [TimeSeriesData(date=day, downloads=sum(by.values()), by_platform=by) for day, by in sorted(days.items())]
    by_platform = {one.platform: one.lifetime for one in counted if one.lifetime is not None}
    return Analytics(total_downloads=total(counted), downloads_by_platform=by_platform, downloads_over_time=series)


def total(platforms: list[Counted]) -> int:
    """What may be added: windows overlap from day to day, and devices are counted again and again."""
    return sum(one.lifetime for one in platforms if one.lifetime is not None)


def _counted(found: PlatformDownloads) -> Counted:
    lifetime, basis = _lifetime(found)
    return Counted(
        platform=found.platform,
        lifetime=lifetime,
        basis=basis,
        unit=str(found.unit),
        audience=str(found.audience),
        source=found.source,
        meaning=found.meaning,
        windows={str(window.days): window.count for window in found.windows},
        days={day: count for day, count in found.daily or () if count is not None},
        reason=found.reason,
    )


def _lifetime(found: PlatformDownloads) -> tuple[int | None, Literal["total", "days", "none"]]:
    if found.unit not in _ADDABLE:
        return None, "none"
    if found.total is not None:
        return found.total, "total"
    return (found.counted, "days") if found.counted is not None else (None, "none")
