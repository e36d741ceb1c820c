"""A NuGet v2 feed as Chocolatey's community repository runs it: push, moderation states, look-ups, downloads."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from deployforge_tasks.core.model import Publication
from deployforge_tasks.core.versions import Version
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

KEY = "7e0e6d6e-2a44-4f4e-9d0c-5f6d0c1b2a39"
_ATOM = "application/atom+xml; charset=utf-8"
_SPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
)


@dataclass
class Stored:
    """A version on the feed; `status` and `submitted` are the moderation's words, None on a feed without one."""

    package_id: str
    version: str
    content: bytes
    description: str
    status: str | None = None
    submitted: str = "Pending"
    published: str = ""
    downloads: int = 0

    @property
    def listed(self) -> bool:
        return self.status in ("Approved", None) and not self.published.startswith("1900-")


class Nuget(StandIn):
    """Set `moderated` and new versions wait as ``Submitted`` until somebody sets their `status`."""

    name = "nuget"
    serves = ("chocolatey",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.versions: dict[tuple[str, str], Stored] = {}
        self.moderated = False

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"chocolatey": {"feed": f"{self.url}/api/v2", "push": f"{self.url}/api/v2/package/"}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"chocolatey": {"key": KEY}}

    def usage(self) -> dict[str, str]:
        found = self.publications()
        return {"chocolatey": f"choco install {found[-1].name} --source {self.url}/api/v2"} if found else {}

    def publications(self) -> list[Publication]:
        return [
            Publication("chocolatey", s.package_id, s.version, f"sha512:{hashlib.sha512(s.content).hexdigest()}")
            for s in self.versions.values()
        ]

    @route("PUT", r"/api/v2/package/?")
    def push(self, request: Request) -> Reply:
        if request.headers.get("X-NuGet-ApiKey") != KEY:
            return Reply(403, "The specified API key is invalid or does not have permission for this package.")
        stored = _read(_uploaded(request))
        if stored is None:
            return Reply(400, "The package is not a valid nupkg.")
        key = (stored.package_id.lower(), stored.version)
        if key in self.versions:
            return Reply(
                409, f"A package with ID '{key[0]}' and version '{key[1]}' already exists and cannot be modified."
            )
        stored.status = "Submitted" if self.moderated else "Approved"
        stored.published = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
        self.versions[key] = stored
        return Reply(201)

    @route("GET", r"/api/v2/Packages\(Id='(?P<name>[^']+)',Version='(?P<version>[^']+)'\)")
    def entity(self, request: Request, name: str, version: str) -> Reply:
        stored = self.versions.get((name.lower(), version))
        if stored is None or stored.status == "Rejected":  # the real feed does not tell these two apart
            return Reply(404, "Resource not found")
        return Reply(200, self._entry(stored, request.base, f" {_SPACES}"), {"Content-Type": _ATOM})

    @route("GET", r"/api/v2/(FindPackagesById|Packages|Search)\(\)")
    def listing(self, request: Request) -> Reply:
        """The approved versions of one id; of filters only the id and the mark of the latest count."""
        wanted = request.query.get("id", "").strip("'").lower()
        asked = re.search(r"tolower\(Id\) eq '([^']+)'", request.query.get("$filter", ""))
        wanted = asked[1].lower() if asked else wanted
        shown = [s for (name, _), s in self.versions.items() if name == wanted and s.listed]
        if "IsLatestVersion" in request.query.get("$filter", ""):
            shown = [s for s in shown if s is self._latest(wanted, pre=False)]
        entries = "".join(self._entry(s, request.base) for s in shown)
        head = f'<title type="text">Packages</title><id>{request.base}/api/v2/Packages</id><updated>{_now()}</updated>'
        feed = f'<?xml version="1.0" encoding="utf-8"?>\n<feed {_SPACES}>{head}{entries}</feed>'
        return Reply(200, feed, {"Content-Type": _ATOM})

    def _latest(self, wanted: str, *, pre: bool) -> Stored | None:
        """The listed version that the feed marks; only the absolutely latest one may be a pre-release."""
        listed = [s for (name, _), s in self.versions.items() if name == wanted and s.listed]
        marked = [s for s in listed if pre or not Version.parse(s.version).is_prerelease]
        return max(marked, key=lambda s: Version.parse(s.version).precedence, default=None)

    def _entry(self, stored: Stored, base: str, spaces: str = "") -> str:
        name = stored.package_id.lower()
        marks = {
            "IsLatestVersion": stored is self._latest(name, pre=False),
            "IsAbsoluteLatestVersion": stored is self._latest(name, pre=True),
            "IsPrerelease": Version.parse(stored.version).is_prerelease,
            "IsApproved": stored.status == "Approved",
        }
        whole = sum(s.downloads for (other, _), s in self.versions.items() if other == name)
        return _entry(stored, marks, base, spaces, whole)

    @route("GET", r"/api/v2/?")
    def service(self, request: Request) -> Reply:
        """The service document: a client asks for it first."""
        head = '<service xmlns="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom"'
        collection = '<collection href="Packages"><atom:title>Packages</atom:title></collection>'
        body = f"<workspace><atom:title>Default</atom:title>{collection}</workspace>"
        return Reply(
            200, f'{head} xml:base="{request.base}/api/v2/">{body}</service>', {"Content-Type": "application/xml"}
        )

    @route("GET", r"/api/v2/package/(?P<name>[^/]+)/(?P<version>[^/]+)")
    def download(self, request: Request, name: str, version: str) -> Reply:
        stored = self.versions.get((name.lower(), version))
        if stored is None:
            return Reply(404, "Not found")
        stored.downloads += request.method == "GET"
        return Reply(200, stored.content, {"Content-Type": "application/zip"})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _uploaded(request: Request) -> bytes:
    """The first file of a multipart body."""
    head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body, policy=HTTP)
    for part in message.walk():
        if not part.is_multipart():
            return part.get_payload(decode=True) or b""  # type: ignore[return-value]  # bytes, with decode
    return b""


