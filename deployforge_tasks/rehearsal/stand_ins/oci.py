"""A container registry: blobs, manifests and tags (https://github.com/opencontainers/distribution-spec).

It asks for a token as the big registries do: 401 with a challenge, a token server, a scope a repository.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.model import Publication
from deployforge_tasks.effects.files import Entry
from deployforge_tasks.platforms._oci_image import VERSION_KEY, Layout, add_image, add_index, layer_of
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins._counts import Counts

USER, PASSWORD = "rehearsal", "rehearsal-registry-password"
_KEY = b"rehearsal-registry-key"  # of a registry on this machine, gone with it
_NAME = r"/v2/(?P<name>.+)"
BASE = "rehearsal/base"
_BASE_PLATFORMS = ("linux/amd64", "linux/arm64")


class OciStandIn(StandIn):
    """Stands in for Docker Hub, ghcr.io and every other registry at once."""

    name = "oci"
    serves = ("docker",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._blobs: dict[str, dict[str, bytes]] = {}
        self._manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._uploads: dict[str, bytes] = {}
        self.counts = Counts()

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        docker = platforms.get("docker", {})
        registry = str(docker.get("registry") or endpoints.DOCKER_HOST)
        named = {
            t.split("/")[0] for t in docker.get("images") or () if "." in t.split("/")[0] or ":" in t.split("/")[0]
        }
        hosts = {endpoints.DOCKER_HOST, registry.partition("://")[2] or registry, *named}
        options: dict[str, Any] = {"endpoints": dict.fromkeys(sorted(hosts), self.url), "counts": f"{self.url}/hub"}
        if docker.get("base", "scratch") != "scratch":
            options["base"] = self._add_base()
        return {"docker": options}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"docker": {"username": USER, "password": PASSWORD}}

    def usage(self) -> dict[str, str]:
        found, host = self.publications(), self.url.partition("//")[2]
        return {"docker": f"docker pull {host}/{found[-1].name}"} if found else {}

    def publications(self) -> list[Publication]:
        with self.lock:
            return [
                Publication("docker", f"{name}:{tag}", self._version(name, digest), digest)
                for name, tags in self._tags.items()
                if name != BASE
                for tag, digest in tags.items()
            ]

    def answer(self, request: Request) -> Reply:
        if request.path.startswith("/v2/"):
            wanted = "pull" if request.method in ("GET", "HEAD") else "push"
            if not _may(request, wanted):
                return _challenge(request, wanted)
        return super().answer(request)

    @route("GET", "/token")
    def token(self, request: Request) -> Reply:
        """Anybody may pull; pushing needs the account."""
        account = _basic(request)
        if account not in (None, (USER, PASSWORD)):
            return _error(401, "UNAUTHORIZED", "incorrect username or password")
        wishes = [s.split(":") for s in parse_qs(urlsplit(request.raw_path).query).get("scope", [])]
        access = [_grant(kind, name, wish, account) for kind, name, wish in wishes]
        return Reply(200, {"token": _signed({"sub": USER if account else "", "access": access}), "expires_in": 300})

    @route("GET", "/v2/")
    def ping(self, _: Request) -> Reply:
        return Reply(200, {})

    @route("GET", _NAME + "/tags/list")
    def list_tags(self, _: Request, name: str) -> Reply:
        if name not in self._tags:
            return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return Reply(200, {"name": name, "tags": sorted(self._tags[name])})

    @route("GET", _NAME + r"/manifests/(?P<pointer>[^/]+)")
    def get_manifest(self, request: Request, name: str, pointer: str) -> Reply:
        digest = self._tags.get(name, {}).get(pointer, pointer)
        found = self._manifests.get(name, {}).get(digest)
        if found is None or not _accepts(request, found[0]):
            return _error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        if request.method == "GET" and not pointer.startswith("sha256:"):
            self.counts.add(name)
        return Reply(200, found[1], {"Content-Type": found[0], "Docker-Content-Digest": digest})

    @route("GET", r"/hub/v2/repositories/(?P<owner>[^/]+)/(?P<name>.+)/")
    def hub(self, _: Request, owner: str, name: str) -> Reply:
        """Docker Hub's own API."""
        repository = f"{owner}/{name}"
        if repository not in self._tags:
            return Reply(404, {"message": "object not found", "errinfo": {}})
        return Reply(200, {"namespace": owner, "name": name, "pull_count": self.counts.total(repository)})

    @route("PUT", _NAME + r"/manifests/(?P<pointer>[^/]+)")
    def put_manifest(self, request: Request, name: str, pointer: str) -> Reply:
        digest = _digest(request.body)
        if pointer.startswith("sha256:") and pointer != digest:
            return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        if missing := self._missing(name, json.loads(request.body)):
            return _error(400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown to registry: {missing}")
        self._manifests.setdefault(name, {})[digest] = (request.headers.get("Content-Type", ""), request.body)
        if not pointer.startswith("sha256:"):
            self._tags.setdefault(name, {})[pointer] = digest
        where = f"{request.base}/v2/{name}/manifests/{digest}"
        return Reply(201, b"", {"Docker-Content-Digest": digest, "Location": where})

    @route("GET", _NAME + r"/blobs/(?P<digest>sha256:[0-9a-f]{64})")
    def get_blob(self, _: Request, name: str, digest: str) -> Reply:
        blob = self._blobs.get(name, {}).get(digest)
        if blob is None:
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return Reply(200, blob, {"Docker-Content-Digest": digest})

    @route("POST", _NAME + "/blobs/uploads/")
    def open_upload(self, request: Request, name: str) -> Reply:
        mount, source = request.query.get("mount", ""), request.query.get("from", "")
        if (blob := self._blobs.get(source, {}).get(mount)) is not None:
            self._blobs.setdefault(name, {})[mount] = blob
            return Reply(201, b"", {"Location": f"{request.base}/v2/{name}/blobs/{mount}"})
        number = f"upload-{len(self._uploads) + 1}"
        self._uploads[number] = b""
        return Reply(202, b"", {"Location": f"{request.base}/v2/{name}/blobs/uploads/{number}", "Range": "0-0"})

    @route("PATCH", _NAME + r"/blobs/uploads/(?P<number>[^/]+)")
    def append(self, request: Request, name: str, number: str) -> Reply:
        self._uploads[number] = self._uploads[number] + request.body
        size = len(self._uploads[number])
        where = f"{request.base}/v2/{name}/blobs/uploads/{number}"
        return Reply(202, b"", {"Location": where, "Range": f"0-{max(0, size - 1)}"})

    @route("PUT", _NAME + r"/blobs/uploads/(?P<number>[^/]+)")
    def close_upload(self, request: Request, name: str, number: str) -> Reply:
        data = self._uploads.pop(number, b"") + request.body
        digest = request.query.get("digest", "")
        if digest != _digest(data):
            return _error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        self._blobs.setdefault(name, {})[digest] = data
        where = f"{request.base}/v2/{name}/blobs/{digest}"
        return Reply(201, b"", {"Docker-Content-Digest": digest, "Location": where})

    @route("DELETE", _NAME + r"/blobs/uploads/(?P<number>[^/]+)")
    def drop_upload(self, _: Request, name: str, number: str) -> Reply:
        self._uploads.pop(number, None)
        return Reply(204)

    def _add_base(self) -> str:
        """A base with nothing in it, for projects whose own base no rehearsal can fetch; returns its name."""
        layout = Layout(self.root / "base")
        layer = layer_of([Entry("etc/rehearsal-base", b"")])
        images = [add_image(layout, word, [layer], settings={}, annotations={}) for word in _BASE_PLATFORMS]
        index = add_index(layout, images, {})
        with self.lock:
            for path in (layout.folder / "blobs" / "sha256").iterdir():
                self._blobs.setdefault(BASE, {})[f"sha256:{path.name}"] = path.read_bytes()
            for entry in (*images, index):
                raw = layout.blob(entry["digest"]).read_bytes()
                self._manifests.setdefault(BASE, {})[entry["digest"]] = (entry["mediaType"], raw)
            self._tags[BASE] = {"1": index["digest"]}
        return f"{endpoints.DOCKER_HOST}/{BASE}:1@{index['digest']}"

    def _missing(self, name: str, document: Mapping[str, Any]) -> str | None:
        """The first thing that a manifest names and the repository has not."""
        blobs = [b["digest"] for b in [document["config"], *document["layers"]]] if "config" in document else []
        children = [m["digest"] for m in document.get("manifests", ())]
        lacking = [b for b in blobs if b not in self._blobs.get(name, {})]
        lacking += [c for c in children if c not in self._manifests.get(name, {})]
        return next(iter(lacking), None)

    def _version(self, name: str, digest: str) -> str:
        document = json.loads(self._manifests[name][digest][1])
        return str((document.get("annotations") or {}).get(VERSION_KEY, ""))


def _may(request: Request, wanted: str) -> bool:
    """Whether the token is ours and grants it; it may be for several repositories (to take blobs over)."""
    access = _access(request.headers.get("Authorization", "").removeprefix("Bearer "))
    name = _repository(request)
    return access is not None and (not name or any(a["name"] == name and wanted in a["actions"] for a in access))


def _grant(kind: str, name: str, wish: str, account: object) -> dict[str, Any]:
    """A token server grants less than it was asked for, without an error."""
    actions = [a for a in wish.split(",") if a == "pull" or (a == "push" and account)]
    return {"type": kind, "name": name, "actions": actions}


def _signed(claims: Mapping[str, Any]) -> str:
    """A JSON Web Token (https://distribution.github.io/distribution/spec/auth/jwt/)."""
    parts = [json.dumps(part).encode() for part in ({"typ": "JWT", "alg": "HS256"}, claims)]
    text = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return f"{text}.{urlsafe_b64encode(hmac.digest(_KEY, text.encode(), 'sha256')).decode().rstrip('=')}"


def _access(token: str) -> list[dict[str, Any]] | None:
    """What a token of ours grants."""
    try:
        body = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return list(claims["access"]) if _signed(claims) == token else None
    except (LookupError, TypeError, ValueError):
        return None


def _repository(request: Request) -> str:
    return request.path.removeprefix("/v2/").split("/blobs/")[0].split("/manifests/")[0].split("/tags/")[0]


def _challenge(request: Request, wanted: str) -> Reply:
    name = _repository(request)
    scope = f',scope="repository:{name}:{"pull,push" if wanted == "push" else "pull"}"' if name else ""
    realm = f'Bearer realm="{request.base}/token",service="rehearsal"{scope}'
    reply = _error(401, "UNAUTHORIZED", "authentication required")
    reply.headers["WWW-Authenticate"] = realm
    return reply


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return None
    user, _, password = b64decode(value).decode().partition(":")
    return user, password


def _accepts(request: Request, media_type: str) -> bool:
    """A manifest whose type is not accepted is answered with 404, as docker-registry 2.8 does."""
    accepted = ",".join(request.headers.get_all("Accept") or ())
    return media_type in accepted or "*/*" in accepted


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(
        status,
        {"errors": [{"code": code, "message": message, "detail": {}}]},
        {"Docker-Distribution-Api-Version": "registry/2.0"},
    )
