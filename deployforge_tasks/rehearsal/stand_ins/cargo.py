"""A cargo registry: sparse index, publishing, downloads, yanking, as crates.io answers."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins._counts import Counts, newest_day
from deployforge_tasks.rehearsal.stand_ins._trust import Trust

TOKEN = "cioRehearsal0000000000000000000000"  # noqa: S105 - opens nothing but this stand-in
_PREFIX = r"(?:[12]|3/[^/]|[^/]{2}/[^/]{2})"


class Cargo(StandIn):
    """The real cargo publishes to it and installs from it. `scoped` tells whether its token has scopes."""

    name = "cargo"
    serves = ("crates",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.crates: dict[tuple[str, str], bytes] = {}
        self.scoped = True
        self.counts = Counts()
        self.trust = Trust("cio_tp_rehearsal-")

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"crates": {"index": f"{self.url}/index", "api": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"crates": {"token": TOKEN}}

    def usage(self) -> dict[str, str]:
        found = self.publications()
        return {"crates": f"cargo install --index sparse+{self.url}/index/ {found[-1].name}"} if found else {}

    def publications(self) -> list[Publication]:
        return [
            Publication("crates", line["name"], line["vers"], line["cksum"], {"yanked": str(line["yanked"]).lower()})
            for lines in self.lines.values()
            for line in lines
        ]

    @route("GET", r"/index/config\.json")
    def settings(self, request: Request) -> Reply:
        return Reply(200, {"dl": f"{request.base}/dl", "api": request.base})

    @route("GET", rf"/index/{_PREFIX}/(?P<name>[^/]+)")
    def index(self, request: Request, name: str) -> Reply:
        lines = self.lines.get(name)
        if lines is None:
            return Reply(404, "not found")
        return Reply(200, "".join(json.dumps(line) + "\n" for line in lines))

    @route("GET", r"/dl/(?P<name>[^/]+)/(?P<version>[^/]+)/download")
    def download(self, request: Request, name: str, version: str) -> Reply:
        crate = self.crates.get((name.lower(), version))
        if crate is None:
            return Reply(404, "not found")
        if request.method == "GET":
            self.counts.add(name.lower(), version)
        return Reply(200, crate)

    @route("GET", r"/api/v1/crates/(?P<name>[^/]+)")
    def about(self, request: Request, name: str) -> Reply:
        """The crate with its versions and their downloads."""
        if name.lower() not in self.lines:
            return _error(404, f"crate `{name}` does not exist")
        counted = self.counts.by_version(name.lower())
        versions = [
            {"id": number, "num": line["vers"], "downloads": counted.get(line["vers"], 0), "yanked": line["yanked"]}
            for number, line in enumerate(self.lines[name.lower()])
        ]
        crate = {"id": name.lower(), "name": name, "downloads": self.counts.total(name.lower())}
        return Reply(200, {"crate": crate, "versions": versions, "keywords": [], "categories": []})

    @route("GET", r"/api/v1/crates/(?P<name>[^/]+)/downloads")
    def downloads(self, request: Request, name: str) -> Reply:
        if name.lower() not in self.lines:
            return _error(404, f"crate `{name}` does not exist")
        counted, day = self.counts.by_version(name.lower()), str(newest_day())
        rows = [
            {"version": number, "downloads": counted[line["vers"]], "date": day}
            for number, line in enumerate(self.lines[name.lower()])
            if line["vers"] in counted
        ]
        return Reply(200, {"version_downloads": rows, "meta": {"extra_downloads": []}})

    @route("PUT", r"/api/v1/crates/new")
    def publish(self, request: Request) -> Reply:
        parts = _parts(request.body)
        if parts is None:
            return _refused(request) or _error(400, "invalid upload: the lengths do not match")
        metadata, crate = parts
        name, version = str(metadata["name"]), str(metadata["vers"])
        trusted = self.trust.may_publish(request.headers.get("Authorization") or "", name)
        if not trusted and (refused := _refused(request)):
            return refused
        lines = self.lines.setdefault(name.lower(), [])
        if any(line["vers"].partition("+")[0] == version.partition("+")[0] for line in lines):
            return _error(400, f"crate version `{version}` is already uploaded")
        lines.append(_index_line(metadata, crate))
        self.crates[name.lower(), version] = crate
        return Reply(200, {"warnings": {"invalid_categories": [], "invalid_badges": [], "other": []}})

    @route("POST", r"/api/v1/trusted_publishing/tokens")
    def exchange(self, request: Request) -> Reply:
        identity = str(request.json().get("jwt"))
        token, refused = self.trust.trade(identity, str(request.headers.get("Host")))
        return Reply(200, {"token": token}) if token else _error(400, refused)

    @route("DELETE", r"/api/v1/trusted_publishing/tokens")
    def revoke(self, request: Request) -> Reply:
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        return Reply(204) if self.trust.revoke(token) else _error(401, "Invalid authentication token")

    @route("DELETE", r"/api/v1/crates/(?P<name>[^/]+)/(?P<version>[^/]+)/yank")
    def yank(self, request: Request, name: str, version: str) -> Reply:
        return _refused(request) or self._set_yanked(name, version, True)

    @route("PUT", r"/api/v1/crates/(?P<name>[^/]+)/(?P<version>[^/]+)/unyank")
    def unyank(self, request: Request, name: str, version: str) -> Reply:
        return _refused(request) or self._set_yanked(name, version, False)

    def _set_yanked(self, name: str, version: str, yanked: bool) -> Reply:
        for line in self.lines.get(name.lower(), []):
            if line["vers"] == version:
                line["yanked"] = yanked
                return Reply(200, {"ok": True})
        return _error(404, f"crate `{name}` does not have a version `{version}`")

    @route("GET", r"/api/v1/crates")
    def followed(self, request: Request) -> Reply:
        """What a token's owner follows: the way to test a token (a scoped one is told that it may not)."""
        if refused := _refused(request):
            return refused
        if self.scoped:
            return _error(403, "this token does not have the required permissions to perform this action")
        return Reply(200, {"crates": [], "meta": {"total": 0}})


