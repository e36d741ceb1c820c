"""Packages in NuGet's format: an Open Packaging Conventions zip, written reproducibly, and its feed's answers.

Shape of the file: ECMA-376 part 2 and https://learn.microsoft.com/en-us/nuget/reference/nuspec; `nuget pack` is not
used, because it drops Chocolatey's own elements.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.effects.files import Entry, zip_bytes

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ATOM = "{http://www.w3.org/2005/Atom}"
_DATA = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
_OPC = "http://schemas.openxmlformats.org/package/2006"
_TYPES = {
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "psmdcp": "application/vnd.openxmlformats-package.core-properties+xml",
}


def nupkg_bytes(
    package_id: str, version: str, nuspec: bytes, files: Sequence[Entry], *, creator: str, description: str
) -> bytes:
    """The bytes of ``<id>.<version>.nupkg``.

    Args:
        nuspec: content of the manifest.
        files: what else the package holds, names as inside the package (``tools/…``).
        creator: the authors, for the core properties.
        description: likewise.
    """
    # The same package has the same name for its properties each time; NuGet only wants it to be unlikely elsewhere.
    properties = (
        f"package/services/metadata/core-properties/{uuid.uuid5(uuid.NAMESPACE_URL, package_id + version).hex}.psmdcp"
    )
    entries = [
        Entry("_rels/.rels", _relationships(f"{package_id}.nuspec", properties).encode()),
        Entry(f"{package_id}.nuspec", nuspec),
        *files,
        Entry(properties, _core_properties(package_id, version, creator, description).encode()),
    ]
    return zip_bytes([*entries, Entry("[Content_Types].xml", _content_types(entries).encode())])


def _relationships(nuspec: str, properties: str) -> str:
    kinds = (
        (f"/{nuspec}", "http://schemas.microsoft.com/packaging/2010/07/manifest", "R1"),
        (f"/{properties}", f"{_OPC}/relationships/metadata/core-properties", "R2"),
    )
    lines = "".join(f'<Relationship Type="{kind}" Target="{escape(to)}" Id="{name}" />' for to, kind, name in kinds)
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<Relationships xmlns="{_OPC}/relationships">{lines}</Relationships>\n'
    )


def _core_properties(package_id: str, version: str, creator: str, description: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<coreProperties xmlns="{_OPC}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:creator>{escape(creator)}</dc:creator><dc:description>{escape(description)}</dc:description>"
        f"<dc:identifier>{escape(package_id)}</dc:identifier><version>{escape(version)}</version>"
        "</coreProperties>\n"
    )


def _content_types(entries: Sequence[Entry]) -> str:
    suffixes = {PurePosixPath(e.name).suffix.lstrip(".") or "rels" for e in entries}
    lines = "".join(
        f'<Default Extension="{escape(s)}" ContentType="{_TYPES.get(s, "application/octet-stream")}" />'
        for s in sorted(suffixes)
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Types xmlns="{_OPC}/content-types">{lines}</Types>\n'


def entry_properties(text: str, url: str) -> dict[str, str]:
    """The properties of a package in a feed's Atom answer (``PackageHash``, ``PackageStatus``, ``Published`` …).

    Raises:
        NetworkError: the answer is no such entry.
    """
    found = _properties(_parsed(text, url))
    if not found.get("Version"):
        raise _no_package(url)
    return found


def feed_properties(text: str, url: str) -> list[dict[str, str]]:
    """The properties of every package in an Atom feed, which may have none.

    Raises:
        NetworkError: the answer is no feed.
    """
    root = _parsed(text, url)
    found = [_properties(entry) for entry in root.iter(f"{_ATOM}entry")]
    if root.tag != f"{_ATOM}feed" or not all(p.get("Version") for p in found):
        raise _no_package(url)
    return found


def next_page(text: str, url: str) -> str | None:
    """Where an Atom feed goes on (RFC 5005); None on its last page. Errors as of `feed_properties`."""
    links = (link for link in _parsed(text, url).findall(f"{_ATOM}link") if link.get("rel") == "next")
    found = next((link.get("href") for link in links), None)
    return urljoin(url, found) if found else None


def _parsed(text: str, url: str) -> Element:
    from xml.etree import ElementTree as ET

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _no_package(url)
    try:
        return ET.fromstring(text)  # noqa: S314 - a document that declares entities was refused above
    except ET.ParseError as error:
        raise _no_package(url) from error


def _properties(entry: Element) -> dict[str, str]:
    return {e.tag.removeprefix(_DATA): (e.text or "").strip() for e in entry.iter() if e.tag.startswith(_DATA)}


def _no_package(url: str) -> NetworkError:
    hint = "a proxy or an outage page may stand in between"
    return NetworkError("the feed's answer is no package", hint=hint, url=url)


def entry_digest(properties: dict[str, str]) -> str:
    """``sha512:<hex>`` of the package as the feed gives it, or an empty text where it gives none."""
    algorithm = properties.get("PackageHashAlgorithm", "").upper()
    value = properties.get("PackageHash", "")
    if algorithm != "SHA512" or not value:
        return ""
    if re.fullmatch(r"[0-9a-fA-F]{128}", value):
        return f"sha512:{value.lower()}"
    try:
        return f"sha512:{base64.b64decode(value, validate=True).hex()}"
    except binascii.Error:
        return ""
