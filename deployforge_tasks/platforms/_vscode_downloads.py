"""How often an extension was installed, as the Marketplace tells everybody: totals, without a history."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.core.downloads import Counter, Kind, Series, Unit
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._gallery import Gallery, unpublished
from deployforge_tasks.platforms.base import Job

# Names of the statistics (https://github.com/microsoft/vscode-vsce, `src/show.ts`, and the gallery's own page).
_KINDS = {
    "install": (Unit.INSTALLS, "installations from VS Code since the first version, without updates"),
    "downloadCount": (Unit.DOWNLOADS, "downloads of the file from the Marketplace's page since the first version"),
    "updateCount": (Unit.DOWNLOADS, "updates of installed extensions since the first version, most of them automatic"),
}


def series(job: Job[Any], gallery: Gallery) -> list[Series]:
    """The totals that the gallery tells; installations are the headline. [] for an extension that it does not show."""
    url = gallery.query_url
    extension = gallery.public(statistics=True)
    if extension is None or unpublished(extension):
        return []
    subject = f"{gallery.publisher}.{gallery.extension}"
    items = counting.objects(extension.get("statistics"), url)
    told = {str(item.get("statisticName")): item.get("value") for item in items}
    found = []
    for name, (unit, meaning) in _KINDS.items():
        if name in told:
            main = name == "install"
            what = subject if main else f"{subject}, {name}"
            counter = Counter("marketplace", what, Kind.TOTAL, unit, headline=main)
            found.append(counting.now(job, counter, counting.count(told[name], url), meaning, url))
    return found
