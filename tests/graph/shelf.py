"""A small real platform for testing the graph: a shelf of files behind HTTP, as many shelves as a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

from deployforge_tasks.core.events import Event
from deployforge_tasks.core.model import (
    Change,
    Evidence,
    Finding,
    Level,
    Live,
    Package,
    Piece,
    Publication,
    RollbackPlan,
    Traits,
)
from deployforge_tasks.core.presence import Look, Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.platforms import registry
from deployforge_tasks.platforms.base import Job, Options, Platform
from deployforge_tasks.project.load import Loaded
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

VERSION = "1.0.0"


class ShelfOptions(Options):
    """Options of the test platform."""

    url: str = ""
    pieces: int = 1
    text: str = "hello"
    flaw: str = ""
    """A preflight finding."""
    lacks: str = ""
    """A preflight finding about a credential."""


class Shelf(Platform[ShelfOptions]):
    """Files on a shelf, one a piece."""

    title = "Shelf"
    options = ShelfOptions
    uses_artifacts = False
    made: ClassVar[list[str]] = []
    """Every package made, by platform."""

    def pieces(self, job: Job[ShelfOptions]) -> list[str]:
        return [f"{self.name}-{number}" for number in range(job.options.pieces)]

    def package(self, job: Job[ShelfOptions]) -> Package:
        print(f"packaging {self.name}")  # noqa: T201 - where this goes is what a test looks at
        self.made.append(self.name)
        return Package(tuple(self._piece(job, name) for name in self.pieces(job)))

    def _piece(self, job: Job[ShelfOptions], name: str) -> Piece:
        data = f"{name} {job.version} {job.options.text}".encode()
        write_atomic(job.workdir / "pieces" / name, data)
        return Piece(name, hashlib.sha256(data).hexdigest(), f"pieces/{name}", len(data))

    def preflight(self, job: Job[ShelfOptions]) -> list[Finding]:
        flaw, lacks = job.options.flaw, job.options.lacks
        about = [Finding("SHELF-002", Level.ERROR, lacks, "get one", credential=True)] if lacks else []
        return [*about, *([Finding("SHELF-001", Level.ERROR, flaw, "mend it")] if flaw else [])]

    def presence(self, job: Job[ShelfOptions]) -> Presence:
        url = f"{job.options.url}/{self.name}/{job.version}"
        found = job.http.json(url, ok=(200, 404)) or {"pieces": {}}
        if found.get("state") == "pending":
            return Presence(State.PENDING, "in review")
        return compare(self.pieces(job), job.digests, found["pieces"], [Look(url, 200)])

    def publish(self, job: Job[ShelfOptions], missing: Sequence[str]) -> None:
        assert job.package is not None
        for name in missing:
            piece = job.package.piece(name)
            with job.irreversible(name, piece.digest):
                data = (job.workdir / str(piece.path)).read_bytes()
                job.http.send("PUT", f"{job.options.url}/{self.name}/{job.version}/{name}", data=data)

    def verify(self, job: Job[ShelfOptions]) -> Evidence:
        said = job.http.get(f"{job.options.url}/{self.name}/{job.version}/{self.pieces(job)[0]}").text
        return Evidence("install", "shelf 1", said)

    def live(self, job: Job[ShelfOptions]) -> Live | None:
        url = f"{job.options.url}/{self.name}"
        newest = job.http.json(url)["newest"]
        return Live(newest, Look(url, 200), channel="newest") if newest else None

    def rollback_plan(self, job: Job[ShelfOptions], to: Version | None) -> RollbackPlan:
        if to is None:
            return self.manual("take it off the shelf", job.options.url)
        take_back = partial(job.http.send, "POST", f"{job.options.url}/{self.name}/{job.version}/taken-back")
        return RollbackPlan((Change(f"back to {to}", take_back),))


class ShelfServer(StandIn):
    """The shelves' server. `accepted` has every write that was accepted, `taken_back` every rollback, in order."""

    name = "shelf"
    serves = ()

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.files: dict[tuple[str, str], dict[str, bytes]] = {}
        self.accepted: list[str] = []
        self.taken_back: list[tuple[str, str]] = []
        self.newest: dict[str, str] = {}
        """Per shelf the version that users get, where it is not the one that came last."""
        self.pending = False
        self.mutable = False
        self.hidden: set[str] = set()
        """Shelves that are in review."""
        self.refused: set[str] = set()
        """Pieces that are never taken."""

    @route("GET", r"/(?P<shelf>[^/]+)")
    def versions(self, request: Request, shelf: str) -> Reply:
        there = [version for of, version in self.files if of == shelf]
        return Reply(200, {"newest": self.newest.get(shelf) or (there[-1] if there else None)})

    @route("GET", r"/(?P<shelf>[^/]+)/(?P<version>[^/]+)")
    def look(self, request: Request, shelf: str, version: str) -> Reply:
        files = self.files.get((shelf, version))
        if files is None:
            return Reply(404, {})
        pieces = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        return Reply(200, {"pieces": pieces, "state": "pending" if self.pending or shelf in self.hidden else ""})

    @route("GET", r"/(?P<shelf>[^/]+)/(?P<version>[^/]+)/(?P<piece>[^/]+)")
    def fetch(self, request: Request, shelf: str, version: str, piece: str) -> Reply:
        return Reply(200, self.files[shelf, version][piece])

    @route("PUT", r"/(?P<shelf>[^/]+)/(?P<version>[^/]+)/(?P<piece>[^/]+)")
    def put(self, request: Request, shelf: str, version: str, piece: str) -> Reply:
        if piece in self.refused:
            return Reply(403, {"message": "not allowed"})
        files = self.files.setdefault((shelf, version), {})
        if piece in files and not self.mutable:
            return Reply(409, {"message": "already exists"})
        files[piece] = request.body
        self.accepted.append(piece)
        return Reply(201, {})

    @route("POST", r"/(?P<shelf>[^/]+)/(?P<version>[^/]+)/taken-back")
    def take_back(self, request: Request, shelf: str, version: str) -> Reply:
        self.taken_back.append((shelf, version))
        return Reply(201, {})

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {name: {"url": self.url} for name in platforms}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {}

    def publications(self) -> list[Publication]:
        return [Publication(s, piece, v) for (s, v), files in self.files.items() for piece in files]


