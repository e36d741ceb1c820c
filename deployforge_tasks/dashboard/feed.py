"""The releases of a project as an Atom feed (RFC 4287)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from deployforge_tasks.analytics.series import Released

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_MOST = 50


def feed(project: str, releases: Sequence[Released], address: str, now: datetime) -> bytes:
    """The document.

    Args:
        project: its name.
        releases: what was released.
        address: where the dashboard is, with a slash at the end.
        now: stands for the last change while there is no release.
    """
    newest = sorted(releases, key=lambda release: release.at, reverse=True)[:_MOST]
    changed = _time(newest[0].at if newest else now)
    root = Element("feed", {"xmlns": _ATOM})
    _texts(root, title=f"Releases of {project}", id=f"{address}feed.xml", updated=changed)
    SubElement(root, "link", {"rel": "self", "href": f"{address}feed.xml"})
    SubElement(root, "link", {"rel": "alternate", "href": address})
    _texts(SubElement(root, "author"), name=project)
    for release in newest:
        _entry(root, project, release, address)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _entry(root: Element, project: str, release: Released, address: str) -> None:
    entry = SubElement(root, "entry")
    changed = max([release.at, *release.platforms.values()])
    where = ", ".join(sorted(release.platforms, key=lambda name: release.platforms[name]))
    _texts(
        entry,
        title=f"{project} {release.version}",
        id=f"{address}feed.xml#{release.version}",
        updated=_time(changed),
        published=_time(release.at),
        summary=f"{release.version} is on {where}" if where else f"{release.version} was released",
    )
    SubElement(entry, "link", {"rel": "alternate", "href": address})


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
