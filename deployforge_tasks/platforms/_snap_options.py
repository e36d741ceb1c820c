"""The options of the platform ``snap``, and what follows from them: names, channels, pieces and the store."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from deployforge_tasks.core import endpoints
from deployforge_tasks.platforms._snap_account import Account, parse_login
from deployforge_tasks.platforms._snap_package import architectures
from deployforge_tasks.platforms._snap_store import Store, full_channel
from deployforge_tasks.platforms.base import Job, Options

# https://snapcraft.io/docs/channels: [track/]risk[/branch]
CHANNEL = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,27}/)?(stable|candidate|beta|edge)(/[a-z0-9][a-z0-9-]*)?")


class SnapOptions(Options):
    """Options of the platform ``snap``."""

    name: str | None = None
    """Registered name of the snap; default: the project's."""
    base: str = "core24"
    """Base snap that the program runs on; `bare` for a program that needs no library."""
    confinement: Literal["strict", "classic", "devmode"] = "strict"
    """How far the program is shut in; `classic` has to be granted by the store's reviewers."""
    grade: Literal["stable", "devel"] = "stable"
    """`devel` can only go to the channels beta and edge."""
    channels: list[str] = Field(default_factory=list)
    """Channels to release to (`stable`, `2/candidate`); default: stable; pre-releases: candidate; devel: edge."""
    plugs: list[str] = Field(default_factory=list)
    """Interfaces that the program uses (`network`, `home`)."""
    dashboard: str = endpoints.SNAP_DASHBOARD
    """Address of the publisher's dashboard."""
    uploads: str = endpoints.SNAP_UPLOADS
    """Address of the upload storage."""
    api: str = endpoints.SNAP_STORE_API
    """Address of the public API."""
    login: str = endpoints.UBUNTU_LOGIN
    """Address of the single sign-on that renews logins."""


def snap_name(job: Job[SnapOptions]) -> str:
    return job.options.name or job.project.name.lower()


def channels(job: Job[SnapOptions]) -> list[str]:
    """Whole names of the channels that this version goes to."""
    if job.options.channels:
        return [full_channel(c) for c in job.options.channels]
    if job.options.grade == "devel":
        return ["latest/edge"]
    return ["latest/candidate" if job.version.is_prerelease else "latest/stable"]


def file_piece(job: Job[SnapOptions], arch: str) -> str:
    return f"{snap_name(job)}_{job.version}_{arch}.snap"


def channel_piece(channel: str, arch: str) -> str:
    return f"{channel} ({arch})"


def all_pieces(job: Job[SnapOptions]) -> list[str]:
    """The uploads of every architecture, then their releases to the channels."""
    arches = list(architectures(job))
    files = [file_piece(job, arch) for arch in arches]
    return files + [channel_piece(channel, arch) for channel in channels(job) for arch in arches]


def store_of(job: Job[SnapOptions]) -> Store:
    """The store with the publisher's login, or anonymous when there is none."""
    text = job.secrets.get("credentials")
    return _store(job, parse_login(text) if text else None)


def public_store(job: Job[SnapOptions]) -> Store:
    """The store as everybody sees it."""
    return _store(job, None)


def _store(job: Job[SnapOptions], account: Account | None) -> Store:
    o = job.options
    return Store(job.http, account, dashboard=o.dashboard, uploads=o.uploads, api=o.api, login=o.login)


def template_names(job: Job[SnapOptions]) -> dict[str, Any]:
    """What the template needs beside the architecture."""
    project = job.project
    links = {
        "website": project.homepage,
        "issues": project.urls.issues,
        "contact": project.author and project.author.email,
    }
    return {
        "name": snap_name(job),
        "version": str(job.version),
        "summary": summary(job),
        "description": job.description("snap"),
        "license": project.license.spdx,
        "base": job.options.base,
        "grade": job.options.grade,
        "confinement": job.options.confinement,
        "app": job.binary,
        "command": f"bin/{job.binary}",
        "plugs": job.options.plugs,
        "links": {name: [value] for name, value in links.items() if value},
    }


def summary(job: Job[SnapOptions]) -> str:
    return job.project.summary or job.description("snap").splitlines()[0]
