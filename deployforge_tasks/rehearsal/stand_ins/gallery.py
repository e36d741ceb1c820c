"""The VS Code Marketplace: publishing, the public query, downloads and the publisher's own view."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

PAT = "rehearsal0personal0access0token0rehearsal0personal0x"
# Resource locations that clients ask for with OPTIONS (azure-devops-node-api: GalleryApi, SecurityRolesApi).
_LOCATIONS = {
    "gallery": {
        "a41192c8-9525-4b58-bc86-179fa549d80d": "_apis/{area}/extensions/{extensionId}",
        "e11ea35a-16fe-4b80-ab11-c4cab88a0966": "_apis/{area}/publishers/{publisherName}/extensions/{extensionName}",
    },
    "securityroles": {
        "9461c234-c84c-4ed2-b918-2f0f92ad0a35": "_apis/{area}/scopes/{scopeId}/roleassignments/resources/{resourceId}"
    },
}
_PRE_RELEASE = "Microsoft.VisualStudio.Code.PreRelease"
_NAME = r"(?P<publisher>[^/]+)/extensions/(?P<name>[^/]+)"
_PACKAGE = r"(?P<publisher>[^/]+)/vsextensions/(?P<name>[^/]+)/(?P<version>[^/]+)/vspackage"


@dataclass
class Stored:
    """One package of one version; `problem` is what validation said against it."""

    version: str
    target: str | None
    content: bytes
    validated: bool = True
    problem: str = ""
    pre_release: bool = False
    updated: str = ""
    installed: int = 0


@dataclass
class Extension:
    """An extension with all its packages, newest first."""

    publisher: str
    name: str
    packages: list[Stored] = field(default_factory=list)
    unpublished: bool = False


class Gallery(StandIn):
    """Set `validating` and new packages stay invisible to the public until somebody sets their `validated`.

    `members` are who has a role at every publisher; the token belongs to the first.
    """

    name = "gallery"
    serves = ("vscode",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.extensions: dict[str, Extension] = {}
        self.validating = False
        self.members = {"rehearsal": "Owner"}

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"vscode": {"marketplace": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"vscode": {"pat": PAT}}

    def publications(self) -> list[Publication]:
        return [
            Publication("vscode", f"{e.publisher}.{e.name}", p.version, "", {"part": p.target or "universal"})
            for e in self.extensions.values()
            for p in e.packages
        ]

    @route("OPTIONS", r"/_apis/(?P<area>[^/]+)/?")
    def locations(self, request: Request, area: str) -> Reply:
        value = [
            {"id": name, "area": area, "resourceName": "", "routeTemplate": template, "resourceVersion": 2,
             "minVersion": "1.0", "maxVersion": "7.2", "releasedVersion": "0.0"}
            for name, template in _LOCATIONS.get(area, {}).items()
        ]  # fmt: skip
        return Reply(200, {"count": len(value), "value": value})

    @route("GET", r"/_apis/securityroles/scopes/gallery\.publisher/roleassignments/resources/(?P<publisher>[^/]+)")
    def roles(self, request: Request, publisher: str) -> Reply:
        if refused := _refused(request):
            return refused
        value = [
            {
                "identity": {"displayName": name, "id": f"id-of-{name}", "uniqueName": f"{name}@example.com"},
                "role": {"displayName": role, "name": role, "scope": "gallery.publisher"},
                "access": "assigned",
                "accessDisplayName": "Assigned",
            }
            for name, role in self.members.items()
        ]
        return Reply(200, {"count": len(value), "value": value})

    @route("GET", rf"/_apis/gallery/publishers/{_NAME}")
    def own(self, request: Request, publisher: str, name: str) -> Reply:
        if refused := _refused(request):
            return refused
        extension = self.extensions.get(f"{publisher}.{name}".lower())
        return Reply(200, _shown(extension, public=False)) if extension else _error(404, "The extension is not found")

    @route("POST", r"/_apis/gallery/extensions/?")
    def create(self, request: Request) -> Reply:
        return _refused(request) or self._store(request.body, update=False)

    @route("PUT", rf"/_apis/gallery/publishers/{_NAME}")
    def update(self, request: Request, publisher: str, name: str) -> Reply:
        return _refused(request) or self._store(request.body, update=True)

    def _store(self, vsix: bytes, *, update: bool) -> Reply:
        identity = _identity(vsix)
        if identity is None:
            return _error(400, "The package is not a valid VSIX")
        key = f"{identity['Publisher']}.{identity['Id']}".lower()
        if (key in self.extensions) != update:
            return _error(
                404 if update else 409, f"The extension '{key}' {'does not exist' if update else 'already exists'}"
            )
        extension = self.extensions.setdefault(key, Extension(identity["Publisher"], identity["Id"]))
        stored = Stored(
            identity["Version"],
            identity.get("TargetPlatform"),
            vsix,
            validated=not self.validating,
            pre_release=identity.get("PreRelease") == "true",
            updated=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        )
        if any((p.version, p.target) == (stored.version, stored.target) for p in extension.packages):
            return _error(409, f"{key} v{stored.version} already exists.")
        extension.packages.insert(0, stored)
        return Reply(200, _shown(extension, public=False))

    @route("POST", r"/_apis/public/gallery/extensionquery")
    def query(self, request: Request) -> Reply:
        criteria = request.json()["filters"][0]["criteria"]
        wanted = {str(c["value"]).lower() for c in criteria if c["filterType"] == 7}
        found = [_shown(e, public=True) for key, e in self.extensions.items() if key in wanted and _visible(e)]
        return Reply(200, {"results": [{"extensions": found, "pagingToken": None, "resultMetadata": []}]})

    @route("GET", rf"/_apis/public/gallery/publishers/{_PACKAGE}")
    def download(self, request: Request, publisher: str, name: str, version: str) -> Reply:
        extension = self.extensions.get(f"{publisher}.{name}".lower())
        target = request.query.get("targetPlatform")
        for stored in extension.packages if extension else []:
            if (stored.version, stored.target, stored.validated) == (version, target, True):
                stored.installed += request.method == "GET"
                return Reply(200, stored.content, {"Content-Type": "application/vsix"})
        return _error(404, "The package is not found")


def _visible(extension: Extension) -> bool:
    return any(p.validated for p in extension.packages)


def _shown(extension: Extension, *, public: bool) -> dict[str, Any]:
    return {
        "publisher": {"publisherName": extension.publisher, "displayName": extension.publisher},
        "extensionName": extension.name,
        "displayName": extension.name,
        "flags": "unpublished" if extension.unpublished else "validated, public",
        "versions": [
            {
                "version": p.version,
                **({"targetPlatform": p.target} if p.target else {}),
                "flags": "validated" if p.validated else "none",
                **({"validationResultMessage": p.problem} if p.problem else {}),
                "lastUpdated": p.updated,
                "properties": [{"key": _PRE_RELEASE, "value": "true"}] if p.pre_release else [],
            }
            for p in extension.packages
            if p.validated or not public
        ],
        "statistics": [{"statisticName": "install", "value": float(sum(p.installed for p in extension.packages))}],
    }


def _refused(request: Request) -> Reply | None:
    wanted = base64.b64encode(f"OAuth:{PAT}".encode()).decode()
    if request.headers.get("Authorization") == f"Basic {wanted}":
        return None
    return _error(401, "Access Denied: The Personal Access Token used has expired.")


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"$id": "1", "message": message, "typeKey": "GalleryException"})


def _identity(vsix: bytes) -> dict[str, str] | None:
    """The attributes of the manifest's Identity, and ``PreRelease`` of its properties."""
    try:
        with zipfile.ZipFile(io.BytesIO(vsix)) as archive:
            text = archive.read("extension.vsixmanifest").decode("utf-8")
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError):
        return None
    element = re.search(r"<Identity\s([^>]*)>", text)
    found = dict(re.findall(r'(\w+)="([^"]*)"', element[1])) if element else {}
    if marked := re.search(rf'<Property Id="{re.escape(_PRE_RELEASE)}" Value="(\w+)"', text):
        found["PreRelease"] = marked[1]
    return found if {"Id", "Version", "Publisher"} <= set(found) else None
