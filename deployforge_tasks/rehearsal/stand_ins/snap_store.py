"""The snap store: publisher's dashboard, upload storage and public API on one port.

Addresses and answers as in https://dashboard.snapcraft.io/docs and https://api.snapcraft.io/docs. As the real store it
opens what is uploaded and takes name, version and architecture from its ``meta/snap.yaml``.
"""

from __future__ import annotations

import hashlib
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import yaml

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms._squashfs_read import read_file
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins._counts import Counts, newest_day

_DATE = "2026-01-01T00:00:00Z"


@dataclass
class _Upload:
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha3_384(self.data).hexdigest()


@dataclass
class _Revision:
    number: int
    version: str
    meta: Mapping[str, Any]
    upload: _Upload
    status: str

    @property
    def name(self) -> str:
        return str(self.meta["name"])

    @property
    def arch(self) -> str:
        return str(self.meta["architectures"][0])


class SnapStoreStandIn(StandIn):
    """Stands in for the snap store.

    `review` holds the names whose uploads wait for a person, `login` is what the store tells about the one login, and
    `default_track` the track that users get when they name none (None: ``latest``).
    """

    name = "snap-store"
    serves = ("snap",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.review: set[str] = set()
        self.expired = False
        self.login: dict[str, Any] = {
            "account": {
                "email": "rehearsal@example.com", "id": "rehearsal", "name": "Rehearsal", "username": "rehearsal"
            },
            "permissions": ["package_access", "package_push", "package_release"],
            "channels": None, "packages": None, "store_ids": None, "errors": [],
            "expires": "2099-01-01T00:00:00.000",
        }  # fmt: skip
        self.default_track: str | None = None
        self.counts = Counts()
        self._names: set[str] = set()
        self._uploads: dict[str, _Upload] = {}
        self._statuses: dict[str, dict[str, Any]] = {}
        self._revisions: list[_Revision] = []
        self._releases: list[tuple[str, str, str, int]] = []  # name, channel, arch, revision; newest first

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"snap": {"dashboard": self.url, "uploads": self.url, "api": self.url, "login": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        value = f'{{"t": "u1-macaroon", "v": {{"r": "{_macaroon("root")}", "d": "{_macaroon("discharge")}"}}}}'
        return {"snap": {"credentials": b64encode(value.encode()).decode()}}

    def usage(self) -> dict[str, str]:
        found = self.publications()
        where = f"{self.url}/api/v1/snaps/download/{found[-1].digest}.snap" if found else ""
        return {"snap": f"curl -LO {where}"} if found else {}

    def publications(self) -> list[Publication]:
        with self.lock:
            return [
                Publication(
                    "snap",
                    f"{r.name}_{r.arch}",
                    r.version,
                    r.upload.digest,
                    {"revision": str(r.number), "status": r.status},
                )
                for r in self._revisions
            ]

    def approve(self) -> None:
        """A reviewer lets everything pass that waits."""
        with self.lock:
            self.review.clear()
            for revision in self._revisions:
                revision.status = "Unpublished" if revision.status == "ManualReviewPending" else revision.status

    def reject(self) -> None:
        """A reviewer rejects everything that waits."""
        with self.lock:
            for revision in self._revisions:
                revision.status = "Rejected" if revision.status == "ManualReviewPending" else revision.status

    def answer(self, request: Request) -> Reply:
        if request.path.startswith(("/dev/", "/api/v2/snaps", "/api/v2/tokens/whoami")):
            given = request.headers.get("Authorization", "")
            if not given.startswith(f"Macaroon root={_macaroon('root')}, discharge="):
                return _error(401, "macaroon-authorization-required", "Authorization required.")
            if self.expired:
                return _error(401, "macaroon-needs-refresh", "Expired macaroon")
        return super().answer(request)

    @route("POST", "/api/v2/tokens/refresh")
    def refresh(self, request: Request) -> Reply:
        if request.json().get("discharge_macaroon") != _macaroon("discharge"):
            return _error(401, "invalid-credentials", "Provided macaroon is not valid.")
        self.expired = False
        return Reply(200, {"discharge_macaroon": _macaroon("renewed discharge")})

    @route("GET", "/api/v2/tokens/whoami")
    def whoami(self, _: Request) -> Reply:
        return Reply(200, self.login)

    @route("POST", "/unscanned-upload/")
    def upload(self, request: Request) -> Reply:
        header = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
        for part in message_from_bytes(header + request.body).walk():
            if part.get_param("name", header="content-disposition") == "binary":
                data = part.get_payload(decode=True)
                assert isinstance(data, bytes)
                number = str(uuid.uuid4())
                self._uploads[number] = _Upload(data)
                return Reply(200, {"successful": True, "upload_id": number})
        return Reply(400, {"successful": False})

    @route("POST", "/dev/api/snap-push/")
    def push(self, request: Request) -> Reply:
        wish = request.json()
        self._names.add(wish["name"])
        if wish.get("dry_run"):
            return Reply(202, {"success": True})
        upload = self._uploads.pop(wish["updown_id"], None)
        if upload is None or len(upload.data) != wish["binary_filesize"]:
            return _error(400, "invalid-request", "Unknown updown_id or another size.")
        number = str(uuid.uuid4())
        self._statuses[number] = self._processed(wish["name"], upload)
        where = f"{request.base}/dev/api/snaps/status/{number}"
        return Reply(202, {"success": True, "status_details_url": where, "status_url": where})

    @route("GET", "/dev/api/snaps/status/(?P<number>[0-9a-f-]+)")
    def status(self, _: Request, number: str) -> Reply:
        known = self._statuses.get(number)
        return Reply(200, known) if known else _error(404, "resource-not-found", "No such upload.")

    @route("POST", "/dev/api/snap-release/")
    def release(self, request: Request) -> Reply:
        wish = request.json()
        revision = next(
            (r for r in self._revisions if str(r.number) == wish["revision"] and r.name == wish["name"]), None
        )
        if revision is None or revision.status not in ("Published", "Unpublished"):
            return _error(403, "resource-not-ready", f"Revision {wish['revision']} is not approved.")
        if revision.meta.get("grade") == "devel" and any("stable" in c or "candidate" in c for c in wish["channels"]):
            return _error(400, "invalid-channel", "Revision with grade devel cannot go to candidate or stable.")
        revision.status = "Published"
        for channel in wish["channels"]:
            full = channel if "/" in channel else f"latest/{channel}"
            self._releases.insert(0, (revision.name, full, revision.arch, revision.number))
        return Reply(200, {"success": True, "channel_map": [], "opened_channels": wish["channels"]})

    @route("GET", r"/api/v2/snaps/(?P<name>[^/]+)/releases")
    def releases(self, _: Request, name: str) -> Reply:
        if name not in self._names:
            return _error(404, "resource-not-found", f"No snap named '{name}' found in series '16'.")
        releases = [
            {
                "architecture": arch, "branch": None, "channel": channel.removeprefix("latest/"), "revision": number,
                "track": channel.split("/")[0], "risk": channel.split("/")[1], "expiration-date": None, "when": _DATE,
                "progressive": {"paused": None, "percentage": None, "current-percentage": None},
            }
            for owner, channel, arch, number in self._releases
            if owner == name
        ]  # fmt: skip
        revisions = [
            {
                "architectures": [r.arch], "base": r.meta.get("base"), "build_url": None,
                "confinement": r.meta["confinement"],
                "created_at": _DATE, "grade": r.meta["grade"], "revision": r.number, "sha3-384": r.upload.digest,
                "size": len(r.upload.data), "status": r.status, "version": r.version,
            }
            for r in reversed(self._revisions)
            if r.name == name
        ]  # fmt: skip
        return Reply(200, {"releases": releases, "revisions": revisions, "_links": {"next": None}})

    @route("GET", r"/v2/snaps/info/(?P<name>[^/]+)")
    def info(self, request: Request, name: str) -> Reply:
        if request.headers.get("Snap-Device-Series") != "16":
            return _error(400, "missing-header", "Missing required header Snap-Device-Series.")
        seen: dict[tuple[str, str], dict[str, Any]] = {}
        for owner, channel, arch, number in self._releases:
            if owner == name and (channel, arch) not in seen:
                revision = next(r for r in self._revisions if r.number == number)
                seen[channel, arch] = _line(request, channel, revision)
        if not seen:
            return _error(404, "resource-not-found", f"No snap named '{name}' found in series '16'.")
        where = {"default-track": self.default_track, "channel-map": list(seen.values())}
        return Reply(200, {"name": name, "snap-id": f"id-of-{name}", **where})

    @route("GET", r"/api/v1/snaps/download/(?P<digest>[0-9a-f]+)\.snap")
    def download(self, request: Request, digest: str) -> Reply:
        revision = next((r for r in self._revisions if r.upload.digest == digest), None)
        if revision is None:
            return Reply(404, b"")
        if request.method == "GET":
            self.counts.add(revision.name, revision.version)
        return Reply(200, revision.upload.data)

    @route("POST", "/dev/api/snaps/metrics")
    def metrics(self, request: Request) -> Reply:
        """Every download is a new device."""
        return Reply(200, {"metrics": [self._metric(wish) for wish in request.json()["filters"]]})

    def _metric(self, wish: Mapping[str, str]) -> dict[str, Any]:
        name, by_version = wish["snap_id"].removeprefix("id-of-"), wish["metric_name"] == "installed_base_by_version"
        new = {"new": self.counts.total(name), "lost": 0} if wish["metric_name"] == "daily_device_change" else {}
        told = self.counts.by_version(name) if by_version else new
        series = [{"name": part, "values": [number]} for part, number in told.items()]
        return {**wish, "status": "OK" if series else "NO_DATA", "buckets": [str(newest_day())], "series": series}

    def _meta(self, upload: _Upload) -> dict[str, Any]:
        path = self.root / "upload.snap"
        path.write_bytes(upload.data)
        try:
            return dict(yaml.safe_load(read_file(path, "meta/snap.yaml")))
        except VerifyError:
            return {}

    def _processed(self, name: str, upload: _Upload) -> dict[str, Any]:
        """What the automatic review finds; the store takes the same bytes only once."""
        meta = self._meta(upload)
        if meta.get("name") != name:
            return _status("processing_error", "The upload does not appear to be a valid package.")
        if any(r.upload.digest == upload.digest for r in self._revisions):
            return _status(
                "processing_error", "binary_sha3_384: A file with this exact same content has already been uploaded"
            )
        state = "ManualReviewPending" if name in self.review else "Unpublished"
        number = len(self._revisions) + 1
        self._revisions.append(_Revision(number, str(meta["version"]), meta, upload, state))
        if name in self.review:
            return {**_status("need_manual_review", "a person has to look at it"), "revision": number}
        return {**_status("ready_to_release"), "revision": number, "can_release": True}


def _status(code: str, message: str = "") -> dict[str, Any]:
    errors = [{"code": code, "message": message}] if message else []
    return {"code": code, "processed": True, "can_release": False, "revision": None, "errors": errors, "url": ""}


def _line(request: Request, channel: str, revision: _Revision) -> dict[str, Any]:
    track, risk = channel.split("/")[:2]
    return {
        "channel": {
            "architecture": revision.arch,
            "name": channel.removeprefix("latest/"),
            "risk": risk,
            "track": track,
            "released-at": _DATE,
        },
        "revision": revision.number,
        "version": revision.version,
        "download": {
            "sha3-384": revision.upload.digest,
            "size": len(revision.upload.data),
            "url": f"{request.base}/api/v1/snaps/download/{revision.upload.digest}.snap",
        },
    }


def _macaroon(name: str) -> str:
    """A macaroon's bytes (version 1 packets) with a signature that proves nothing."""
    identifier = _packet(b"location ", b"127.0.0.1") + _packet(b"identifier ", name.encode())
    signature = _packet(b"signature ", hashlib.sha256(name.encode()).digest())
    return urlsafe_b64encode(identifier + signature).decode().rstrip("=")


def _packet(key: bytes, value: bytes) -> bytes:
    body = key + value + b"\n"
    return f"{len(body) + 4:04x}".encode() + body


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error-list": [{"code": code, "message": message}]})