@contextmanager
def shelves(
    *names: str,
    needs: Mapping[str, tuple[str, ...]] | None = None,
    editable: bool = False,
    kind: type[Shelf] = Shelf,
) -> Iterator[None]:
    """Let these be the platforms that there are."""
    traits = Traits(immutable=not editable, editable=editable)
    hubs = needs or {}
    made: list[Platform[Any]] = [
        type(name.title(), (kind,), {"name": name, "needs": hubs.get(name, ()), "traits": traits})() for name in names
    ]
    there = registry.Platforms((), made)
    Shelf.made.clear()
    with patch.object(registry, "platforms", lambda: there):
        yield


def write_project(folder: Path, platforms: Mapping[str, Mapping[str, Any]], **conditions: Any) -> Path:
    """A project folder with these platforms; short waits."""
    import yaml

    waits = {"retry_on_failure": 2, "retry_delay": 0.01, "settle": 0.5, "settle_interval": 0.01, "read_patience": 0.05}
    config = {
        "name": "hello-forge",
        "version": VERSION,
        "description": "A program for tests",
        "artifacts": {"from": "directory", "targets": []},
        "platforms": {name: dict(options) for name, options in platforms.items()},
        "conditions": {**waits, **conditions},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deployforge.yml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    return folder


def load_project(folder: Path, version: str | None = None) -> Loaded:
    return registry.load(folder / "deployforge.yml", environ={}, version=version)


class Heard:
    """A listener that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def ends(self, stage: str) -> dict[str, str]:
        """How a stage ended, by platform."""
        done = [e for e in self.events if e.kind == "stage_finished" and e.stage == stage]
        return {str(e.platform): str(e.data["outcome"]) for e in done}

    def logged(self, platform: str) -> list[str]:
        return [str(e.data["text"]) for e in self.events if e.kind == "log" and e.platform == platform]
