"""Files of releases on the GitHub stand-in: uploads, and the downloads that users and other platforms follow."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from deployforge_tasks.rehearsal.server import Reply, Request, route
from deployforge_tasks.rehearsal.stand_ins import _github_shapes as shapes
from deployforge_tasks.rehearsal.stand_ins._github_hub import REPO, Hub, for_repository
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API, UPLOADS, Asset, Release, Repository

MAX_ASSETS = 1000


class Files(Hub):
    """Uploads and downloads."""

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
        asset = Asset(next(self.ids), name, kind, data)
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


def sha256(asset: Asset) -> str:
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
