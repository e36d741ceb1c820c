"""How often packages were downloaded, as a NuGet v2 feed tells it: a total of the package and of each version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.core.endpoints import CHOCOLATEY_FEED
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._chocolatey_feed import ATOM
from deployforge_tasks.platforms._nupkg import feed_properties, next_page
from deployforge_tasks.platforms.base import Job

_TOTAL, _VERSION = "DownloadCount", "VersionDownloadCount"
_MEANING = "every download of every version of the package: by people, CI machines, mirrors and the moderators' tests"
_OF_VERSION = "every download of that version of the package since it was published"


def series(job: Job[Any], feed: str, package_id: str) -> list[Series]:
    """The package's total (the headline) and that of each version; [] where the feed has no such package.

    Raises:
        NotImplementedError: the feed counts nothing.
    """
    url = f"{feed.rstrip('/')}/FindPackagesById()?id='{package_id}'"
    listed = list(_listed(job, url))
    if not listed:
        return []
    if not any(_TOTAL in properties for properties in listed) and feed.rstrip("/") != CHOCOLATEY_FEED:
        raise NotImplementedError(f"{counting.place(feed)} does not tell how often a package was downloaded")
    # Every version repeats the package's total; pages may be of different minutes.
    total = max(_number(properties, _TOTAL, url) for properties in listed)
    found = [counting.now(job, Counter("chocolatey", package_id, Kind.TOTAL, headline=True), total, _MEANING, url)]
    versions = {properties["Version"]: properties for properties in listed}  # pages that move on show some twice
    for version, properties in versions.items():
        counter = Counter("chocolatey", package_id, Kind.TOTAL, version=version)
        found.append(counting.now(job, counter, _number(properties, _VERSION, url), _OF_VERSION, url))
    return found


def _listed(job: Job[Any], url: str) -> Iterator[dict[str, str]]:
    """Every version that the feed lists, page by page."""
    seen = set[str]()
    page: str | None = url
    while page:
        if page in seen or urlsplit(page).netloc != urlsplit(url).netloc:
            raise counting.odd(url)
        seen.add(page)
        text = job.http.get(page, headers=ATOM).text
        yield from feed_properties(text, page)
        page = next_page(text, page)


def _number(properties: dict[str, str], name: str, url: str) -> int:
    return counting.spelled_count(properties.get(name), url)
