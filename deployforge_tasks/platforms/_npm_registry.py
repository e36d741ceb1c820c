"""The protocol of npm registries: package documents, publishing, tags, deprecation.

https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md; the publish document as libnpmpublish sends it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError, VerifyError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import Http, json_body
from deployforge_tasks.platforms._npm_names import escaped

Manifest = Mapping[str, Any]
_STAGED = "previously staged version"
_BUSY = "failed to save packument"
_EXISTS = "cannot publish over"
#: Characters of a refusal that are looked at (masked before they are shortened), and pages of a list of tokens.
_LONGEST_SAID = 65_536
_PAGES = 20
#: Characters that the short form of a token begins with, at least (npm's older lists show six, verdaccio's five).
_SHORTEST = 5


@dataclass(frozen=True)
class Document:
    """What a registry says about a package (its "packument"); `raw` as received."""

    raw: Mapping[str, Any]

    def integrity(self, version: str) -> str | None:
        """The digest of a version's tarball (``sha512-…``); "" if it tells none, None if the version is not there."""
        manifest = self.raw["versions"].get(version)
        return None if manifest is None else str(manifest["dist"].get("integrity") or "")

    def tarball(self, version: str) -> str:
        return str(self.raw["versions"][version]["dist"]["tarball"])

    def spent(self, version: str) -> bool:
        """Whether the version was there once and was taken away: npm never accepts its number again."""
        time = self.raw.get("time") or {}
        unpublished = (time.get("unpublished") or {}).get("versions") or ()
        return version not in self.raw["versions"] and (version in time or version in unpublished)

    @property
    def tags(self) -> Mapping[str, str]:
        return self.raw.get("dist-tags") or {}


class Registry:
    """One registry.

    Args:
        token: for writes, and for reads too when `auth_reads` is set (places that hide packages from strangers).
    """

    def __init__(self, http: Http, url: str, token: str | None, *, auth_reads: bool = False) -> None:
        self._http = http
        self.url = url.rstrip("/")
        self._token = token
        self.auth_reads = auth_reads

    def document(self, name: str, *, fresh: bool = False) -> tuple[Document | None, Look]:
        """A package's document (None if there is no such package), and the evidence.

        Args:
            fresh: ask for the version that a change is based on, past every cache.
        """
        url = f"{self.url}/{escaped(name)}"
        headers = {"Accept": "application/json", "Cache-Control": "no-cache"}
        if self.auth_reads or fresh:
            headers |= self._authorization()
        raw = self._http.json(url, ok=(200, 404), headers=headers, params={"write": "true"} if fresh else None)
        if raw is None:
            if self.auth_reads:
                self.whoami()  # a stranger gets 404 as well: only a valid credential makes it an answer
            return None, Look(url, 404)
        return _checked(raw, url), Look(url, 200)

    def whoami(self) -> str:
        """The user that the token belongs to.

        Raises:
            CredentialError: the registry does not accept the token.
        """
        url = f"{self.url}/-/whoami"
        response = self._http.get(url, ok=(200, 401, 403), headers=self._authorization())
        # verdaccio answers a wrong token with 200 and an empty object
        answer = json_body(response) if response.status_code == 200 else {}
        user = answer.get("username") if isinstance(answer, dict) else None
        if not user:
            says = " ".join(redactor.text(response.text[:_LONGEST_SAID]).split())[:200]
            raise CredentialError(
                f"{self.url} does not accept the token: {response.status_code} {says}",
                hint="make a new one with write access",
                code="DF2002",
                url=url,
            )
        return str(user)

    def own_token(self) -> Mapping[str, Any] | None:
        """What the registry's list of tokens says about ours; None when it lists none that can only be ours.

        The list shows the ends of each token (``npm_NYn6...jCq0``) or its beginning; entries have ``expiry``,
        ``permissions``, ``scopes`` and ``bypass_2fa`` (npm/cli#9443), on other registries ``readonly``.

        Raises:
            NetworkError: the registry has no such list, or keeps it from us.
        """
        ours = [t for t in self._tokens() if _shows(str(t.get("token") or ""), self._token or "")]
        return ours[0] if len(ours) == 1 else None

    def _tokens(self) -> Iterator[Mapping[str, Any]]:
        page: str | None = "/-/npm/v1/tokens"
        for _ in range(_PAGES):
            if not page:
                return
            url = f"{self.url}/{page.lstrip('/')}"
            answer = self._http.json(url, headers=self._authorization())
            if not isinstance(answer, dict) or not isinstance(answer.get("objects"), list):
                raise NetworkError("the answer is no list of tokens", hint="run again later", url=url)
            yield from (token for token in answer["objects"] if isinstance(token, dict))
            page = (answer.get("urls") or {}).get("next")

    def publish(self, manifest: Manifest, tarball: bytes, *, tag: str, access: str) -> bool:
        """Publish one package.

        Returns: False if the registry says that it accepted this version earlier and is still working on it.

        Raises:
            CredentialError, StatusError, NetworkError: it did not (or its answer was lost).
        """
        name, version = manifest["name"], manifest["version"]
        body = publish_document(manifest, tarball, url=self.url, tag=tag, access=access)
        try:
            self._put(f"{self.url}/{escaped(name)}", body, "publish")
        except StatusError as error:
            says = error.body.lower()
            if error.status == 409 and _STAGED in says:
                return False
            if _BUSY in says:
                error.retryable = True
            if error.status in (401, 403, 404) and _EXISTS not in says:
                raise CredentialError(
                    f"{self.url} refuses to publish {name}@{version}: {' '.join(error.body.split())[:200]}",
                    hint="the token must be valid and allowed to write this package (npm: granular, bypassing 2FA)",
                    code="DF2003",
                    url=error.url,
                ) from error
            raise
        return True

    def tarball(self, name: str, version: str) -> bytes:
        """Download a published package, as npm would.

        Raises:
            VerifyError: it is not what the registry's own digest says.
        """
        document, look = self.document(name)
        if document is None or document.integrity(version) is None:
            raise NetworkError(f"{name}@{version} is not there", hint="run again later", url=look.url)
        url = document.tarball(version)
        own = urlsplit(url).netloc == urlsplit(self.url).netloc
        data: bytes = self._http.get(url, headers=self._authorization() if self.auth_reads and own else None).content
        if document.integrity(version) not in ("", integrity(data)):
            raise VerifyError(
                f"the tarball of {name}@{version} does not have the digest that the registry tells",
                hint="download it again; if it stays so, tell the registry",
                url=url,
            )
        return data

    def set_tag(self, name: str, tag: str, version: str) -> None:
        """Let a dist-tag point at a version."""
        self._put(f"{self.url}/-/package/{escaped(name)}/dist-tags/{tag}", version, "dist-tag")

    def deprecate(self, name: str, version: str, message: str) -> None:
        """Let npm warn everybody who installs a version."""
        document, look = self.document(name, fresh=True)
        if document is None or document.integrity(version) is None:
            raise NetworkError(f"{name}@{version} is not there", hint="nothing to deprecate", url=look.url)
        raw = json.loads(json.dumps(document.raw))
        raw["versions"][version]["deprecated"] = message
        self._put(f"{self.url}/{escaped(name)}", raw, "deprecate")

    def _put(self, url: str, body: Any, command: str) -> None:
        # some registries (GitLab's) tell a deprecation from a publication by this header of npm's client
        headers = {"Content-Type": "application/json", "npm-command": command, **self._authorization()}
        answer = self._http.send("PUT", url, ok=(200, 201, 202, 204), data=json.dumps(body).encode(), headers=headers)
        if answer.content.strip():
            json_body(answer)  # a success that is no JSON comes from something in between, not from the registry

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}


