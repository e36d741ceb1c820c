"""RubyGems: totals of a gem and of each version (https://guides.rubygems.org/rubygems-org-api/).

Days by country and by version are in a public ClickHouse (https://clickgems.clickhouse.com); its table and columns are
those of ClickGems' own scripts (https://github.com/ClickHouse/clickpy, branch ``clickgems``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.core.endpoints import CLICKGEMS, RUBYGEMS_WEB
from deployforge_tasks.platforms import _clickhouse
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms.places.base import Asking, Place
from deployforge_tasks.project.schema_places import RubyGemsPlace

_TOTAL = "every download of the gem since its first version: by people, CI machines and mirrors"
_VERSION = "every download of that version since it was published, of all of its platforms"
_CLICKGEMS = _clickhouse.Table(
    "clickgems",
    "rubygems.downloads_per_day_by_version_by_country",
    "gem",
    "every download that RubyGems logged since 2017, mirrors and CI machines included",
)


class RubyGems(Place[RubyGemsPlace]):
    """Downloads of a gem."""

    name = "rubygems"
    title = "RubyGems"
    counts = (
        "Downloads of the gem since its first version by people, CI machines and mirrors; countries and versions by "
        "day are in a public database beside it."
    )

    def downloads(self, asking: Asking, since: date | None) -> Iterator[Series]:
        options, gem = self.options, self.options.gem
        api = options.api.rstrip("/")
        yield from _totals(asking, api, gem)
        wanted = asking.project.business.analytics.track_geographical_usage and api == RUBYGEMS_WEB
        address = options.clickhouse or (CLICKGEMS if wanted else None)
        if address:
            server = _clickhouse.Server(asking.http, address.rstrip("/"), options.clickhouse_user)
            yield from _clickhouse.series(server, _CLICKGEMS, gem, since, counting.today(asking))


def _totals(asking: Asking, api: str, gem: str) -> Iterator[Series]:
    """The gem's total and that of each version; nothing where RubyGems does not know it."""
    url = f"{api}/api/v1/gems/{quote(gem, safe='')}.json"
    about = asking.http.json(url, ok=(200, 404))
    if about is None:
        return
    if not isinstance(about, dict) or about.get("name") != gem:
        raise counting.odd(url)
    whole = Counter("rubygems", gem, Kind.TOTAL, headline=True)
    yield counting.now(asking, whole, counting.count(about.get("downloads"), url), _TOTAL, url)
    listed = f"{api}/api/v1/versions/{quote(gem, safe='')}.json"
    versions = asking.http.json(listed, ok=(200, 404))  # a gem whose versions are all yanked has none
    for version, total in _versions(versions or [], listed).items():
        yield counting.now(asking, Counter("rubygems", gem, Kind.TOTAL, version=version), total, _VERSION, listed)


def _versions(body: Any, url: str) -> dict[str, int]:
    """The downloads of each version that is not yanked; one is listed once for each platform that it is built for."""
    found: dict[str, int] = {}
    for item in counting.objects(body, url):
        version = item.get("number")
        if not isinstance(version, str) or not version:
            raise counting.odd(url)
        found[version] = found.get(version, 0) + counting.count(item.get("downloads_count"), url)
    return found
