"""Downloads as crates.io counts them: 90 days by version, and totals (https://crates.io/data-access#api).

Two questions a crate; crates.io wants no more than one a second, and a program that says its name.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms.base import Job

_MEANING = "every download of the crate: by people, CI machines and mirrors"
_VERSION = "every download of that version of the crate; crates.io tells the days of the newest versions only"
_TOTAL = "every download of the crate since its first version"
_TOTAL_VERSION = "every download of that version since it was published"
#: Seconds between two questions to crates.io.
PAUSE = 1.0
#: Log files reach crates.io late: a day is complete after this many more, and one without a row is a day without
#: downloads when a later one has a row, or after so many more.
_LATE, _LATEST = 2, 7

Days = dict[date, int]


def series(job: Job[Any], api: str, name: str, since: date | None, *, pause: float = 0) -> list[Series] | None:
    """Days and totals, of the crate and of each version; None where the API knows nothing of it.

    The days of the whole crate are the headline: everything else counts the same downloads once more.

    Args:
        pause: seconds between two questions.
    """
    about = f"{api.rstrip('/')}/api/v1/crates/{name}"
    body = job.http.json(about, ok=(200, 404))
    if body is None:
        return None
    versions = _versions(body, about)
    total = counting.count(counting.shaped(lambda: body["crate"]["downloads"], about), about)
    found = [counting.now(job, Counter("crates", name, Kind.TOTAL), total, _TOTAL, about)]
    for number, downloads in versions.values():
        counter = Counter("crates", name, Kind.TOTAL, version=number)
        found.append(counting.now(job, counter, downloads, _TOTAL_VERSION, about))
    job.clock.sleep(pause)
    return [*_days(job, f"{about}/downloads", name, versions, since), *found]


def _versions(body: Any, url: str) -> dict[int, tuple[str, int]]:
    """Number and downloads of each version by its id."""
    items = counting.objects(counting.shaped(lambda: body["versions"], url), url)
    return counting.shaped(
        lambda: {counting.count(i["id"], url): (str(i["num"]), counting.count(i["downloads"], url)) for i in items}, url
    )


def _days(job: Job[Any], url: str, name: str, versions: dict[int, tuple[str, int]], since: date | None) -> list[Series]:
    body = job.http.json(url)
    whole: Days = {}
    parts: dict[str, Days] = {}
    for row in counting.objects(counting.shaped(lambda: body["version_downloads"], url), url):
        day, number = _row(row, url)
        known = versions.get(counting.count(row.get("version"), url))
        if known is None:
            raise counting.odd(url)
        whole[day] = whole.get(day, 0) + number
        parts.setdefault(known[0], {})[day] = number
    for row in counting.objects(counting.shaped(lambda: body["meta"]["extra_downloads"], url), url):
        day, number = _row(row, url)
        whole[day] = whole.get(day, 0) + number
    today = counting.today(job)
    newest = min(max(whole, default=date.min), today - timedelta(days=_LATE))
    settled = max(newest, today - timedelta(days=_LATEST))
    found = [(Counter("crates", name, Kind.DAILY, headline=True), whole, _MEANING)]
    found += [(Counter("crates", name, Kind.DAILY, version=version), days, _VERSION) for version, days in parts.items()]
    return [
        counting.daily(counter, _with_zeros(days, settled), meaning, url, since=since, today=today, settled=settled)
        for counter, days, meaning in found
        if days
    ]


def _row(row: dict[str, Any], url: str) -> tuple[date, int]:
    return counting.day(row.get("date"), url), counting.count(row.get("downloads"), url)


def _with_zeros(days: Days, last: date) -> Days:
    """Days without a row are days without a download, from the first row to the last complete day (`last`)."""
    first = min(days)
    return {**{first + timedelta(days=n): 0 for n in range((last - first).days + 1)}, **days}
