"""What the snap store says about a version: its revisions, their reviews, and the channels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.presence import Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.platforms._snap_account import HELP
from deployforge_tasks.platforms._snap_options import (
    SnapOptions,
    all_pieces,
    channel_piece,
    channels,
    file_piece,
    snap_name,
    store_of,
)
from deployforge_tasks.platforms._snap_package import architectures
from deployforge_tasks.platforms._snap_store import Listing, Revision, Store, channel_of
from deployforge_tasks.platforms.base import Job

READY = ("Published", "Unpublished")
REJECTED = ("AutomaticallyRejected", "Rejected")
#: The store refuses bytes that it has: whoever asks again finds them among the revisions.
DUPLICATE = "exact same content"


class Look:
    """One look at a version in the store."""

    def __init__(self, job: Job[SnapOptions], listing: Listing) -> None:
        self._job = job
        self._listing = listing
        self._found: dict[str, str] = {}
        self._waiting: list[str] = []
        self._refused: list[str] = []
        self._newer: list[str] = []

    def presence(self, store: Store) -> Presence:
        for arch in architectures(self._job):
            revision = pick(self._listing, self._job, arch)
            if revision is None:
                self._unlisted(store, arch)
            else:
                self._listed(revision, arch)
        presence = compare(all_pieces(self._job), self._job.digests, self._found, [self._listing.look])
        return self._with_reviews(presence)

    def _listed(self, revision: Revision, arch: str) -> None:
        piece = file_piece(self._job, arch)
        ours = self._job.digests.get(piece)
        self._found[piece] = revision.digest
        if revision.status in REJECTED:
            self._refused.append(f"{piece} was rejected by the store's review (revision {revision.number})")
        elif revision.status not in READY:
            self._waiting.append(arch)
        for channel in channels(self._job):
            at = self._listing.number(self._listing.channels.get((channel, arch), 0))
            name = channel_piece(channel, arch)
            if at and at.number == revision.number:
                self._found[name] = revision.digest
            elif is_newer(at, self._job.version):
                self._found[name] = ours or ""
                self._newer.append(name)

    def _unlisted(self, store: Store, arch: str) -> None:
        """An upload that the store is still busy with is in no list; what it told us on this machine is."""
        url = pushed_before(self._job, arch)
        if not url:
            return
        status = store.status(url)
        messages = error_messages(status)
        if messages and DUPLICATE not in messages:
            self._refused.append(f"{file_piece(self._job, arch)} was refused: {messages}")
        elif not messages:
            self._found[file_piece(self._job, arch)] = self._job.digests.get(file_piece(self._job, arch), "")
            self._waiting.append(arch)

    def _with_reviews(self, presence: Presence) -> Presence:
        if presence.state is State.DIFFERENT:
            return presence
        if self._refused:
            return replace(presence, state=State.REJECTED, reason="; ".join(self._refused))
        closed = {channel_piece(c, arch) for c in channels(self._job) for arch in self._waiting}
        missing = tuple(p for p in presence.missing if p not in closed)
        if self._waiting and not missing:
            reason = f"the store still reviews {', '.join(self._waiting)}"
            return replace(presence, state=State.PENDING, reason=reason, missing=())
        if presence.state is State.SAME and self._newer:
            return replace(presence, reason=f"{presence.reason}; {', '.join(self._newer)} stays at a newer version")
        return replace(presence, missing=missing)


def look(job: Job[SnapOptions]) -> Presence:
    """The publisher's view; without a login only what users see, and that only proves that a version is there."""
    store = store_of(job)
    if not job.secrets.get("credentials"):
        return _public_look(job, store)
    listing = store.listing(snap_name(job))
    return Look(job, listing or Listing()).presence(store)


def _public_look(job: Job[SnapOptions], store: Store) -> Presence:
    told, look = store.public(snap_name(job))
    found: dict[str, str] = {}
    for entry in told.entries if told else ():
        where = entry["channel"]
        if entry.get("version") == str(job.version):
            digest = str(entry["download"]["sha3-384"])
            found[file_piece(job, where["architecture"])] = digest
            found[channel_piece(channel_of(where), where["architecture"])] = digest
    presence = compare(all_pieces(job), job.digests, found, [look])
    if presence.state is State.SAME or presence.state is State.DIFFERENT:
        return presence
    raise CredentialError(
        "only the publisher's login can tell whether this version was uploaded", hint=HELP, code="DF2021"
    )


def pick(listing: Listing, job: Job[SnapOptions], arch: str) -> Revision | None:
    """The revision that is our snap: the one with our digest, else the newest of this version that was not rejected."""
    ours = job.digests.get(file_piece(job, arch))
    same = [r for r in listing.revisions if arch in r.arches and r.version == str(job.version)]
    exact = [r for r in same if r.digest == ours]
    usable = [r for r in same if r.status not in REJECTED]
    candidates: Sequence[Revision] = exact or usable or ([] if ours else same)
    return max(candidates, key=lambda r: r.number, default=None)


def is_newer(at: Revision | None, ours: Version) -> bool:
    """Whether a channel already has a later version: it never moves backwards."""
    try:
        return at is not None and Version.parse(at.version) > ours
    except ValueError:
        return False


def remember_push(job: Job[SnapOptions], arch: str, url: str) -> None:
    """Keep where the store tells how the review of an upload goes."""
    write_atomic(_memory(job, arch), json.dumps({"url": url, "digest": job.digests[file_piece(job, arch)]}))


def pushed_before(job: Job[SnapOptions], arch: str) -> str:
    """Where to ask for an upload of the same bytes from this machine to this store."""
    path = _memory(job, arch)
    memory: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    ours = job.digests.get(file_piece(job, arch))
    same_store = str(memory.get("url", "")).startswith(f"{job.options.dashboard.rstrip('/')}/")
    return str(memory["url"]) if same_store and ours in (None, memory["digest"]) else ""


def error_messages(status: dict[str, Any]) -> str:
    return "; ".join(str(e.get("message")) for e in status.get("errors") or () if isinstance(e, dict))


def _memory(job: Job[SnapOptions], arch: str) -> Path:
    return job.workdir / f"upload-{arch}.json"
