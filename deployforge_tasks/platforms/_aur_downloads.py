"""What the AUR counts: votes. Nobody knows how often a package is built (https://wiki.archlinux.org/title/Aurweb_RPC)."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.core.downloads import Counter, Kind, Series, Unit
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms.base import Job

_MEANING = "accounts of the AUR that voted for the package; not downloads, which nobody counts"


def series(job: Job[Any], base: str, package: str) -> list[Series]:
    """The votes now; [] where the AUR has no such package. They are no downloads, and no part of a headline."""
    url = f"{base}/rpc/v5/info"
    body = job.http.json(url, params={"arg[]": package})
    if not isinstance(body, dict) or body.get("type") != "multiinfo":  # an error comes with status 200, too
        raise counting.odd(url)
    items = counting.objects(body.get("results"), url)
    if body.get("resultcount") != len(items) or any(item.get("Name") != package for item in items):
        raise counting.odd(url)
    counter = Counter("aur", package, Kind.LEVEL, Unit.VOTES)
    return [counting.now(job, counter, counting.count(item.get("NumVotes"), url), _MEANING, url) for item in items]