def integrity(data: bytes) -> str:
    """A digest as npm writes it: ``sha512-`` and base64 (https://w3c.github.io/webappsec-subresource-integrity/)."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def publish_document(manifest: Manifest, tarball: bytes, *, url: str, tag: str, access: str) -> dict[str, Any]:
    """The document that publishes one version."""
    name, version = manifest["name"], manifest["version"]
    file = f"{name}-{version}.tgz"
    dist = {
        "integrity": integrity(tarball),
        "shasum": hashlib.sha1(tarball, usedforsecurity=False).hexdigest(),
        "tarball": f"{url}/{name}/-/{file}",
    }
    attachment = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(tarball).decode(),
        "length": len(tarball),
    }
    return {
        "_id": name,
        "name": name,
        "description": manifest.get("description", ""),
        "dist-tags": {tag: version},
        "versions": {version: {**manifest, "_id": f"{name}@{version}", "dist": dist}},
        "access": access,
        "_attachments": {file: attachment},
    }


def _shows(shown: str, token: str) -> bool:
    """Whether a list's short form of a token (its ends with dots between, or its beginning) is that of ours."""
    start, dots, end = shown.partition("...")
    return len(start) >= _SHORTEST and token.startswith(start) and (not dots or token.endswith(end))


def _checked(raw: Any, url: str) -> Document:
    unpublished = isinstance(raw, dict) and isinstance(raw.get("time"), dict) and raw["time"].get("unpublished")
    if unpublished:
        return Document({"versions": {}, **raw})
    versions = raw.get("versions") if isinstance(raw, dict) else None
    shaped = isinstance(versions, dict) and all(
        isinstance(v, dict) and isinstance(v.get("dist"), dict) for v in versions.values()
    )
    if not shaped:
        raise NetworkError("the answer is no package document", hint="is this the URL of an npm registry?", url=url)
    return Document(raw)
