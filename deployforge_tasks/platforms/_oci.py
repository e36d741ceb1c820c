"""An OCI registry over HTTP: authorization, manifests and blobs.

The protocol is https://github.com/opencontainers/distribution-spec/blob/main/spec.md, the authorization
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urljoin, urlsplit

from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Clock
from deployforge_tasks.effects.files import digest as file_digest
from deployforge_tasks.effects.http import Http, json_body

if TYPE_CHECKING:
    import requests

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = (OCI_INDEX, DOCKER_INDEX)
#: Registries answer 404 for a manifest that is there when its type is not accepted, so all are, always.
ACCEPT = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST))
#: Error codes that really say "no such manifest" (a 404 of a proxy or a wrong host has none of them).
_ABSENT = {"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"}
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_MAX_MANIFEST = 4 << 20


@dataclass(frozen=True)
class Manifest:
    """A manifest or index as the registry has it."""

    digest: str
    media_type: str
    raw: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The parsed JSON object.

        Raises:
            NetworkError: it is none.
        """
        try:
            document = json.loads(self.raw)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise NetworkError("the registry's manifest is not a JSON object", hint="a proxy may stand in between")
        return document


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Registry:
    """One registry, with one account or anonymous. `base` is its URL without a slash at the end."""

    def __init__(self, http: Http, clock: Clock, base: str, username: str = "", password: str = "") -> None:
        self.base = base
        self._http = http
        self._clock = clock
        self._account = (username, password) if username and password else None
        self._challenge: tuple[str, dict[str, str]] | None = None
        self._tokens: dict[str, tuple[str, float]] = {}
        if self._account:
            redactor.add(password, user=username)

    def find(self, repository: str, pointer: str) -> tuple[str | None, Look]:
        """The digest behind a tag or digest (None: not there), without pulling it.

        Raises:
            NetworkError: no clear answer; a 404 counts only with the registry's own error code.
        """
        url = self._url(repository, f"manifests/{pointer}")
        response = self._http.head(url, ok=(200, 404), headers=self._headers(repository))
        digest = response.headers.get("Docker-Content-Digest")
        if response.status_code == 200 and digest:
            return digest, Look(url, 200, digest)
        manifest, look = self.manifest(repository, pointer)
        return (manifest.digest if manifest else None), look

    def manifest(self, repository: str, pointer: str) -> tuple[Manifest | None, Look]:
        """The manifest behind a tag or digest, or None when the registry clearly says that there is none."""
        url = self._url(repository, f"manifests/{pointer}")
        response = self._http.get(url, ok=(200, 404), headers=self._headers(repository))
        if response.status_code == 404:
            _check_absence(response)
            return None, Look(url, 404)
        raw = response.content
        digest = sha256(raw)
        told = response.headers.get("Docker-Content-Digest", digest)
        if len(raw) > _MAX_MANIFEST or told != digest or (pointer.startswith("sha256:") and pointer != digest):
            raise NetworkError(
                f"the manifest {pointer} of {repository} arrived damaged: it has the digest {digest}",
                hint="run again; if it stays so, a proxy changes the answers",
                url=url,
            )
        media_type = response.headers.get("Content-Type", "").split(";")[0].strip()
        manifest = Manifest(digest, media_type, raw)
        manifest = Manifest(digest, str(manifest.document.get("mediaType") or media_type), raw)
        return manifest, Look(url, 200, digest)

    def tags(self, repository: str) -> list[str]:
        """All tags (up to the registry's own page limit); none when there is no such repository."""
        url = self._url(repository, "tags/list")
        body = self._http.json(url, ok=(200, 404), headers=self._headers(repository))
        tags = (body or {}).get("tags") if isinstance(body or {}, dict) else None
        return [str(t) for t in tags or []]

    def has_blob(self, repository: str, digest: str) -> bool:
        url = self._url(repository, f"blobs/{digest}")
        return self._http.head(url, ok=(200, 404), headers=self._headers(repository, push=True)).status_code == 200

    def download_blob(self, repository: str, digest: str, to: Path) -> Path:
        """Fetch a blob into a file and check its digest."""
        self._http.download(self._url(repository, f"blobs/{digest}"), to, headers=self._headers(repository))
        if f"sha256:{file_digest(to)}" != digest:
            to.unlink()
            _damaged(digest, self.base)
        return to

    def read_json_blob(self, repository: str, digest: str) -> dict[str, Any]:
        """A small blob that holds a JSON object (an image's config), with its digest checked."""
        url = self._url(repository, f"blobs/{digest}")
        raw = self._http.get(url, headers=self._headers(repository)).content
        return Manifest(digest, "", raw).document if sha256(raw) == digest else _damaged(digest, url)

    def mount_blob(self, repository: str, digest: str, source: str) -> bool:
        """Take a blob over from another repository of this registry; False when the registry will not."""
        headers = self._headers(repository, push=True, also=source)
        url = self._url(repository, "blobs/uploads/")
        params = {"mount": digest, "from": source}
        return self._http.send("POST", url, ok=(201, 202), params=params, headers=headers).status_code == 201

    def upload_blob(self, repository: str, digest: str, path: Path) -> None:
        """Upload a blob in one piece; nobody sees it before a manifest names it."""
        location = self._open_upload(repository)
        size = str(path.stat().st_size)
        headers = {
            **self._headers(repository, push=True), "Content-Type": "application/octet-stream", "Content-Length": size
        }  # fmt: skip
        with path.open("rb") as file:
            url = f"{location}{'&' if '?' in location else '?'}digest={digest}"
            self._http.send("PUT", url, ok=(201,), data=file if size != "0" else b"", headers=headers)

    def put_manifest(self, repository: str, pointer: str, media_type: str, raw: bytes) -> None:
        """Put a manifest under a tag or its digest."""
        headers = {**self._headers(repository, push=True), "Content-Type": media_type}
        self._http.send("PUT", self._url(repository, f"manifests/{pointer}"), ok=(201,), data=raw, headers=headers)

    @property
    def asks_for_password(self) -> bool:
        """Whether the registry wants to know who asks."""
        return bool(self._challenged()[0])

    def granted(self, repository: str) -> tuple[str, ...] | None:
        """What the account may do with a repository, by the token that the token server gives for it.

        None where that does not tell: a registry without a token server, or whose tokens are no JSON Web Tokens
        (https://distribution.github.io/distribution/spec/auth/jwt/).

        Raises:
            CredentialError: the registry or its token server refuses the account.
        """
        scheme, parameters = self._challenged()
        if scheme == "bearer":
            return _actions(self._token(parameters, [_scope(repository, push=True)]), repository)
        try:
            self._http.get(f"{self.base}/v2/", headers=self._headers(repository))
        except StatusError as error:
            self._refuse(error)
            raise
        return None

    def check_push(self, repository: str) -> None:
        """Prove that the account may push: open an upload and take it back.

        A token server grants fewer rights than asked without an error, so nothing less tells.
        """
        location = self._open_upload(repository)
        headers = self._headers(repository, push=True)
        self._http.send("DELETE", location, ok=(200, 202, 204, 404, 405), headers=headers)

    def _open_upload(self, repository: str) -> str:
        url = self._url(repository, "blobs/uploads/")
        response = self._http.send("POST", url, ok=(202,), headers=self._headers(repository, push=True))
        location = response.headers.get("Location")
        if not location:
            raise NetworkError("the registry opened an upload and did not say where", hint="run again", url=url)
        return urljoin(url, location)

    def _url(self, repository: str, rest: str) -> str:
        return f"{self.base}/v2/{repository}/{rest}"

    def _headers(self, repository: str, *, push: bool = False, also: str = "") -> dict[str, str]:
        scheme, parameters = self._challenged()
        headers = {"Accept": ACCEPT}
        if scheme == "basic" and self._account:
            headers["Authorization"] = self._basic()
        elif scheme == "bearer":
            scopes = [_scope(repository, push=push), *([_scope(also)] if also else [])]
            headers["Authorization"] = f"Bearer {self._token(parameters, scopes)}"
        return headers

    def _challenged(self) -> tuple[str, dict[str, str]]:
        if self._challenge is None:
            self._challenge = self._ask()
        return self._challenge

    def _ask(self) -> tuple[str, dict[str, str]]:
        """Which authorization the registry wants."""
        response = self._http.get(f"{self.base}/v2/", ok=(200, 401))
        if response.status_code == 200:
            return "", {}
        scheme, _, rest = response.headers.get("WWW-Authenticate", "").partition(" ")
        if scheme.lower() not in ("basic", "bearer"):
            raise NetworkError(
                f"{self.base} asks for an authorization that nobody knows: `{scheme}`",
                hint="is this a container registry? it must answer /v2/",
                url=self.base,
            )
        return scheme.lower(), dict(_PARAMETER.findall(rest))

    def _token(self, parameters: dict[str, str], scopes: list[str]) -> str:
        key = " ".join(scopes)
        token, good_until = self._tokens.get(key, ("", 0.0))
        if self._clock.monotonic() < good_until:
            return token
        realm = parameters.get("realm", "")
        if urlsplit(realm).scheme != "https" and urlsplit(self.base).scheme == "https":
            raise NetworkError(
                f"{self.base} sends to an unprotected token server: {realm}",
                hint="credentials are never sent over plain http from an https registry",
                url=self.base,
            )
        body = self._ask_token(realm, parameters, scopes)
        token = str(body.get("token") or body.get("access_token") or "")
        if not token:
            raise NetworkError("the token server gave no token", hint="run again later", url=realm)
        redactor.add(token)
        # 60 seconds unless it says otherwise; asked anew after three quarters, so that none ends under way.
        self._tokens[key] = (token, self._clock.monotonic() + 0.75 * float(body.get("expires_in") or 60))
        return token

    def _ask_token(self, realm: str, parameters: dict[str, str], scopes: list[str]) -> dict[str, Any]:
        query = [("scope", s) for s in scopes]
        query += [("service", parameters["service"])] if "service" in parameters else []
        headers = {"Authorization": self._basic()} if self._account else {}
        try:
            body = json_body(self._http.get(realm, params=query, headers=headers))
        except StatusError as error:
            self._refuse(error)
            raise
        if not isinstance(body, dict):
            raise NetworkError("the token server's answer is no JSON object", hint="run again later", url=realm)
        return body

    def _refuse(self, error: StatusError) -> None:
        """Raise a CredentialError for a refusal of our account; any other status stays what it is."""
        if error.status in (401, 403) and self._account:
            raise CredentialError(
                f"{urlsplit(self.base).netloc} refuses the username and password: {_reason(error)}",
                hint="make a new access token with the right to write, and set it as the password",
                code="DF2010",
                url=error.url,
            ) from error

    def _basic(self) -> str:
        assert self._account is not None
        return f"Basic {b64encode(':'.join(self._account).encode()).decode()}"


