"""The part of GitHub's REST API that releases need (https://docs.github.com/rest/releases).

Measured facts that shape this module: drafts are never found by their tag, only in the list; lists are cut into pages;
an upload that broke off leaves an asset in the state ``starter``; older assets have no digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.effects.http import Http, json_body
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._github_rest import Rest, Told, odd, rate_limits, shaped, told

PAGE = 100
#: Files of a release that lists show: one that has so many may have more.
SHOWN = 30


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
    published: datetime | None = None


class Repository(Rest):
    """One repository's releases.

    Args:
        http: the client.
        api: base URL of the REST API.
        uploads: base URL for uploads.
        repo: ``owner/name``.
        token: None for looking at a public repository.
    """

    def __init__(self, http: Http, *, api: str, uploads: str, repo: str, token: str | None) -> None:
        super().__init__(http, api, token)
        self.name = repo
        self.base = f"{self.api}/repos/{repo}"
        self._uploads = f"{uploads.rstrip('/')}/repos/{repo}"

    # --- reading --------------------------------------------------------------------------------------------------

    def about(self) -> tuple[Mapping[str, Any] | None, Told]:
        """The repository itself, and what the answer tells about the token.

        The repository is None when it is not there or not visible for this token (GitHub tells neither).
        """
        answer = self.get(self.base, ok=(200, 404))
        if answer.status_code == 404:
            return None, told(answer.headers)
        data = json_body(answer)
        return shaped(lambda: {**data, "private": bool(data["private"])}, self.base), told(answer.headers)

    def has_tag(self, tag: str) -> bool:
        return self.json(f"{self.base}/git/ref/tags/{quote(tag)}", ok=(200, 404)) is not None

    def published(self, tag: str) -> Release | None:
        """The published release of a tag."""
        url = self.tag_url(tag)
        data = self.json(url, ok=(200, 404))
        release = None if data is None else _release(data, url)
        if release and release.tag != tag:
            raise NetworkError(
                f"asked for the release {tag}, GitHub answered with {release.tag}", hint="run again", url=url
            )
        return release

    def tag_url(self, tag: str) -> str:
        return f"{self.base}/releases/tags/{quote(tag, safe='')}"

    def latest(self) -> tuple[Release | None, Look]:
        """The release that is marked as the latest, and the evidence; None also where no repository is shown to us."""
        url = f"{self.base}/releases/latest"
        data = self.json(url, ok=(200, 404))
        return (None, Look(url, 404)) if data is None else (_release(data, url), Look(url, 200))

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

    def every(self) -> Iterator[tuple[Release, list[Any]]]:
        """Every release and draft with its files as GitHub tells them, the newest first.

        Raises:
            CredentialError: the repository is not there or not visible.
        """
        url = f"{self.base}/releases"
        for data in self._pages(url):
            release = _release(data, url)
            shown = data.get("assets")
            if not isinstance(shown, list):
                raise odd(url)
            whole = len(shown) < SHOWN
            yield release, shown if whole else list(self._pages(f"{url}/{release.id}/assets"))

    def assets(self, release: Release) -> dict[str, Asset]:
        """Every file of a release by its name."""
        url = f"{self.base}/releases/{release.id}/assets"
        return {a.name: a for a in (_asset(d, url) for d in self._pages(url))}

    def download(self, asset: Asset, to: Path) -> None:
        """Download a file through the API (works for drafts and private repositories too)."""
        url = f"{self.base}/releases/assets/{asset.id}"
        self.http.download(url, to, headers=self.headers("application/octet-stream"))

    def hidden(self) -> CredentialError:
        """The error for a repository that is not shown to us."""
        return CredentialError(
            f"GitHub shows no repository {self.name} to this token",
            hint="check the name; for a private repository the token needs `contents: write` there",
            code="DF2140",
            url=self.base,
        )

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

    def _send(self, method: str, url: str, ok: tuple[int, ...], **kwargs: Any) -> Any:
        headers = {**self.headers(), **kwargs.pop("headers", {})}
        with rate_limits():
            return self.http.send(method, url, ok=ok, headers=headers, **kwargs)

    def _written(self, method: str, url: str, status: int, fields: Mapping[str, Any]) -> Release:
        answer = self._send(method, url, ok=(status,), json=dict(fields))
        return _release(json_body(answer), url)

    def _pages(self, url: str) -> Iterator[Any]:
        page = 1
        while True:
            items = self.json(url, ok=(200, 404), per_page=str(PAGE), page=str(page))
            if items is None:
                raise self.hidden()
            if not isinstance(items, list):
                raise odd(url)
            yield from items
            if len(items) < PAGE:
                return
            page += 1


def _release(data: Any, url: str) -> Release:
    return shaped(
        lambda: Release(
            id=int(data["id"]),
            tag=str(data["tag_name"]),
            draft=_flag(data["draft"]),
            prerelease=_flag(data["prerelease"]),
            immutable=bool(data.get("immutable", False)),
            page=str(data["html_url"]),
            published=moment(data.get("published_at")),
        ),
        url,
    )


def _asset(data: Any, url: str) -> Asset:
    return shaped(
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
