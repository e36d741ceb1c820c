"""The VS Code Marketplace's API, as vsce speaks it.

Sources: https://github.com/microsoft/vscode-vsce (`src/publish.ts`, `src/publicgalleryapi.ts`, `src/store.ts`) and the
routes of https://github.com/microsoft/azure-devops-node-api (`GalleryApi`, `SecurityRolesApi`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.effects.http import Http, json_body

# ExtensionQueryFilterType.Name; ExtensionQueryFlags IncludeVersions | IncludeVersionProperties
_FILTER_NAME = 7
_FLAGS = 0x1 | 0x10
_STATISTICS = 0x100  # IncludeStatistics
_API = "application/json;api-version=7.2-preview.2"
_PUBLIC_API = "application/json;api-version=3.0-preview.1"
# PublishedExtensionFlags
_UNPUBLISHED = 4096
_PRE_RELEASE = "Microsoft.VisualStudio.Code.PreRelease"
#: What `targetPlatform` says of a package for every target.
UNIVERSAL = "universal"


@dataclass(frozen=True)
class Shown:
    """One version for one target: `validated` tells whether users get it, `problem` why the gallery refused it."""

    target: str
    validated: bool
    problem: str
    version: str
    updated: str
    pre_release: bool


@dataclass(frozen=True)
class Member:
    """Somebody with a role (``Owner``, ``Creator``, ``Contributor``, ``Reader``) at a publisher."""

    name: str
    role: str


@dataclass(frozen=True)
class Gallery:
    """The calls for one extension; `pat` is the personal access token, if there is one."""

    http: Http
    base: str
    publisher: str
    extension: str
    pat: str | None = None

    @property
    def query_url(self) -> str:
        return f"{self.base}/_apis/public/gallery/extensionquery"

    @property
    def extension_url(self) -> str:
        return f"{self.base}/_apis/gallery/publishers/{self.publisher}/extensions/{self.extension}"

    def public(self, *, statistics: bool = False) -> dict[str, Any] | None:
        """The extension as everybody sees it, or None.

        Args:
            statistics: what the gallery counts, instead of the versions.
        """
        wanted = f"{self.publisher}.{self.extension}"
        flags = _STATISTICS if statistics else _FLAGS
        criteria = [{"filterType": _FILTER_NAME, "value": wanted}]
        query = {"filters": [{"pageNumber": 1, "pageSize": 1, "criteria": criteria}], "assetTypes": [], "flags": flags}
        response = self.http.send("POST", self.query_url, ok=(200,), json=query, headers={"Accept": _PUBLIC_API})
        try:
            found = json_body(response)["results"][0]["extensions"]
            fitting = [
                e for e in found if f"{e['publisher']['publisherName']}.{e['extensionName']}".lower() == wanted.lower()
            ]
        except (LookupError, TypeError) as error:
            raise _odd(self.query_url) from error
        return fitting[0] if fitting else None

    def own(self) -> dict[str, Any] | None:
        """The extension as its publisher sees it (with what is still being validated), or None."""
        response = self.http.get(
            self.extension_url,
            ok=(200, 404),
            params={"flags": str(_FLAGS)},
            headers={"Accept": _API},
            auth=("OAuth", self.pat or ""),
        )
        if response.status_code == 404:
            return None
        extension = json_body(response)
        if not isinstance(extension, dict) or "extensionName" not in extension:
            raise _odd(self.extension_url)
        return extension

    def members(self) -> list[Member]:
        """Who has a role at the publisher; only those who have one are told.

        Raises:
            StatusError: 401 or 403 for a token that may not ask, 404 where there is no such publisher.
        """
        url = f"{self.base}/_apis/securityroles/scopes/gallery.publisher/roleassignments/resources/{self.publisher}"
        accept = {"Accept": "application/json;api-version=3.2-preview.1"}
        document = self.http.json(url, headers=accept, auth=("OAuth", self.pat or ""))
        try:
            return [Member(_name(m.get("identity") or {}), str(m["role"]["name"])) for m in document["value"]]
        except (LookupError, TypeError, AttributeError) as error:
            raise _odd(url) from error

    def upload(self, vsix: bytes, *, exists: bool) -> None:
        """Send one package: an update of the extension, or its first version."""
        url = self.extension_url if exists else f"{self.base}/_apis/gallery/extensions"
        response = self.http.send(
            "PUT" if exists else "POST",
            url,
            ok=(200, 201),
            data=vsix,
            headers={"Content-Type": "application/octet-stream", "Accept": _API},
            auth=("OAuth", self.pat or ""),
            allow_redirects=False,
        )
        if not isinstance(json_body(response), dict):  # the extension; anything else is no acceptance
            raise _odd(url)

    def download_url(self, version: str, target: str) -> str:
        query = "" if target == UNIVERSAL else f"?targetPlatform={target}"
        package = f"publishers/{self.publisher}/vsextensions/{self.extension}/{version}/vspackage"
        return f"{self.base}/_apis/public/gallery/{package}{query}"


def shown(extension: dict[str, Any] | None, version: str, url: str) -> list[Shown]:
    """The packages of a version in an answer of the gallery.

    Raises:
        NetworkError: the answer has another shape.
    """
    return [s for s in every(extension, url) if s.version == version]


def every(extension: dict[str, Any] | None, url: str) -> list[Shown]:
    """All packages of all versions in an answer of the gallery.

    Raises:
        NetworkError: the answer has another shape.
    """
    try:
        return [
            Shown(
                v.get("targetPlatform") or UNIVERSAL,
                _has(v.get("flags"), "validated", 1),
                str(v.get("validationResultMessage") or ""),
                str(v["version"]),
                str(v.get("lastUpdated") or ""),
                any(p["key"] == _PRE_RELEASE and p["value"] == "true" for p in v.get("properties") or ()),
            )
            for v in (extension or {}).get("versions") or []
        ]
    except (LookupError, TypeError, AttributeError) as error:
        raise _odd(url) from error


def unpublished(extension: dict[str, Any] | None) -> bool:
    """Whether the whole extension was taken off the gallery."""
    return extension is not None and _has(extension.get("flags"), "unpublished", _UNPUBLISHED)


def _has(flags: object, word: str, bit: int) -> bool:
    """Flags come as words (``validated, public``) or as a number, depending on the API's version."""
    if isinstance(flags, int):
        return bool(flags & bit)
    return word in [f.strip().lower() for f in str(flags or "").split(",")]


def _name(identity: dict[str, Any]) -> str:
    return str(identity.get("displayName") or identity.get("uniqueName") or "somebody")


def _odd(url: str) -> NetworkError:
    return NetworkError("the gallery's answer has another shape", hint="an outage page may stand in between", url=url)
