"""The digests of a release's files as GitHub has them."""

from __future__ import annotations

from deployforge_tasks.effects.files import digest
from deployforge_tasks.platforms._github_api import Asset, Release, Repository
from deployforge_tasks.platforms._github_release import GitHubJob, files, stored_name


def digests(job: GitHubJob, hub: Repository, release: Release) -> dict[str, str]:
    """SHA-256 of each of our files that is wholly there; "" where GitHub tells none and there is nothing to compare.

    Files without a digest are downloaded when we know ours.
    """
    assets = hub.assets(release)
    there = {name: _sha256(job, hub, assets[name]) for name in files(job) if name in assets and assets[name].uploaded}
    checksums = stored_name(job.options.checksums or "")
    if checksums in there and _says_the_same(job, hub, release, assets[checksums]):
        there[checksums] = job.digests[checksums]
    return there


def _sha256(job: GitHubJob, hub: Repository, asset: Asset) -> str:
    if asset.sha256 or not job.digests.get(asset.name):
        return asset.sha256
    return _download(job, hub, asset)[0]


def _says_the_same(job: GitHubJob, hub: Repository, release: Release, asset: Asset) -> bool:
    """Whether a checksums file that another tool made for a public release confirms every one of our files.

    Such a release may be where the release files come from; its own list of checksums is as good as ours.
    """
    ours = job.digests.get(asset.name)
    if release.draft or not ours or asset.sha256 == ours:
        return False
    lines = (line.split() for line in _download(job, hub, asset)[1].splitlines())
    listed = {words[1].lstrip("*"): words[0].lower() for words in lines if len(words) == 2}
    return all(listed.get(name) == job.digests.get(name) for name in files(job) if name != asset.name)


def _download(job: GitHubJob, hub: Repository, asset: Asset) -> tuple[str, str]:
    """Download a file; its SHA-256, and its beginning as text."""
    path = job.workdir / "looked-at" / f"{asset.id}-{asset.name}"
    hub.download(asset, path)
    try:
        with path.open("rb") as file:
            return digest(path), file.read(1 << 20).decode("utf-8", "replace")
    finally:
        path.unlink()
