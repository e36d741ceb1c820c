"""Installations that Homebrew counts of people who let it (https://docs.brew.sh/Analytics, https://formulae.brew.sh).

It publishes sums of the last 30, 90 and 365 days; formulae of public taps on GitHub stand there as ``owner/tap/name``.
A formula that is missing from a list was hardly installed, or never: that is no number.
"""

from __future__ import annotations

from typing import Any

from deployforge_tasks.core.downloads import Audience, Counter, Kind, Series, Unit
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms.base import Job

_DAYS = (30, 90, 365)
_MEANING = "installations in the last {days} days by people who let Homebrew count; most CI machines do not"


def series(job: Job[Any], base: str, formula: str) -> list[Series]:
    """The windows whose list has the formula (``owner/tap/name``); the shortest is the headline."""
    return [told for days in _DAYS if (told := _window(job, base, formula, days))]


def _window(job: Job[Any], base: str, formula: str, days: int) -> Series | None:
    url = f"{base}/install/{days}d.json"
    body = job.http.json(url)
    items = counting.objects(counting.shaped(lambda: body["items"], url), url)
    counts = {str(item.get("formula")).lower(): item.get("count") for item in items}
    if not items or body.get("category") != "install":
        raise counting.odd(url)
    if formula.lower() not in counts:
        return None
    counter = Counter(
        source="homebrew",
        subject=formula,
        kind=Kind.WINDOW,
        unit=Unit.INSTALLS,
        audience=Audience.OPTED_IN,
        window_days=days,
        headline=days == _DAYS[0],
    )
    number = counting.spelled_count(counts[formula.lower()], url)
    return counting.now(job, counter, number, _MEANING.format(days=days), url)
