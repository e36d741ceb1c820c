"""A stand-in for GitHub: the REST API's releases, uploads, and the downloads that users and other platforms follow.

Laid out like a GitHub Enterprise server: the API under ``/api/v3``, uploads under ``/api/uploads``, the web elsewhere.
Every repository that is asked for exists (a rehearsal knows nothing of the project's) unless it is in `missing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, route
from deployforge_tasks.rehearsal.stand_ins import _github_shapes as shapes
from deployforge_tasks.rehearsal.stand_ins._github_files import Files, sha256
from deployforge_tasks.rehearsal.stand_ins._github_hub import REPO, for_repository
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API, UPLOADS, Asset, Release, Repository


class GitHub(Files):
    """GitHub's releases."""

    name = "github"
    serves = ("github",)

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"github": {"api": f"{self.url}{API}", "uploads": f"{self.url}{UPLOADS}", "web": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"github": {"token": self.token}}

    def usage(self) -> dict[str, str]:
        pages = [
            f"{self.url}/{repo.full_name}/releases/tag/{release.tag}"
            for repo in self.repositories.values()
            for release in repo.releases.values()
        ]
        return {"github": f"open {pages[-1]}"} if pages else {}

    def show(self, full_name: str, tag: str, files: Mapping[str, bytes]) -> None:
        """A release that somebody else published."""
        repo = self.repository(full_name)
        assert repo is not None
        release = Release(next(self.ids), tag, tag, "", draft=False, prerelease=False, commitish="main")
        release.published_at = self.moments.next()
        for name, data in files.items():
            asset = Asset(next(self.ids), name, "application/octet-stream", data)
            release.assets[asset.id] = asset
        repo.tags[tag] = hashlib.sha1(tag.encode()).hexdigest()  # noqa: S324 - git's ids
        repo.releases[release.id] = release
        repo.latest = release.id

    def publications(self) -> list[Publication]:
        return [
            Publication("github", repo.full_name, release.tag.removeprefix("v"), digest, {"part": part})
            for repo in self.repositories.values()
            for release in repo.releases.values()
            if not release.draft
            for part, digest in [("release", ""), *((a.name, sha256(a)) for a in release.assets.values())]
        ]

    # --- the repository -------------------------------------------------------------------------------------------

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
        made = Release(next(self.ids), tag, "", "", draft=True, prerelease=False, commitish="main")
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
            release.published_at = self.moments.next()
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
