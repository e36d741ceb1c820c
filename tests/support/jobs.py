"""Jobs for testing one platform without the graph: the same `Job` that the graph builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deployforge_tasks.core.events import Bus, Event, Log
from deployforge_tasks.core.model import Artifact, Found, Package
from deployforge_tasks.core.presence import Presence
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Clock, Patience
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.platforms.base import Job, Platform, Secrets
from deployforge_tasks.project.render import render_template
from deployforge_tasks.project.schema import Project
from tests.support.hello import BINARY, asset_name, release_files

TARGETS = ("linux/amd64", "linux/arm64", "windows/amd64")
PROJECT: dict[str, Any] = {
    "name": BINARY,
    "description": "A small program that greets you from every place",
    "homepage": "https://hello.example",
    "author": {"name": "Hello Makers", "email": "hello@example.com"},
    "license": {"spdx": "Apache-2.0"},
    "keywords": ["hello", "sample"],
    "source": {"repo": "hello-makers/hello-forge"},
    "binary": {"name": BINARY},
}
#: Short waits, long enough for a stand-in on this machine.
IMPATIENT = Patience(first=0.02, longest=0.1, total=2.0)


@dataclass
class Recorder:
    """What a job did: events, intents and receipts."""

    events: list[Event] = field(default_factory=list)
    intents: list[tuple[str, str]] = field(default_factory=list)
    receipts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """What the job logged."""
        return [str(event.data["text"]) for event in self.events if event.kind == "log"]

    @contextmanager
    def intend(self, piece: str, digest: str) -> Iterator[None]:
        self.intents.append((piece, digest))
        yield
        self.receipts.append((piece, digest))


def make_job(
    platform: Platform[Any],
    folder: Path,
    *,
    options: Mapping[str, Any] | None = None,
    project: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    version: str = "1.0.0",
    targets: Sequence[str] = TARGETS,
    release_url: str = "http://127.0.0.1:9/releases",
    releases: Path | None = None,
    recorder: Recorder | None = None,
    previous: str | None = None,
    root: Path | None = None,
) -> Job[Any]:
    """A job with the sample program's release files, in an empty workdir below `folder`.

    Args:
        root: the project's folder (`folder` if not given).
        releases: folder that is served at `release_url`; the release files are copied there.
    """
    seen = recorder or Recorder()
    bus = Bus()
    bus.listen(seen.events.append)
    log = Log(bus)
    clock = Clock()
    known = [t for t in targets if platform.ecosystem is None or spelling(Target.parse(t), platform.ecosystem)]
    workdir = folder / "work" / version / platform.name
    workdir.mkdir(parents=True, exist_ok=True)

    def artifacts() -> list[Artifact]:
        files = release_files(folder / "artifacts" / version, version, known, release_url)
        for file in files:
            if releases and not (releases / file.name).exists():
                write_atomic(releases / file.name, file.path.read_bytes())
        return files

    return Job(
        project=Project.model_validate({**PROJECT, **(project or {})}),
        options=platform.options.model_validate(dict(options or {})),
        version=Version.parse(version),
        targets=tuple(Target.parse(t) for t in known),
        root=root or folder,
        workdir=workdir,
        http=Http(clock, patience=IMPATIENT, timeout=5.0, loopback_only=True),
        processes=Processes(log.info),
        clock=clock,
        patience=IMPATIENT,
        log=log,
        secrets=Secrets(platform.name, {n: Found(v, "test") for n, v in (secrets or {}).items()}, platform.credentials),
        release_url=lambda name: f"{release_url}/{name}",
        asset_name=lambda target: asset_name(target, version),
        load_artifacts=artifacts,
        render_into=render_template,
        intents=seen.intend,
        previous=lambda: previous,
    )


def packaged(platform: Platform[Any], job: Job[Any]) -> Job[Any]:
    """The job after its package stage."""
    package: Package = platform.package(job)
    return replace(job, package=package, digests=package.digests)


def publish(platform: Platform[Any], job: Job[Any]) -> Job[Any]:
    """Package and publish everything that is missing; returns the packaged job."""
    ready = packaged(platform, job)
    look = platform.presence(ready)
    platform.publish(ready, look.missing)
    return ready


def presence(platform: Platform[Any], job: Job[Any]) -> Presence:
    return platform.presence(job)
