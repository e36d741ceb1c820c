"""A Python package index in memory: Warehouse's upload, JSON and simple APIs, and its trusted publishing.

https://docs.pypi.org/api/, https://docs.pypi.org/trusted-publishers/using-a-publisher/ and
https://packaging.python.org/specifications/simple-repository-api/; the texts of refusals are those of
pypi/warehouse:warehouse/forklift/legacy.py.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins._counts import Counts, newest_day
from deployforge_tasks.rehearsal.stand_ins._trust import Trust

_JSON = "application/vnd.pypi.simple.v1+json"
_LATE = "Uploading new files to releases older than 14 days is not allowed."
_ID = "00000000-0000-4000-8000-000000000000"
_AUTH = (
    "Invalid or non-existent authentication information. See https://pypi.org/help/#invalid-auth for more information."
)


def macaroon(location: str, *caveats: Any) -> str:
    """A token as PyPI makes them: libmacaroons' second form, signed with a key that everybody knows."""
    parts, signature = list[bytes](), hmac.digest(b"macaroons-key-generator", b"rehearsal", "sha256")
    for text in (_ID, *(json.dumps(caveat) for caveat in caveats)):
        parts.append(_field(2, text.encode()) + b"\0")
        signature = hmac.digest(signature, text.encode(), "sha256")
    raw = b"\x02" + _field(1, location.encode()) + b"".join(parts) + b"\0" + _field(6, signature)
    return f"pypi-{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


def _field(kind: int, value: bytes) -> bytes:
    length = [len(value)] if len(value) < 128 else [len(value) & 0x7F | 0x80, len(value) >> 7]
    return bytes([kind, *length]) + value


#: Known to everybody, good for nothing.
TOKEN = macaroon("127.0.0.1", [3, _ID])


@dataclass
class _File:
    name: str
    project: str
    version: str
    kind: str
    requires_python: str
    content: bytes
    uploaded: datetime
    yanked: str | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Pypi(StandIn):
    """PyPI, as far as uploading and installing go."""

    name: ClassVar[str] = "pypi"
    serves: ClassVar[tuple[str, ...]] = ("pypi",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files: dict[str, _File] = {}
        self._deleted: set[str] = set()
        self.counts = Counts()
        self._now = datetime.now(UTC)
        self.trust = Trust("pypi-rehearsal-")

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {
            "pypi": {"registry": f"{self.url}/legacy/", "index": self.url, "username": "__token__", "counts": self.url}
        }

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"pypi": {"token": TOKEN}}

    def usage(self) -> dict[str, str]:
        found = self.publications()
        return {"pypi": f"pip install --index-url {self.url}/simple/ {found[-1].name}"} if found else {}

    def publications(self) -> list[Publication]:
        with self.lock:
            return [Publication("pypi", f.project, f.version, f.sha256, {"part": f.name}) for f in self._files.values()]

    def let_days_pass(self, days: int) -> None:
        """Time goes by on the index."""
        self._now += timedelta(days=days)

    def yank(self, project: str, version: str, reason: str) -> None:
        """What a maintainer does on the web page."""
        for file in self._of(project, version):
            file.yanked = reason

    def delete(self, name: str) -> None:
        """A maintainer deletes a file on the web page: its name stays spent."""
        del self._files[name]
        self._deleted.add(name)

    @route("POST", r"/legacy/")
    def _upload(self, request: Request) -> Reply:
        fields, name, content = _form(request)
        if not self._may_upload(request, normalized(fields.get("name", ""))):
            return _refuse(403, _AUTH)
        if fields.get(":action") != "file_upload" or not name:
            return _refuse(400, "Upload payload does not have a file.")
        file = _File(
            name,
            normalized(fields["name"]),
            fields["version"],
            fields["filetype"],
            fields.get("requires_python", ""),
            content,
            self._now,
        )
        return self._refusal(file, fields) or self._accept(file)

    def _may_upload(self, request: Request, project: str) -> bool:
        given = request.headers.get("Authorization")
        trusted = (token for token in self.trust.traded if self.trust.may_publish(token, project))
        return any(given == _basic("__token__", token) for token in (TOKEN, *trusted))

    @route("GET", r"/_/oidc/audience")
    def _audience(self, request: Request) -> Reply:
        return Reply(200, {"audience": "pypi"})

    @route("POST", r"/_/oidc/mint-token")
    def _mint(self, request: Request) -> Reply:
        token, refused = self.trust.trade(str(request.json().get("token")), "pypi")
        if token:
            return Reply(200, {"success": True, "token": token})
        errors = [{"code": "invalid-publisher", "description": refused}]
        return Reply(422, {"message": "Token request failed", "errors": errors})

    def _accept(self, file: _File) -> Reply:
        self._files.setdefault(file.name, file)
        return Reply(200, "")

    def _refusal(self, file: _File, fields: Mapping[str, str]) -> Reply | None:
        known = self._files.get(file.name)
        if file.sha256 != fields.get("sha256_digest"):
            return _refuse(400, "The digest supplied does not match a digest calculated from the uploaded file.")
        if not file.name.startswith(f"{file.project.replace('-', '_')}-{file.version}"):
            return _refuse(400, f"Start filename for {file.project!r} with {file.project.replace('-', '_')!r}.")
        if known and known.content != file.content:
            digest = hashlib.blake2b(file.content, digest_size=32).hexdigest()
            return _refuse(400, f"File already exists ({file.name!r}, with blake2_256 hash {digest!r}).")
        if file.name in self._deleted:
            return _refuse(
                400, "This filename was previously used by a file that has since been deleted. Use a different version."
            )
        release = self._of(file.project, file.version)
        if not known and release and self._now - min(f.uploaded for f in release) > timedelta(days=14):
            return _refuse(400, _LATE)
        return None

    @route("GET", r"/pypi/(?P<project>[^/]+)/(?P<version>[^/]+)/json")
    def _json(self, request: Request, project: str, version: str) -> Reply:
        files = self._of(project, version)
        if not files:
            return Reply(404, {"message": "Not Found"})
        info = {"name": normalized(project), "version": version, "yanked": all(f.yanked is not None for f in files)}
        return Reply(200, {"info": info, "urls": [_described(f, request.base) for f in files]})

    @route("GET", r"/simple/(?P<project>[^/]+)/")
    def _simple(self, request: Request, project: str) -> Reply:
        if project != normalized(project):
            return Reply(301, b"", {"Location": f"{request.base}/simple/{normalized(project)}/"})
        files = self._of(project)
        if not files:
            return Reply(404, "404 Not Found")
        if _JSON in (request.headers.get("Accept") or ""):
            return Reply(200, _simple_json(project, files, request.base), {"Content-Type": _JSON})
        return Reply(200, _simple_html(files, request.base), {"Content-Type": "text/html; charset=utf-8"})

    @route("GET", r"/files/(?P<digest>[0-9a-f]+)/(?P<name>[^/]+)")
    def _download(self, request: Request, digest: str, name: str) -> Reply:
        file = self._files.get(name)
        if file is None or file.sha256 != digest:
            return Reply(404, "404 Not Found")
        if request.method == "GET":
            self.counts.add(file.project, file.version)
        return Reply(200, file.content)

    @route("GET", r"/api/packages/(?P<project>[^/]+)/overall")
    def _overall(self, request: Request, project: str) -> Reply:
        """As pypistats.org tells it, which knows nothing of what nobody has downloaded."""
        total, day = self.counts.total(project), str(newest_day())
        if not total:
            return Reply(404, "404")
        rows = [{"category": c, "date": day, "downloads": total} for c in ("with_mirrors", "without_mirrors")]
        return Reply(200, {"data": rows, "package": project, "type": "overall_downloads"})

    def _of(self, project: str, version: str | None = None) -> list[_File]:
        wanted = normalized(project)
        return [f for f in self._files.values() if f.project == wanted and version in (None, f.version)]