def _scope(repository: str, *, push: bool = False) -> str:
    return f"repository:{repository}:pull{',push' if push else ''}"


def _actions(token: str, repository: str) -> tuple[str, ...] | None:
    """What a token grants on a repository; its signature is the registry's business."""
    try:
        body = token.split(".")[1]
        access = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))["access"]
        fitting = [a["actions"] for a in access or () if (a["type"], a["name"]) == ("repository", repository)]
        return tuple(sorted({str(action) for actions in fitting for action in actions or ()}))
    except (LookupError, TypeError, ValueError):
        return None


def _reason(error: StatusError) -> str:
    """What a refusal says: ``errors`` of the specification, or ``details`` as Docker Hub's token server has it."""
    try:
        body = json.loads(error.body)
        return str(body["errors"][0]["message"] if "errors" in body else body["details"])
    except (LookupError, TypeError, ValueError):
        return f"status {error.status}"


def _damaged(digest: str, url: str) -> NoReturn:
    raise NetworkError(f"the blob {digest} arrived damaged", hint="run again", url=url)


def _check_absence(response: requests.Response) -> None:
    try:
        errors = response.json()["errors"]
        codes = {str(e["code"]).upper() for e in errors}
    except (ValueError, KeyError, TypeError):
        codes = set()
    if not codes & _ABSENT:
        raise NetworkError(
            "the registry answered 404 without saying that the image is unknown",
            hint="check the registry's address and the repository's name",
            url=redactor.text(response.url),
        )
