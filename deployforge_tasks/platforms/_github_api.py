"""The part of GitHub's REST API that releases need (https://docs.github.com/rest/releases).

Measured facts that shape this module: drafts are never found by their tag, only in the list; lists are cut into pages;
an upload that broke off leaves an asset in the state ``starter``; older assets have no digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.effects.http import Http, json_body

T = TypeVar("T")
PAGE = 100
API_VERSION = "2022-11-28"


@dataclass(frozen=True)
class Asset:
    """A file of a release; `sha256` is hex, or "" where GitHub tells none (files from before June 2025)."""

    id: int
    name: str
    size: int
    uploaded: bool
    sha256: str


@dataclass(frozen=True)
class Release:
    """A release or a draft of one."""

    id: int
    tag: str
    draft: bool
    prerelease: bool
    immutable: bool
    page: str


class Repository:
    """One repository's releases.

    Args:
        http: the client.
        api: base URL of the REST API.
        uploads: base URL for uploads.
        repo: ``owner/name``.
        token: None for looking at a public repository.
    """

    def __init__(self, http: Http, *, api: str, uploads: str, repo: str, token: str | None) -> None:
        self._http = http
        self._api = api.rstrip("/")
        self._repo = repo
        self.base = f"{self._api}/repos/{repo}"
        self._uploads = f"{uploads.rstrip('/')}/repos/{repo}"
        self._token = token

    # --- reading --------------------------------------------------------------------------------------------------

    def about(self) -> Mapping[str, Any] | None:
        """The repository itself, or None when it is not there or not visible for this token (GitHub tells neither)."""
        data = self._json(self.base, ok=(200, 404))
        return None if data is None else _shaped(lambda: {**data, "private": bool(data["private"])}, self.base)

    def is_installation(self) -> bool:
        """Whether the token belongs to an app (as in Actions); GitHub never shows `permissions` to those."""
        url = f"{self._api}/installation/repositories"
        answer = self._http.head(url, ok=(200, 401, 403, 404), headers=self._headers(), params={"per_page": "1"})
        return answer.status_code == 200

    def has_tag(self, tag: str) -> bool:
        return self._json(f"{self.base}/git/ref/tags/{quote(tag)}", ok=(200, 404)) is not None

    def published(self, tag: str) -> Release | None:
        """The published release of a tag."""
        url = self.tag_url(tag)
        data = self._json(url, ok=(200, 404))
        release = None if data is None else _release(data, url)
        if release and release.tag != tag:
            raise NetworkError(
                f"asked for the release {tag}, GitHub answered with {release.tag}", hint="run again", url=url
            )
        return release

    def tag_url(self, tag: str) -> str:
        return f"{self.base}/releases/tags/{quote(tag, safe='')}"

    def latest_tag(self) -> str | None:
        """Tag of the release that is marked as the latest."""
        url = f"{self.base}/releases/latest"
        data = self._json(url, ok=(200, 404))
        return None if data is None else _release(data, url).tag

    def find(self, tag: str) -> tuple[list[Release], list[Look]]:
        """Every release and draft of a tag: the published one first, then drafts, the oldest first.

        Raises:
            CredentialError: the repository is not there or not visible (never read as "no release").
        """
        published = self.published(tag)
        looks = [Look(self.tag_url(tag), 200 if published else 404)]
        if published:
            return [published], looks
        url = f"{self.base}/releases"
        looks.append(Look(url, 200))
        same = [r for r in (_release(d, url) for d in self._pages(url)) if r.tag == tag]
        return sorted(same, key=lambda r: (r.draft, r.id)), looks

    def assets(self, release: Release) -> dict[str, Asset]:
        """Every file of a release by its name."""
        url = f"{self.base}/releases/{release.id}/assets"
        return {a.name: a for a in (_asset(d, url) for d in self._pages(url))}

    def download(self, asset: Asset, to: Path) -> None:
        """Download a file through the API (works for drafts and private repositories too)."""
        url = f"{self.base}/releases/assets/{asset.id}"
        self._http.download(url, to, headers=self._headers("application/octet-stream"))

    # --- writing: one try each ------------------------------------------------------------------------------------

    def create(self, fields: Mapping[str, Any]) -> Release:
        url = f"{self.base}/releases"
        return self._written("POST", url, 201, fields)

    def update(self, release: Release, fields: Mapping[str, Any]) -> Release:
        return self._written("PATCH", f"{self.base}/releases/{release.id}", 200, fields)

    def delete(self, release: Release) -> None:
        self._send("DELETE", f"{self.base}/releases/{release.id}", ok=(204, 404))

    def delete_asset(self, asset: Asset) -> None:
        self._send("DELETE", f"{self.base}/releases/assets/{asset.id}", ok=(204, 404))

    def upload(self, release: Release, name: str, path: Path) -> Asset:
        """Upload a file, streamed from disk."""
        url = f"{self._uploads}/releases/{release.id}/assets"
        kind = {"Content-Type": "application/octet-stream"}
        with path.open("rb") as file:
            answer = self._send("POST", url, ok=(201,), params={"name": name}, data=file, headers=kind)
        return _asset(json_body(answer), url)

    # --- parts ----------------------------------------------------------------------------------------------------

    def _headers(self, accept: str = "application/vnd.github+json") -> dict[str, str]:
        headers = {"Accept": accept, "X-GitHub-Api-Version": API_VERSION}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _json(self, url: str, ok: tuple[int, ...] = (200,), **params: str) -> Any:
        with _rate_limits():
            return self._http.json(url, ok=ok, headers=self._headers(), params=params)

    def _send(self, method: str, url: str, ok: tuple[int, ...], **kwargs: Any) -> Any:
        headers = {**self._headers(), **kwargs.pop("headers", {})}
        with _rate_limits():
            return self._http.send(method, url, ok=ok, headers=headers, **kwargs)

    def _written(self, method: str, url: str, status: int, fields: Mapping[str, Any]) -> Release:
        answer = self._send(method, url, ok=(status,), json=dict(fields))
        return _release(json_body(answer), url)

    def _pages(self, url: str) -> Iterator[Any]:
        page = 1
        while True:
            items = self._json(url, ok=(200, 404), per_page=str(PAGE), page=str(page))
            if items is None:
                raise CredentialError(
                    f"GitHub shows no repository {self._repo} to this token",
                    hint="check the name; for a private repository the token needs `contents: write` there",
                    code="DF2140",
                    url=url,
                )
            if not isinstance(items, list):
                raise _odd(url)
            yield from items
            if len(items) < PAGE:
                return
            page += 1


@contextmanager
def _rate_limits() -> Iterator[None]:
    """GitHub says "slow down" with 403 too (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
    try:
        yield
    except StatusError as error:
        if error.status == 403 and "rate limit" in error.body.lower():
            error.retryable = True
            error.hint = "GitHub's rate limit is used up; run again later, nothing is published twice"
        raise


def _release(data: Any, url: str) -> Release:
    return _shaped(
        lambda: Release(
            id=int(data["id"]),
            tag=str(data["tag_name"]),
            draft=_flag(data["draft"]),
            prerelease=_flag(data["prerelease"]),
            immutable=bool(data.get("immutable", False)),
            page=str(data["html_url"]),
        ),
        url,
    )


def _asset(data: Any, url: str) -> Asset:
    return _shaped(
        lambda: Asset(
            id=int(data["id"]),
            name=str(data["name"]),
            size=int(data["size"]),
            uploaded=data["state"] == "uploaded",
            sha256=str(data.get("digest") or "").removeprefix("sha256:"),
        ),
        url,
    )


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def _shaped(read: Callable[[], T], url: str) -> T:
    """Read fields of an answer; one that lacks them is no answer."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _odd(url) from error


def _odd(url: str) -> NetworkError:
    return NetworkError(
        "the answer is not what GitHub's API gives here",
        hint="check the `api:` address; a proxy or an outage page may stand in between",
        url=url,
    )
