"""An npm registry (and GitHub Packages, which adds a rule or two) in memory.

https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md and docs/responses/package-metadata.md.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, route
from deployforge_tasks.rehearsal.stand_ins._npm_counts import NpmCounts
from deployforge_tasks.rehearsal.stand_ins._trust import Trust

TOKEN = "npm_rehearsal-token"  # noqa: S105 - known to everybody, good for nothing
USER = "rehearsal"
_NAME = r"(?P<name>(?:@[^/]+/)?[^/@-][^/]*)"
_ABBREVIATED = "application/vnd.npm.install-v1+json"
_SHORT = (
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "bin",
    "dist",
    "engines",
    "os",
    "cpu",
    "libc",
)


@dataclass
class _Version:
    manifest: dict[str, Any]
    tarball: bytes
    published: str
    hidden_for: int = 0
    """How many more reads answer as if it were not there."""


@dataclass
class _Package:
    versions: dict[str, _Version] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    unpublished: dict[str, str] = field(default_factory=dict)

    def visible(self) -> dict[str, _Version]:
        return {number: version for number, version in self.versions.items() if version.hidden_for <= 0}


class Npm(NpmCounts):
    """npmjs, as far as publishing and installing go.

    Attributes:
        reads_until_visible: how many reads of a package a new version stays invisible (asynchronous publishing).
        token_expiry: when the token ends, as the list of tokens tells.
    """

    name: ClassVar[str] = "npm"
    serves: ClassVar[tuple[str, ...]] = ("npm",)
    reads_need_token: ClassVar[bool] = False
    scoped_only: ClassVar[bool] = False
    duplicate: ClassVar[int] = 403
    lists_tokens: ClassVar[bool] = True

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads_until_visible = 0
        self.token_expiry = datetime.now(UTC) + timedelta(days=90)
        self._packages: dict[str, _Package] = {}
        self.trust = Trust("npm_rehearsal-", once=False)

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        counts = {} if self.reads_need_token else {"counts": self.url}  # GitHub does not tell
        return {platform: {"registry": self.url, **counts} for platform in self.serves}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {platform: {"token": TOKEN} for platform in self.serves}

    def usage(self) -> dict[str, str]:
        names = [p.name for p in self.publications()]
        login = f" --userconfig {shlex.quote(str(self._login()))}" if self.reads_need_token else ""
        return {self.serves[0]: f"npm install{login} --registry {self.url} {min(names, key=len)}"} if names else {}

    def _login(self) -> Path:
        """A configuration of npm with the token: on a command line everybody would see it."""
        file = self.root / "npmrc"
        token = self.secrets()[self.serves[0]]["token"]
        file.write_text(f"//{self.url.partition('//')[2]}/:_authToken={token}\n", "utf-8")
        return file

    def publications(self) -> list[Publication]:
        with self.lock:
            return [
                Publication(self.serves[0], name, number, version.manifest["dist"]["integrity"])
                for name, package in self._packages.items()
                for number, version in package.versions.items()
            ]

    def has(self, name: str) -> bool:
        return name in self._packages

    @route("GET", r"/-/ping")
    def _ping(self, request: Request) -> Reply:
        return Reply(200, {})

    @route("GET", r"/-/whoami")
    def _whoami(self, request: Request) -> Reply:
        return Reply(200, {"username": USER}) if _signed_in(request) else _unauthorized()

    @route("GET", r"/-/npm/v1/tokens")
    def _tokens(self, request: Request) -> Reply:
        if not self.lists_tokens:
            return _not_found()
        if not _signed_in(request):
            return _unauthorized()
        return Reply(200, {"objects": [_listed(self.token_expiry)], "total": 1, "urls": {}})

    @route("GET", rf"/-/package/{_NAME}/dist-tags")
    def _tags(self, request: Request, name: str) -> Reply:
        package = self._packages.get(name)
        return Reply(200, package.tags) if package and self._may_read(request) else _not_found()

    @route("PUT", rf"/-/package/{_NAME}/dist-tags/(?P<tag>[^/]+)")
    def _set_tag(self, request: Request, name: str, tag: str) -> Reply:
        if not _signed_in(request):
            return _unauthorized()
        package = self._packages.get(name)
        if package is None or request.json() not in package.visible():
            return _not_found()
        package.tags[tag] = request.json()
        return Reply(201, {"ok": True})

    @route("DELETE", rf"/-/package/{_NAME}/dist-tags/(?P<tag>[^/]+)")
    def _remove_tag(self, request: Request, name: str, tag: str) -> Reply:
        if not _signed_in(request):
            return _unauthorized()
        package = self._packages.get(name)
        return Reply(200, {"ok": True}) if package and package.tags.pop(tag, None) else _not_found()

    @route("GET", rf"/{_NAME}/-/(?:@[^/]+/)?(?P<file>[^/]+\.tgz)")
    def _tarball(self, request: Request, name: str, file: str) -> Reply:
        package = self._packages.get(name, _Package())
        number = file.removeprefix(f"{name.rpartition('/')[2]}-").removesuffix(".tgz")
        version = package.visible().get(number)
        if not version or not self._may_read(request):
            return _not_found()
        if request.method == "GET":
            self.counts.add(name, number)
        return Reply(200, version.tarball)

    @route("GET", rf"/{_NAME}")
    def _document(self, request: Request, name: str) -> Reply:
        package = self._packages.get(name)
        if package is None or not self._may_read(request):
            return _not_found()
        visible = package.visible()
        for version in package.versions.values():
            version.hidden_for -= 1
        if not visible and not package.unpublished:
            return _not_found()
        short = _ABBREVIATED in (request.headers.get("Accept") or "")
        return Reply(200, _document(name, package, visible, request.base, short=short))

    @route("GET", rf"/{_NAME}/(?P<version>\d[^/]*)")
    def _manifest(self, request: Request, name: str, version: str) -> Reply:
        found = self._packages.get(name, _Package()).visible().get(version)
        return Reply(200, _manifest(found, name, request.base)) if found and self._may_read(request) else _not_found()

    @route("PUT", rf"/{_NAME}(?:/-rev/[^/]+)?")
    def _put(self, request: Request, name: str) -> Reply:
        if not (_signed_in(request) or self._trusted(request, name)):
            return _unauthorized()
        if self.scoped_only and not name.startswith("@"):
            return Reply(400, {"error": "only scoped packages are accepted"})
        body = request.json()
        if not isinstance(body, dict) or body.get("name") != name:
            return Reply(400, {"error": "name does not match the URL"})
        return self._publish(name, body) if body.get("_attachments") else self._change(name, body)

    def _trusted(self, request: Request, name: str) -> bool:
        """A traded token publishes its own package, and does nothing else."""
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        return bool((request.json() or {}).get("_attachments")) and self.trust.may_publish(token, name)

    @route("POST", rf"/-/npm/v1/oidc/token/exchange/package/{_NAME}")
    def _exchange(self, request: Request, name: str) -> Reply:
        identity = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        token, refused = self.trust.trade(identity, f"npm:{request.headers.get('Host')}", name)
        if token:
            return Reply(201, {"token_type": "oidc", "token": token})
        return Reply(404, {"message": f"OIDC token exchange error - {refused}"})

    @route("DELETE", rf"/{_NAME}/-rev/[^/]+")
    def _delete(self, request: Request, name: str) -> Reply:
        """Removal of a whole package: its version numbers stay spent."""
        if not _signed_in(request):
            return _unauthorized()
        return self._change(name, {"versions": {}})

    @route("DELETE", rf"/{_NAME}/-/(?:@[^/]+/)?(?P<file>[^/]+\.tgz)/-rev/[^/]+")
    def _delete_tarball(self, request: Request, name: str, file: str) -> Reply:
        return Reply(200, {"ok": True}) if _signed_in(request) else _unauthorized()

    def _publish(self, name: str, body: dict[str, Any]) -> Reply:
        package = self._packages.get(name, _Package())
        ((number, manifest),) = body["versions"].items()
        ((_, attachment),) = body["_attachments"].items()
        refused = self._refusal(package, number)
        if refused:
            return refused
        tarball = base64.b64decode(attachment["data"])
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        if integrity != manifest["dist"]["integrity"] or len(tarball) != attachment["length"]:
            return Reply(400, {"error": "the tarball does not match its digest"})
        now = _time(datetime.now(UTC))
        self._packages[name] = package
        package.versions[number] = _Version(manifest, tarball, now, self.reads_until_visible)
        package.tags.update(body.get("dist-tags") or {})
        package.tags.setdefault("latest", number)  # the first version carries it, whatever was asked for
        return Reply(201, {"ok": True, "success": True})

    def _refusal(self, package: _Package, number: str) -> Reply | None:
        known = package.versions.get(number)
        if known and known.hidden_for > 0:
            return Reply(409, {"error": f'Cannot publish over previously staged version "{number}".'})
        if known and self.duplicate == 409:
            return Reply(409, {"error": "Cannot publish over existing version"})
        if known or number in package.unpublished:
            return Reply(403, {"error": f"You cannot publish over the previously published versions: {number}."})
        return None

    def _change(self, name: str, body: dict[str, Any]) -> Reply:
        """Deprecation and removal: the whole document comes back changed."""
        package = self._packages.get(name)
        if package is None:
            return _not_found()
        for number in list(package.versions):
            if number not in body["versions"]:
                package.unpublished[number] = package.versions.pop(number).published
                continue
            deprecated = body["versions"][number].get("deprecated")
            package.versions[number].manifest.pop("deprecated", None)
            if deprecated:
                package.versions[number].manifest["deprecated"] = deprecated
        package.tags = {tag: number for tag, number in package.tags.items() if number in package.versions}
        return Reply(200, {"ok": True})

    def _may_read(self, request: Request) -> bool:
        return not self.reads_need_token or _signed_in(request)


class GithubPackages(Npm):
    """GitHub Packages: scoped names only, and readers must be signed in."""

    name: ClassVar[str] = "github_packages"
    serves: ClassVar[tuple[str, ...]] = ("github_packages",)
    reads_need_token: ClassVar[bool] = True
    scoped_only: ClassVar[bool] = True
    duplicate: ClassVar[int] = 409
    lists_tokens: ClassVar[bool] = False


def _document(
    name: str, package: _Package, visible: Mapping[str, _Version], base: str, *, short: bool
) -> dict[str, Any]:
    manifests = {number: _manifest(version, name, base) for number, version in visible.items()}
    tags = {tag: number for tag, number in package.tags.items() if number in visible}
    if short:
        versions = {n: {k: m[k] for k in _SHORT if k in m} for n, m in manifests.items()}
        return {"name": name, "modified": _modified(package), "dist-tags": tags, "versions": versions}
    time = {number: version.published for number, version in visible.items()} | package.unpublished
    if not manifests:
        gone = {"time": _modified(package), "versions": list(package.unpublished)}
        return {"_id": name, "name": name, "time": {**time, "unpublished": gone}}
    return {
        "_id": name,
        "_rev": f"{len(time)}-0",
        "name": name,
        "dist-tags": tags,
        "versions": manifests,
        "time": {"created": min(time.values(), default=""), "modified": _modified(package), **time},
        "maintainers": [{"name": USER, "email": "rehearsal@example.com"}],
    }


def _modified(package: _Package) -> str:
    return max([v.published for v in package.versions.values()] + list(package.unpublished.values()), default="")


def _manifest(version: _Version, name: str, base: str) -> dict[str, Any]:
    file = f"{name.rpartition('/')[2]}-{version.manifest['version']}.tgz"
    dist = {**version.manifest["dist"], "tarball": f"{base}/{name}/-/{file}"}
    return {**version.manifest, "dist": dist}


def _listed(expiry: datetime) -> dict[str, Any]:
    """The token as npm lists it (npm/cli#9443)."""
    return {
        "name": "rehearsal",
        "description": "",
        "key": hashlib.sha512(TOKEN.encode()).hexdigest(),
        "token": f"{TOKEN[:8]}...{TOKEN[-4:]}",
        "expiry": _time(expiry),
        "cidr": [],
        "bypass_2fa": True,
        "revoked": None,
        "created": _time(expiry - timedelta(days=90)),
        "updated": _time(expiry - timedelta(days=90)),
        "accessed": None,
        "permissions": [{"name": "package", "action": "write"}],
        "scopes": [],
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _signed_in(request: Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {TOKEN}"


def _unauthorized() -> Reply:
    return Reply(401, {"error": "unauthorized"}, {"WWW-Authenticate": 'Bearer realm="npm"'})


def _not_found() -> Reply:
    return Reply(404, {"error": "Not found"})