def normalized(name: str) -> str:
    """A project's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _refuse(status: int, reason: str) -> Reply:
    page = f"<html><head><title>{status} {html.escape(reason)}</title></head><body>{html.escape(reason)}</body></html>"
    return Reply(status, page, {"Content-Type": "text/html; charset=UTF-8"})


def _form(request: Request) -> tuple[dict[str, str], str, bytes]:
    """The fields of an upload, and the file's name and content."""
    fields: dict[str, str] = {}
    name, content = "", b""
    boundary = (request.headers.get_boundary() or "").encode()
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        parameters = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
        if "filename" in parameters:
            name, content = parameters["filename"], value
        else:
            fields[parameters["name"]] = value.decode()
    return fields, name, content


def _url(file: _File, base: str) -> str:
    return f"{base}/files/{file.sha256}/{file.name}"


def _described(file: _File, base: str) -> dict[str, Any]:
    return {
        "filename": file.name,
        "packagetype": file.kind,
        "size": len(file.content),
        "url": _url(file, base),
        "digests": {"sha256": file.sha256},
        "requires_python": file.requires_python or None,
        "upload_time_iso_8601": file.uploaded.isoformat(),
        "yanked": file.yanked is not None,
        "yanked_reason": file.yanked,
    }


def _simple_json(project: str, files: list[_File], base: str) -> dict[str, Any]:
    described = [
        {
            "filename": f.name,
            "url": _url(f, base),
            "hashes": {"sha256": f.sha256},
            "requires-python": f.requires_python or None,
            "size": len(f.content),
            "upload-time": f.uploaded.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "yanked": False if f.yanked is None else f.yanked or True,
        }
        for f in files
    ]
    versions = sorted({f.version for f in files})
    return {"meta": {"api-version": "1.1"}, "name": project, "versions": versions, "files": described}


def _simple_html(files: list[_File], base: str) -> str:
    links = []
    for file in files:
        yanked = "" if file.yanked is None else f' data-yanked="{html.escape(file.yanked)}"'
        requires = f' data-requires-python="{html.escape(file.requires_python)}"' if file.requires_python else ""
        links.append(f'<a href="{_url(file, base)}#sha256={file.sha256}"{requires}{yanked}>{file.name}</a><br>')
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
