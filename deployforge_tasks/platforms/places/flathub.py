"""Flathub: installations of an application, by day and by country.

Flathub's backend (https://github.com/flathub-infra/website, ``backend/app/stats.py``) reads one file of statistics a
day, each once, two days after it began: those of the last two days are not complete. What it tells of days and of
countries covers the same days, from the first one in 2018 to that one. Updates are in neither: it subtracts them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from deployforge_tasks.core.countries import is_country
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series, Unit
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms.places.base import Asking, Place
from deployforge_tasks.project.schema_places import FlathubPlace

_DAYS = "new installations of that day, without updates; the same person on another machine counts again"
_TOTAL = "new installations since the first one, without updates; who removed it stays counted"
_GAP = "Flathub tells nothing of this day: nobody installed or updated it, or it was not counted"


class Flathub(Place[FlathubPlace]):
    """Installations from Flathub."""

    name = "flathub"
    title = "Flathub"
    counts = (
        "Installations from Flathub, without updates, by day and by country; who removed the program stays counted."
    )

    def downloads(self, asking: Asking, since: date | None) -> Sequence[Series]:
        app = self.options.app
        url = f"{self.options.api.rstrip('/')}/api/v2/stats/{quote(app, safe='')}"
        body = asking.http.json(url, ok=(200, 404), params={"all": "true"})
        return [] if body is None else list(_series(asking, app, body, url))


def _series(asking: Asking, app: str, body: Any, url: str) -> Iterator[Series]:
    """The days are told as a whole each time: when an application gets a new ID, those of the old one are added."""
    if not isinstance(body, dict) or body.get("id", app) != app:
        raise counting.odd(url)
    total = counting.count(body.get("installs_total"), url)
    by_day = {counting.day(day, url): counting.count(n, url) for day, n in _table(body, "installs_per_day", url)}
    countries = {name: counting.count(n, url) for name, n in _table(body, "installs_per_country", url)}
    days = Counter("flathub", app, Kind.DAILY, Unit.INSTALLS, headline=True)
    yield counting.daily(days, by_day, _DAYS, url, today=counting.today(asking), gap=_GAP)
    yield counting.now(asking, Counter("flathub", app, Kind.TOTAL, Unit.INSTALLS), total, _TOTAL, url)
    if not by_day:
        return
    # Nothing was installed between the last day that is told and the end of those that are counted.
    end = counting.midnight(max(by_day) + timedelta(days=1))
    for country in filter(is_country, countries):
        counter = Counter("flathub", app, Kind.TOTAL, Unit.INSTALLS, country=country)
        yield Series(counter, (Reading(end, countries[country]),), _TOTAL, url)


def _table(body: dict[str, Any], field: str, url: str) -> Iterator[tuple[str, Any]]:
    value = body.get(field)
    if not isinstance(value, dict):
        raise counting.odd(url)
    yield from value.items()
