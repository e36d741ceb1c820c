"""What a NuGet v2 feed lists of a package, and the version that ``choco install`` takes from it."""

from __future__ import annotations

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.model import Live
from deployforge_tasks.core.presence import Look
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.http import Http
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._nupkg import feed_properties

# `PackageStatus` of the feed's V2FeedPackage; a feed without moderation has no such field.
LISTED = ("", "Approved", "Exempted", "Unknown")
UNLISTED = "1900-01-01"  # the `Published` of a version that was taken off the lists
ATOM = {"Accept": "application/atom+xml, application/xml"}


def latest(http: Http, feed: str, package_id: str) -> Live | None:
    """The version that the feed marks as the latest, in the feed's spelling; without one, its newest pre-release.

    Lists leave out what waits for a moderator or was rejected: users do not get it
    (https://docs.chocolatey.org/en-us/community-repository/moderation/).
    """
    base, name = feed.rstrip("/"), package_id.lower()
    # The first is choco's own question, which is short however many versions there are.
    marked = {"$filter": f"(tolower(Id) eq '{name}') and IsLatestVersion"}
    for path, query in (("Packages()", marked), ("FindPackagesById()", {"id": f"'{package_id}'"})):
        response = http.get(f"{base}/{path}", params=query, headers=ATOM)
        found = [(p, _version(p, response.url)) for p in feed_properties(response.text, response.url) if _listed(p)]
        if found:
            best, version = max(found, key=lambda f: (not f[1].is_prerelease, f[1].precedence))
            channel = "latest pre-release" if version.is_prerelease else "latest"
            return Live(version.text, Look(response.url, 200), channel, moment(best.get("Published")))
    return None


def _listed(properties: dict[str, str]) -> bool:
    return properties.get("PackageStatus", "") in LISTED and not properties.get("Published", "").startswith(UNLISTED)


def _version(properties: dict[str, str], url: str) -> Version:
    try:
        return Version.parse(properties["Version"])
    except ValueError as error:
        raise NetworkError(
            f"the feed lists `{properties['Version']}`, which is no version", hint="see the package's page", url=url
        ) from error