def _refused(request: Request) -> Reply | None:
    given = request.headers.get("Authorization")
    if given is None:
        return _error(403, "this action requires authentication")
    return None if given == TOKEN else _error(403, "authentication failed")


def _error(status: int, detail: str) -> Reply:
    return Reply(status, {"errors": [{"detail": detail}]})


def _parts(body: bytes) -> tuple[dict[str, Any], bytes] | None:
    try:
        (length,) = struct.unpack_from("<I", body)
        metadata = json.loads(body[4 : 4 + length])
        (size,) = struct.unpack_from("<I", body, 4 + length)
    except (struct.error, ValueError):
        return None
    crate = body[8 + length :]
    return (metadata, crate) if len(crate) == size else None


def _index_line(metadata: dict[str, Any], crate: bytes) -> dict[str, Any]:
    return {
        "name": metadata["name"],
        "vers": metadata["vers"],
        "deps": [_index_dependency(d) for d in metadata.get("deps", [])],
        "cksum": hashlib.sha256(crate).hexdigest(),
        "features": {},
        "features2": metadata.get("features", {}),
        "yanked": False,
        "links": metadata.get("links"),
        "rust_version": metadata.get("rust_version"),
        "pubtime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "v": 2,
    }


def _index_dependency(dependency: dict[str, Any]) -> dict[str, Any]:
    """The index calls some things otherwise than the upload, and keeps a renamed dependency under its new name."""
    renamed = dependency.get("explicit_name_in_toml")
    return {
        "name": renamed or dependency["name"],
        "req": dependency["version_req"],
        "features": dependency["features"],
        "optional": dependency["optional"],
        "default_features": dependency["default_features"],
        "target": dependency.get("target"),
        "kind": dependency["kind"],
        "registry": dependency.get("registry"),
        "package": dependency["name"] if renamed else None,
    }