def _read(content: bytes) -> Stored | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".nuspec") and "/" not in n)
            text = archive.read(name).decode("utf-8")
    except (zipfile.BadZipFile, StopIteration, UnicodeDecodeError):
        return None
    fields = {n: re.search(rf"<{n}>([^<]+)</{n}>", text) for n in ("id", "version", "description")}
    if not fields["id"] or not fields["version"]:
        return None
    description = fields["description"]
    return Stored(fields["id"][1], fields["version"][1], content, description[1] if description else "")


def _entry(stored: Stored, marks: Mapping[str, bool], base: str, spaces: str, whole: int) -> str:
    here = f"{base}/api/v2/Packages(Id='{stored.package_id}',Version='{stored.version}')"
    source = f"{base}/api/v2/package/{stored.package_id}/{stored.version}"
    properties = {
        "Version": stored.version,
        "Description": stored.description,
        "PackageHash": base64.b64encode(hashlib.sha512(stored.content).digest()).decode(),
        "PackageHashAlgorithm": "SHA512",
        "PackageSize": str(len(stored.content)),
        "Published": stored.published,
        "DownloadCount": str(whole),
        "VersionDownloadCount": str(stored.downloads),
        **{name: str(mark).lower() for name, mark in marks.items()},
        "PackageStatus": stored.status or "",
        "PackageSubmittedStatus": stored.submitted if stored.status == "Submitted" else "",
    }
    typed = {
        "PackageSize": "Edm.Int64",
        "Published": "Edm.DateTime",
        "DownloadCount": "Edm.Int32",
        "VersionDownloadCount": "Edm.Int32",
        **dict.fromkeys(marks, "Edm.Boolean"),
    }
    lines = "".join(
        f"<d:{name}{f' m:type={quoteattr(typed[name])}' if name in typed else ''}>{escape(value)}</d:{name}>"
        for name, value in properties.items()
        if value
    )
    return (
        f'<entry{spaces}><id>{here}</id><title type="text">{stored.package_id}</title><updated>{_now()}</updated>'
        f'<author><name>-</name></author><content type="application/zip" src={quoteattr(source)} />'
        f"<m:properties>{lines}</m:properties></entry>"
    )
