"""Downloads from PyPI as pypistats.org counts them (https://pypistats.org/api/), which keeps 180 days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from deployforge_tasks.core.downloads import Audience, Counter, Kind, Series
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._clickhouse import Table
from deployforge_tasks.platforms.base import Job

#: The table of ClickPy (https://github.com/ClickHouse/clickpy).
CLICKPY = Table(
    "clickpy",
    "pypi.pypi_downloads_per_day_by_version_by_country",
    "project",
    "every download that PyPI logged, mirrors and CI machines included",
)
_MEANING = {
    "without_mirrors": "downloads of every file of the project by people and CI machines, without known mirrors",
    "with_mirrors": "downloads of every file of the project by people, CI machines and mirrors",
}
_GAP = "pypistats tells nothing of this day: nobody downloaded it, or it was not counted"


def series(job: Job[Any], base: str, name: str, since: date | None) -> list[Series]:
    """Days with and without mirrors; [] where pypistats knows nothing of the project.

    Args:
        base: URL of the counting service.
        name: as indexes spell it.
    """
    url = f"{base}/api/packages/{name}/overall"
    body = job.http.json(url, ok=(200, 404))
    return [] if body is None else list(_overall(body, name, since, url))


def _overall(body: Any, name: str, since: date | None, url: str) -> Iterator[Series]:
    if not isinstance(body, dict) or body.get("package") != name:
        raise counting.odd(url)
    found: dict[str, dict[date, int]] = {}
    for row in counting.objects(body.get("data"), url):
        days = found.setdefault(str(row.get("category")), {})
        day = counting.day(row.get("date"), url)
        if day in days:
            raise counting.odd(url)
        days[day] = counting.count(row.get("downloads"), url)
    if not set(found) <= set(_MEANING):
        raise counting.odd(url)
    for category, days in found.items():
        human = category == "without_mirrors"
        audience = Audience.NO_MIRRORS if human else Audience.ALL
        counter = Counter("pypistats", name, Kind.DAILY, audience=audience, headline=human)
        # The newest day may have been counted before its end.
        settled = max(days) - timedelta(days=1)
        yield counting.daily(counter, days, _MEANING[category], url, since=since, settled=settled, gap=_GAP)
