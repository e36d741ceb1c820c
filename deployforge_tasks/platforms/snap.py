"""The snap store: one snap for each architecture, made from the release binaries, uploaded and released to channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.errors import NetworkError, PublishError
from deployforge_tasks.core.model import (
    Change,
    Credential,
    Evidence,
    Finding,
    Identity,
    Live,
    ManualStep,
    Package,
    Piece,
    RollbackPlan,
    Tool,
    Traits,
)
from deployforge_tasks.core.presence import Presence
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import poll
from deployforge_tasks.effects.files import digest
from deployforge_tasks.platforms._snap_account import HELP
from deployforge_tasks.platforms._snap_checks import findings
from deployforge_tasks.platforms._snap_downloads import series
from deployforge_tasks.platforms._snap_identity import login
from deployforge_tasks.platforms._snap_live import live
from deployforge_tasks.platforms._snap_options import (
    SnapOptions,
    all_pieces,
    channel_piece,
    channels,
    file_piece,
    snap_name,
    store_of,
    template_names,
)
from deployforge_tasks.platforms._snap_package import architectures, pack, stage
from deployforge_tasks.platforms._snap_presence import (
    DUPLICATE,
    READY,
    error_messages,
    is_newer,
    look,
    pick,
    remember_push,
)
from deployforge_tasks.platforms._snap_store import Listing, Revision, Store
from deployforge_tasks.platforms._snap_verify import verify
from deployforge_tasks.platforms.base import Job, Platform


class Snap(Platform[SnapOptions]):
    """Snaps for Ubuntu and other Linux systems with snapd."""

    name = "snap"
    title = "Snap Store"
    options = SnapOptions
    traits = Traits(immutable=True, moderated=True, reversible=True)
    ecosystem = "snap"
    counts = (
        "Devices a day that had not got the snap the day before, and the devices that have it; the store tells this to "
        "the publisher alone, and the same device after a new installation counts again."
    )
    credentials = (
        Credential("credentials", ("SNAPCRAFT_STORE_CREDENTIALS", "SNAPCRAFT_TOKEN", "SNAP_STORE_CREDENTIALS"), HELP),
    )

    def tools(self, options: SnapOptions) -> Sequence[Tool]:
        return (Tool("snap", ("snap", "--version"), "install snapd", systems=("linux",)),)

    def pieces(self, job: Job[SnapOptions]) -> list[str]:
        return all_pieces(job)

    def package(self, job: Job[SnapOptions]) -> Package:
        by_target = {a.target: a for a in job.artifacts}
        pieces: dict[str, Piece] = {}
        for arch, target in architectures(job).items():
            name = file_piece(job, arch)
            path = job.workdir / "snaps" / name
            pack(stage(job, arch, template_names(job), by_target[target]), path, job.binary)
            value = digest(path, "sha3_384")
            where = path.relative_to(job.workdir).as_posix()
            pieces[name] = Piece(name, value, where, path.stat().st_size, str(target))
            for channel in channels(job):
                released = channel_piece(channel, arch)
                pieces[released] = Piece(released, value, target=str(target))
        return Package(tuple(pieces[name] for name in all_pieces(job)))

    def preflight(self, job: Job[SnapOptions]) -> list[Finding]:
        return findings(job)

    def presence(self, job: Job[SnapOptions]) -> Presence:
        return look(job)

    def publish(self, job: Job[SnapOptions], missing: Sequence[str]) -> None:
        """Upload every missing snap, wait for the automatic review, then release what passed it."""
        if not missing:
            return
        job.secrets.require("credentials")
        store = store_of(job)
        known = store.listing(snap_name(job)) or Listing()
        for arch in architectures(job):
            piece = file_piece(job, arch)
            if piece in missing and not any(r.digest == job.digests[piece] for r in known.revisions):
                self._upload(job, store, arch)
        for channel in channels(job):
            for arch in architectures(job):
                if channel_piece(channel, arch) in missing:
                    self._release(job, store, channel, arch)

    def verify(self, job: Job[SnapOptions]) -> Evidence:
        return verify(job)

    def rollback_plan(self, job: Job[SnapOptions], to: Version | None) -> RollbackPlan:
        """Release the earlier version's revision to every channel that has this version."""
        target = str(to) if to else job.previous()
        page = f"{job.options.dashboard.rstrip('/')}/snaps/{snap_name(job)}/"
        if target is None:
            return self.manual("no earlier version is known: close the channel, or name a version", page)
        store, changes, manual = store_of(job), list[Change](), list[ManualStep]()
        listing = store.listing(snap_name(job)) or Listing()
        for channel, arch in [(c, a) for c in channels(job) for a in architectures(job)]:
            name = channel_piece(channel, arch)
            at = listing.number(listing.channels.get((channel, arch), 0))
            earlier = _revision_of(listing, target, arch)
            if at is None or at.version != str(job.version):
                continue
            if earlier is None:
                manual.append(ManualStep(f"{target} was never uploaded for {arch}: close {channel}", page))
                continue
            release = partial(store.release, snap_name(job), earlier.number, [channel])
            changes.append(Change(f"{name} is at {target} again (revision {earlier.number})", release))
        return RollbackPlan(tuple(changes), tuple(manual))

    def live(self, job: Job[SnapOptions]) -> Live | None:
        return live(job)

    def whoami(self, job: Job[SnapOptions]) -> Identity:
        return login(job).identity

    def downloads(self, job: Job[SnapOptions], since: date | None) -> Sequence[Series]:
        return series(job, since)

    def page(self, job: Job[SnapOptions]) -> str:
        public = job.options.api.rstrip("/") == endpoints.SNAP_STORE_API
        return f"{endpoints.SNAP_WEB}/{snap_name(job)}" if public else ""

    def _upload(self, job: Job[SnapOptions], store: Store, arch: str) -> None:
        assert job.package is not None
        piece = job.package.piece(file_piece(job, arch))
        path = job.workdir / Path(str(piece.path))
        upload_id = store.upload(path)
        with job.irreversible(piece.name, piece.digest):
            url = store.push(snap_name(job), upload_id, piece.size)
            remember_push(job, arch, url)
        status = self._reviewed(job, store, url)
        messages = error_messages(status)
        if status.get("code") == "need_manual_review":
            job.log.warning(f"{piece.name} waits for a manual review: {messages or 'see the dashboard'}")
        elif messages and DUPLICATE not in messages:
            raise PublishError(
                f"the store did not accept {piece.name}: {messages}",
                hint="correct the snap and run again; its version is not used up",
                code="DF4322",
            )
        else:
            job.log.info(f"{piece.name} is revision {status.get('revision') or 'in process'}")

    def _reviewed(self, job: Job[SnapOptions], store: Store, url: str) -> dict[str, Any]:
        return poll(job.clock, lambda: store.status(url), lambda s: bool(s.get("processed")), job.patience)

    def _release(self, job: Job[SnapOptions], store: Store, channel: str, arch: str) -> None:
        name = channel_piece(channel, arch)
        listing, revision = self._listed(job, store, arch)
        if revision is None:
            raise NetworkError(
                f"the store does not list {file_piece(job, arch)} yet",
                hint="run again; the upload is looked up first and not repeated",
            )
        if revision.status not in READY:
            job.log.warning(f"{name} has to wait for the review ({revision.status})")
            return
        if is_newer(listing.number(listing.channels.get((channel, arch), 0)), job.version):
            job.log.info(f"{name} stays at a newer version")
            return
        with job.irreversible(name, job.digests[name]):
            store.release(snap_name(job), revision.number, [channel])
        job.log.info(f"{name} is at {job.version} (revision {revision.number})")

    def _listed(self, job: Job[SnapOptions], store: Store, arch: str) -> tuple[Listing, Revision | None]:
        def ask() -> tuple[Listing, Revision | None]:
            listing = store.listing(snap_name(job)) or Listing()
            return listing, pick(listing, job, arch)

        return poll(job.clock, ask, lambda answer: answer[1] is not None, job.patience)


def _revision_of(listing: Listing, version: str, arch: str) -> Revision | None:
    usable = [r for r in listing.revisions if r.version == version and arch in r.arches and r.status in READY]
    return max(usable, key=lambda r: r.number, default=None)
