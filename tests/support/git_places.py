"""A git platform with its repository and its release files on loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployforge_tasks.platforms._git import GitPlatform
from deployforge_tasks.platforms.aur import Aur
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.rehearsal.stand_ins.git import GitStandIn
from tests.support import sshd
from tests.support.files import serving
from tests.support.jobs import Recorder, make_job

LINUX = ("linux/amd64", "linux/arm64")


@dataclass
class GitCase:
    """Where a platform publishes; `job` makes a job on a fresh machine each time."""

    platform: GitPlatform[Any]
    folder: Path
    options: Mapping[str, Any]
    secrets: Mapping[str, str]
    releases: Path
    release_url: str
    stand_in: GitStandIn | None = None
    machines: int = 0
    targets: tuple[str, ...] = ("linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64")
    recorder: Recorder = field(default_factory=Recorder)

    def job(self, version: str = "1.0.0", *, options: Mapping[str, Any] | None = None, **more: Any) -> Job[Any]:
        self.machines += 1
        machine = self.folder / f"machine-{self.machines}"
        settings: dict[str, Any] = {
            "secrets": self.secrets,
            "targets": self.targets,
            "release_url": self.release_url,
            "releases": self.releases,
            "recorder": self.recorder,
            **more,
        }
        return make_job(
            self.platform, machine, options={**self.options, **(options or {})}, version=version, **settings
        )


@contextmanager
def release_files_served(folder: Path) -> Iterator[tuple[Path, str]]:
    """The folder of the release files of every job, and where users download them."""
    releases = folder / "releases"
    releases.mkdir(parents=True)
    with serving(releases) as url:
        yield releases, url


@contextmanager
def over_http(platform: GitPlatform[Any], folder: Path) -> Iterator[GitCase]:
    """The platform against the stand-in."""
    stand_in = GitStandIn(folder / "git")
    with ExitStack() as stack:
        releases, url = stack.enter_context(release_files_served(folder))
        stand_in.start()
        stack.callback(stand_in.stop)
        options = stand_in.overlay({platform.name: {}})[platform.name]
        yield GitCase(platform, folder, options, stand_in.secrets()[platform.name], releases, url, stand_in)


@contextmanager
def aur_over_ssh(folder: Path) -> Iterator[GitCase]:
    """The AUR against a real sshd."""
    with release_files_served(folder) as (releases, url), sshd.git_over_ssh(folder / "ssh") as server:
        options = {"server": server.url, "host_key": server.host_key}
        yield GitCase(Aur(), folder, options, {"ssh_key": server.private_key}, releases, url, targets=LINUX)


@contextmanager
def aur_over_http(folder: Path) -> Iterator[GitCase]:
    """The AUR against the stand-in."""
    with over_http(Aur(), folder) as case:
        case.targets = LINUX
        yield case
