"""A stand-in for GitHub: the REST API's releases, uploads, and the downloads that users and other platforms follow.

Laid out like a GitHub Enterprise server: the API under ``/api/v3``, uploads under ``/api/uploads``, the web elsewhere.
Every repository that is asked for exists (a rehearsal knows nothing of the project's) unless it is in `missing`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins import _github_shapes as shapes
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API, UPLOADS, Asset, Release, Repository

REPO = rf"{API}/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)"
MAX_ASSETS = 1000

RepositoryHandler = Callable[..., Reply]


def for_repository(*, write: bool = False) -> Callable[[RepositoryHandler], RepositoryHandler]:
    """Look up the repository of a route, and answer like GitHub to those who may not see or change it."""

    def mark(function: RepositoryHandler) -> RepositoryHandler:
        @wraps(function)
        def handler(self: GitHub, request: Request, owner: str, name: str, **names: str) -> Reply:
            who = self.who(request)
            if who == "stranger":
                return Reply(401, shapes.error(401, "Bad credentials"))
            repo = self.repository(f"{owner}/{name}")
            if repo is None or (repo.private and who == "anybody"):
                return Reply(404, shapes.error(404, "Not Found"))
            if write and who == "anybody":
                return Reply(401, shapes.error(401, "Requires authentication"))
            if write and who == "reader":
                return Reply(403, shapes.error(403, "Resource not accessible by personal access token"))
            if write and repo.archived:
                return Reply(403, shapes.error(403, "Repository was archived so is read-only."))
            return function(self, request, repo, **names)

        return handler

    return mark


class GitHub(StandIn):
    """GitHub's releases."""

    name = "github"
    serves = ("github",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.token = f"github_pat_{secrets.token_hex(16)}"
        self.reader_token = f"github_pat_{secrets.token_hex(16)}"
        self.app_token = f"ghs_{secrets.token_hex(16)}"
        self.missing: set[str] = set()
        self.repositories: dict[str, Repository] = {}
        self._ids = itertools.count(1000)
        self._moments = shapes.Moments()

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"github": {"api": f"{self.url}{API}", "uploads": f"{self.url}{UPLOADS}", "web": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"github": {"token": self.token}}

    def publications(self) -> list[Publication]:
        return [
            Publication("github", repo.full_name, release.tag.removeprefix("v"), digest, {"part": part})
            for repo in self.repositories.values()
            for release in repo.releases.values()
            if not release.draft
            for part, digest in [("release", ""), *((a.name, _sha256(a)) for a in release.assets.values())]
        ]

    def repository(self, full_name: str) -> Repository | None:
        """The repository; made when it is first asked for."""
        if full_name in self.missing:
            return None
        return self.repositories.setdefault(full_name, Repository(next(self._ids), full_name))

    def who(self, request: Request) -> str:
        """Whose token a request carries: owner, reader, app, anybody (none) or stranger (a wrong one)."""
        given = request.headers.get("Authorization", "").partition(" ")[2]
        known = {self.token: "owner", self.reader_token: "reader", self.app_token: "app", "": "anybody"}
        return known.get(given, "stranger")

    # --- the repository -------------------------------------------------------------------------------------------

    @route("GET", f"{API}/user")
    def user(self, request: Request) -> Reply:
        if self.who(request) in ("anybody", "stranger"):
            return Reply(401, shapes.error(401, "Bad credentials"))
        return Reply(200, shapes.account(request.base, "releaser"), {"X-OAuth-Scopes": "repo"})

    @route("GET", f"{API}/installation/repositories")
    def installation(self, request: Request) -> Reply:
        if self.who(request) != "app":
            return Reply(403, shapes.error(403, "You must authenticate with an installation access token"))
        return Reply(200, {"total_count": 0, "repositories": []})

    @route("GET", REPO)
    @for_repository()
    def about(self, request: Request, repo: Repository) -> Reply:
        who = self.who(request)
        rights = dict.fromkeys(("admin", "maintain", "push", "triage", "pull"), False)
        if who in ("owner", "reader"):
            rights |= {"pull": True, "triage": who == "owner", "push": who == "owner"}
        return Reply(200, shapes.repository(request.base, repo, None if who == "anybody" else rights))

    @route("GET", f"{REPO}/git/ref/tags/(?P<tag>.+)")
    @for_repository()
    def tag(self, request: Request, repo: Repository, tag: str) -> Reply:
        if tag not in repo.tags:
            return Reply(404, shapes.error(404, "Not Found"))
        return Reply(200, shapes.git_ref(request.base, repo, tag, repo.tags[tag]))

    # --- releases -------------------------------------------------------------------------------------------------

    @route("GET", f"{REPO}/releases")
    @for_repository()
    def releases(self, request: Request, repo: Repository) -> Reply:
        sees_drafts = self.who(request) in ("owner", "app")
        newest_first = sorted(repo.releases.values(), key=lambda r: -r.id)
        shown = (shapes.release(request.base, repo, r) for r in newest_first if sees_drafts or not r.draft)
        return Reply(200, shapes.page(shown, dict(request.query)))

    @route("GET", f"{REPO}/releases/latest")
    @for_repository()
    def latest(self, request: Request, repo: Repository) -> Reply:
        return self._release_or_404(request, repo, repo.releases.get(repo.latest or 0))

    @route("GET", f"{REPO}/releases/tags/(?P<tag>.+)")
    @for_repository()
    def by_tag(self, request: Request, repo: Repository, tag: str) -> Reply:
        return self._release_or_404(request, repo, repo.published(tag))

    @route("GET", rf"{REPO}/releases/(?P<number>\d+)")
    @for_repository()
    def by_id(self, request: Request, repo: Repository, number: str) -> Reply:
        return self._release_or_404(request, repo, repo.releases.get(int(number)))

    @route("POST", f"{REPO}/releases")
    @for_repository(write=True)
    def create(self, request: Request, repo: Repository) -> Reply:
        asked = request.json()
        tag = asked.get("tag_name")
        if not tag:
            return Reply(422, shapes.invalid("Release", "missing_field", "tag_name"))
        if repo.published(tag):
            return Reply(422, shapes.invalid("Release", "already_exists", "tag_name"))
        made = Release(next(self._ids), tag, "", "", draft=True, prerelease=False, commitish="main")
        wanted = {"draft": False, "make_latest": "true", **asked}
        return self._change(request, repo, made, wanted, status=201)

    @route("PATCH", rf"{REPO}/releases/(?P<number>\d+)")
    @for_repository(write=True)
    def change(self, request: Request, repo: Repository, number: str) -> Reply:
        release = repo.releases.get(int(number))
        if release is None:
            return Reply(404, shapes.error(404, "Not Found"))
        asked = request.json()
        publishes = release.draft and asked.get("draft") is False
        if publishes and repo.published(asked.get("tag_name", release.tag)):
            return Reply(422, shapes.invalid("Release", "already_exists", "tag_name"))
        return self._change(request, repo, release, {"make_latest": "true", **asked} if publishes else asked)

    @route("DELETE", rf"{REPO}/releases/(?P<number>\d+)")
    @for_repository(write=True)
    def delete(self, request: Request, repo: Repository, number: str) -> Reply:
        if repo.releases.pop(int(number), None) is None:
            return Reply(404, shapes.error(404, "Not Found"))
        if repo.latest == int(number):
            repo.latest = repo.newest()
        return Reply(204)

    def _change(
        self, request: Request, repo: Repository, release: Release, asked: Mapping[str, Any], status: int = 200
    ) -> Reply:
        draft, prerelease = asked.get("draft", release.draft), asked.get("prerelease", release.prerelease)
        if asked.get("make_latest") == "true" and not draft and prerelease and "prerelease" not in asked:
            return Reply(422, shapes.invalid("Release", "custom", "make_latest"))
        release.tag = asked.get("tag_name", release.tag)
        release.name = asked.get("name") or release.name
        release.body = asked.get("body") or release.body
        release.commitish = asked.get("target_commitish", release.commitish)
        release.prerelease = prerelease
        if release.draft and not draft:
            release.published_at = self._moments.next()
            release.immutable = repo.immutable_releases
            repo.tags.setdefault(release.tag, hashlib.sha1(release.tag.encode()).hexdigest())  # noqa: S324 - git's ids
        release.draft = draft
        repo.releases[release.id] = release
        self._mark_latest(repo, release, asked.get("make_latest"))
        return Reply(status, shapes.release(request.base, repo, release))

    def _mark_latest(self, repo: Repository, release: Release, wanted: str | None) -> None:
        if wanted == "true" and not release.draft and not release.prerelease:
            repo.latest = release.id
        elif wanted == "legacy" or (repo.latest == release.id and (wanted == "false" or release.prerelease)):
            others = [r.id for r in repo.releases.values() if not (r.draft or r.prerelease or r is release)]
            repo.latest = repo.newest() if wanted == "legacy" else max(others, default=None)

    def _release_or_404(self, request: Request, repo: Repository, release: Release | None) -> Reply:
        if release is None or (release.draft and self.who(request) not in ("owner", "app")):
            return Reply(404, shapes.error(404, "Not Found"))
        return Reply(200, shapes.release(request.base, repo, release))

    # --- files ----------------------------------------------------------------------------------------------------

    @route("GET", rf"{REPO}/releases/(?P<number>\d+)/assets")
    @for_repository()
    def assets(self, request: Request, repo: Repository, number: str) -> Reply:
        release = repo.releases.get(int(number))
        if release is None:
            return Reply(404, shapes.error(404, "Not Found"))
        shown = (shapes.asset(request.base, repo, release, a) for a in release.assets.values())
        return Reply(200, shapes.page(shown, dict(request.query)))

    @route("POST", REPO.replace(API, UPLOADS) + r"/releases/(?P<number>\d+)/assets")
    @for_repository(write=True)
    def upload(self, request: Request, repo: Repository, number: str) -> Reply:
        release = repo.releases.get(int(number))
        if release is None:
            return Reply(404, shapes.error(404, "Not Found"))
        name = stored_name(request.query.get("name", ""))
        refusal = _refusal(release, name)
        if refusal:
            return Reply(422, refusal)
        asset = self._store(release, name, request, request.body)
        return Reply(201, shapes.asset(request.base, repo, release, asset))

    def cut_off(self, request: Request) -> None:
        """An upload that breaks off leaves a file in the state ``starter``, as on the real one."""
        match = re.fullmatch(REPO.replace(API, UPLOADS) + r"/releases/(?P<number>\d+)/assets", request.path)
        if request.method != "POST" or match is None or self.who(request) not in ("owner", "app"):
            return
        repo = self.repository(f"{match['owner']}/{match['name']}")
        release = repo.releases.get(int(match["number"])) if repo else None
        name = stored_name(request.query.get("name", ""))
        if release is not None and not _refusal(release, name):
            self._store(release, name, request, None)

    def _store(self, release: Release, name: str, request: Request, data: bytes | None) -> Asset:
        kind = request.headers.get("Content-Type", "application/octet-stream")
        asset = Asset(next(self._ids), name, kind, data)
        release.assets[asset.id] = asset
        return asset

    @route("GET", rf"{REPO}/releases/assets/(?P<number>\d+)")
    @for_repository()
    def asset(self, request: Request, repo: Repository, number: str) -> Reply:
        found = self._asset(repo, int(number))
        if found is None:
            return Reply(404, shapes.error(404, "Not Found"))
        if request.headers.get("Accept") == "application/octet-stream":
            return self._to_storage(request, found[1])
        return Reply(200, shapes.asset(request.base, repo, *found))

    @route("DELETE", rf"{REPO}/releases/assets/(?P<number>\d+)")
    @for_repository(write=True)
    def delete_asset(self, request: Request, repo: Repository, number: str) -> Reply:
        found = self._asset(repo, int(number))
        if found is None:
            return Reply(404, shapes.error(404, "Not Found"))
        if found[0].immutable:
            return Reply(
                422, shapes.invalid("ReleaseAsset", "custom", "id", "Cannot delete asset of immutable release")
            )
        del found[0].assets[found[1].id]
        return Reply(204)

    def _asset(self, repo: Repository, number: int) -> tuple[Release, Asset] | None:
        return next(((r, r.assets[number]) for r in repo.releases.values() if number in r.assets), None)

    # --- downloads ------------------------------------------------------------------------------------------------

    @route("GET", "/(?P<owner>[^/]+)/(?P<name>[^/]+)/releases/tag/(?P<tag>.+)")
    @for_repository()
    def web_page(self, request: Request, repo: Repository, tag: str) -> Reply:
        if repo.published(tag) is None:
            return Reply(404, "Not Found")
        return Reply(200, f"<!DOCTYPE html><title>Release {tag}</title>", {"Content-Type": "text/html"})

    @route("GET", "/(?P<owner>[^/]+)/(?P<name>[^/]+)/releases/download/(?P<tag>.+)/(?P<file>[^/]+)")
    @for_repository()
    def web_download(self, request: Request, repo: Repository, tag: str, file: str) -> Reply:
        release = repo.published(tag)
        assets = release.assets.values() if release and not repo.private else ()
        asset = next((a for a in assets if a.name == file and a.data is not None), None)
        return Reply(404, "Not Found") if asset is None else self._to_storage(request, asset)

    def _to_storage(self, request: Request, asset: Asset) -> Reply:
        if request.method == "GET":
            asset.downloads += 1
        signature = hashlib.sha256(f"{self.token}{asset.id}".encode()).hexdigest()
        return Reply(302, b"", {"Location": f"{request.base}/storage/{asset.id}?signature={signature}"})

    @route("GET", r"/storage/(?P<number>\d+)")
    def storage(self, request: Request, number: str) -> Reply:
        """The files themselves: no login, the address is signed."""
        signature = hashlib.sha256(f"{self.token}{number}".encode()).hexdigest()
        found = next((f for r in self.repositories.values() if (f := self._asset(r, int(number)))), None)
        if found is None or found[1].data is None or request.query.get("signature") != signature:
            return Reply(404, "Not Found")
        data = found[1].data
        start = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if start and int(start[1]) < len(data):
            span = f"bytes {start[1]}-{len(data) - 1}/{len(data)}"
            return Reply(206, data[int(start[1]) :], {"Content-Range": span})
        return Reply(416 if start else 200, b"" if start else data)


def stored_name(name: str) -> str:
    """The name under which GitHub keeps a file: runs of special characters become one dot."""
    return re.sub(r"[^\w+@.-]+|\.{2,}", ".", name, flags=re.ASCII).strip(".")


def _sha256(asset: Asset) -> str:
    return hashlib.sha256(asset.data or b"").hexdigest()


def _refusal(release: Release, name: str) -> dict[str, Any] | None:
    if not name:
        return shapes.invalid("ReleaseAsset", "missing_field", "name")
    if release.immutable:
        return shapes.invalid("ReleaseAsset", "custom", "id", "Cannot upload assets to an immutable release.")
    if any(a.name == name for a in release.assets.values()):
        return shapes.invalid("ReleaseAsset", "already_exists", "name")
    if len(release.assets) >= MAX_ASSETS:
        return shapes.invalid("ReleaseAsset", "custom", "id", "file_count limited to 1000 assets per release")
    return None
