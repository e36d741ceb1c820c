"""A GitHub stand-in with one repository, and jobs that are pointed at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.github import GitHub
from deployforge_tasks.rehearsal.stand_ins._github_shapes import Asset, Release, Repository
from deployforge_tasks.rehearsal.stand_ins.github import GitHub as StandIn
from tests.support.jobs import make_job
from tests.support.proxy import FaultProxy

PLATFORM = GitHub()
REPO = "hello-makers/hello-forge"
FILES = [
    "hello-forge-1.0.0-linux-amd64.tar.gz",
    "hello-forge-1.0.0-linux-arm64.tar.gz",
    "hello-forge-1.0.0-windows-amd64.zip",
    "checksums.txt",
]


class Place:
    """The stand-in, and jobs that are pointed at it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub = StandIn(folder / "github")
        self.machines = 0

    @property
    def repo(self) -> Repository:
        repo = self.hub.repository(REPO)
        assert repo is not None
        return repo

    @property
    def releases(self) -> list[Release]:
        return list(self.repo.releases.values())

    def job(
        self,
        options: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        version: str = "1.0.0",
        through: FaultProxy | None = None,
        **more: Any,
    ) -> Job[Any]:
        """A job on a fresh machine."""
        self.machines += 1
        overlay = self.hub.overlay({})["github"]
        secret = self.hub.token if token is None else token
        return make_job(
            PLATFORM,
            self.folder / f"machine-{self.machines}",
            options={**(through.through(overlay) if through else overlay), **(options or {})},
            secrets={"token": secret} if secret else {},
            version=version,
            **more,
        )

    def release(self, tag: str, *, draft: bool = False, **fields: Any) -> Release:
        """A release that somebody made by hand."""
        number = 1 + max(self.repo.releases, default=0)
        made = Release(number, tag, tag, "", draft=draft, prerelease=False, commitish="main", **fields)
        self.repo.releases[number] = made
        if not draft:
            self.repo.latest = number
        return made


def put(release: Release, name: str, data: bytes | None) -> Asset:
    number = release.id * 1000 + len(release.assets)
    release.assets[number] = Asset(number, name, "application/octet-stream", data)
    return release.assets[number]


def fill(release: Release, job: Job[Any], names: list[str]) -> None:
    """Put files of a packaged job into a release, as they are."""
    assert job.package is not None
    for name in names:
        path = job.package.piece(name).path
        assert path is not None
        put(release, name, (job.workdir / path).read_bytes())


def names(release: Release) -> list[str]:
    return [a.name for a in release.assets.values()]


def wait_for(holds: Callable[[], bool]) -> None:
    """Until the stand-in's thread has noticed that its client is gone."""
    pause = threading.Event()
    for _ in range(500):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it never happened")
