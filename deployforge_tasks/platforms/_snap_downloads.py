"""What the snap store tells a publisher about his snap: the devices that have it, day by day.

The requests and names are those of the snapcraft client (https://github.com/canonical/snapcraft,
``snapcraft/models/metrics.py`` and ``docs/reference/metrics.rst``). A device reports with its daily look for updates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from deployforge_tasks.core.countries import is_country
from deployforge_tasks.core.downloads import Counter, Kind, Series, Unit
from deployforge_tasks.core.errors import CredentialError, StatusError
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._snap_options import SnapOptions, public_store, snap_name, store_of
from deployforge_tasks.platforms._snap_store import METRICS
from deployforge_tasks.platforms.base import Job

_NEW = "devices that had not got the snap the day before; the same device after a new installation counts again"
_LOST = "devices that had the snap the day before, and have it no more or did not ask for updates"
_BASE = "devices that have the snap on that day, as far as they ask for updates"
_ALL = "all"
#: The store's metrics, and the field of a counter that tells their series apart.
_METRICS = {
    "daily_device_change": "",
    "installed_base_by_version": "version",
    "installed_base_by_country": "country",
    "installed_base_by_architecture": "target",
}
_LOGIN = "snapcraft export-login --acls package_access,package_push,package_release,package_metrics -"

Days = dict[date, int]


def series(job: Job[SnapOptions], since: date | None) -> list[Series]:
    """New and lost devices by day, and those that have the snap by version, country and architecture.

    [] where users see no such snap.

    Raises:
        CredentialError: there is no login, or it may not ask for metrics.
    """
    store = store_of(job)
    job.secrets.require("credentials")
    snap_id = public_store(job).snap_id(snap_name(job))
    if snap_id is None:
        return []
    last = counting.today(job) - timedelta(days=1)
    between = {"start": str(since), "end": str(max(since, last))} if since else {}
    wanted = [{"snap_id": snap_id, "metric_name": name, **between} for name in _METRICS]
    try:
        body = store.metrics(wanted)
    except StatusError as error:
        if error.status in (401, 403):
            raise _refused(job, error) from error
        raise
    url = f"{job.options.dashboard.rstrip('/')}{METRICS}"
    told = {str(m.get("metric_name")): m for m in counting.objects(body.get("metrics"), url)}
    if set(told) != set(_METRICS):
        raise counting.odd(url)
    return [found for name in _METRICS for found in _series(job, snap_name(job), name, _days(told[name], url), url)]


def _series(job: Job[SnapOptions], snap: str, metric: str, parts: Mapping[str, Days], url: str) -> list[Series]:
    complete = counting.today(job) - timedelta(days=2)  # yesterday may still be counted
    found = []
    for part, days in {**parts, **_everything(parts)}.items():
        counter, meaning = _counter(snap, metric, part)
        if counter:
            settled = min(max(days), complete) if days else None
            found.append(counting.daily(counter, days, meaning, url, settled=settled))
    return found


def _everything(parts: Mapping[str, Days]) -> dict[str, Days]:
    """All devices of a day: those that have the snap since that day, and those that had it before."""
    new, kept = parts.get("new", {}), parts.get("continued", {})
    return {_ALL: {day: new[day] + kept[day] for day in new if day in kept}} if kept else {}


def _counter(snap: str, metric: str, part: str) -> tuple[Counter | None, str]:
    """The counter of one series of a metric, and what it says; None for one that says nothing new."""
    level = Counter("snap store", snap, Kind.LEVEL, Unit.DEVICES)
    match _METRICS[metric], part:
        case "", "new":
            return replace(level, kind=Kind.DAILY, headline=True), _NEW
        case "", "lost":
            return replace(level, kind=Kind.DAILY, subject=f"{snap}, lost"), _LOST
        case "", _:
            return (level, _BASE) if part == _ALL else (None, "")
        case "version", _:
            return replace(level, version=part), _BASE
        case "country", _:
            return (replace(level, country=part), _BASE) if is_country(part) else (None, "")
        case _:
            return replace(level, target=f"linux/{part}"), _BASE


def _days(metric: Mapping[str, Any], url: str) -> dict[str, Days]:
    """The days of each series of a metric; a day without a number is left out."""
    status = metric.get("status")
    if status == "NO_DATA":
        return {}
    buckets, rows = metric.get("buckets"), counting.objects(metric.get("series"), url)
    if status != "OK" or not isinstance(buckets, list):
        raise counting.odd(url)
    days = [counting.day(bucket, url) for bucket in buckets]
    found: dict[str, Days] = {}
    for row in rows:
        name, values = row.get("name"), row.get("values")
        if not isinstance(name, str) or not isinstance(values, list) or len(values) != len(days):
            raise counting.odd(url)
        known = zip(days, values, strict=True)
        found[name] = {day: counting.count(value, url) for day, value in known if value is not None}
    return found


def _refused(job: Job[SnapOptions], error: StatusError) -> CredentialError:
    return CredentialError(
        "the snap store does not tell this login how often the snap is installed",
        hint=f"run `{_LOGIN}` and put its output into {job.secrets.variables('credentials')}: it needs package_metrics",
        code="DF3231",
        platform="snap",
        url=error.url,
    )
