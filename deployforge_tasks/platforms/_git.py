"""What the platforms that are git repositories share (a Homebrew tap, a Scoop bucket, the AUR).

A version is one commit that writes the platform's files, so it is one piece; its digest is git's blob id of the file
(of several files: the blob id of the list of theirs). The last file tells which version the repository offers now;
what it offered before is read from its history:

- offered now: the same, or different when a byte differs (the place is ours to edit, so that is an update)
- offered before, and a newer one now: the same; it was published and has been succeeded
- offered before, and an older one (or nothing) now: withdrawn; somebody took it back
- never offered: absent. Publishing it is refused while a newer one is offered, unless `allow_older` is set.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from deployforge_tasks.core.endpoints import GITHUB_NOREPLY
from deployforge_tasks.core.errors import ConflictError, NetworkError, PublishError
from deployforge_tasks.core.model import Finding, Live, Package, Piece, Tool, Traits
from deployforge_tasks.core.presence import Look, Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.effects.git import Author, Checkout, blob_id, checkout
from deployforge_tasks.effects.git_access import Access, without_password
from deployforge_tasks.platforms._release_files import check_downloads
from deployforge_tasks.platforms.base import Job, Options, Platform


class GitOptions(Options):
    """Options of every platform that is a git repository."""

    branch: str | None = None
    """Branch to publish to; the repository's main branch by default."""
    allow_older: bool = False
    """Publish although the repository offers a newer version (its users would be taken back)."""


G = TypeVar("G", bound=GitOptions)


@dataclass(frozen=True)
class Place:
    """A repository and how to reach it; `default` is the branch to begin when it is empty."""

    url: str
    access: Access
    default: str = "main"


class GitPlatform(Platform[G], Generic[G]):
    """A platform whose versions are commits."""

    traits = Traits(immutable=False, editable=True, reversible=True)
    needs = ("github",)

    def tools(self, options: G) -> Sequence[Tool]:
        return (Tool("git", ("git", "--version"), "install git", needed=True),)

    @abstractmethod
    def paths(self, job: Job[G]) -> list[str]:
        """The files in the repository; the last one tells the version."""

    @abstractmethod
    def place(self, job: Job[G], *, write: bool) -> Place:
        """Where the repository is.

        Raises:
            CredentialError: a credential for writing is missing.
        """

    @abstractmethod
    def content(self, job: Job[G]) -> Mapping[str, bytes]:
        """Render the files: path in the repository to content."""

    @abstractmethod
    def version_line(self, version: str) -> str:
        """The text that a file of this version, and of no other, holds."""

    @abstractmethod
    def version_in(self, text: str) -> str | None:
        """The version that a file offers, in the platform's own spelling."""

    @abstractmethod
    def pins_in(self, text: str) -> dict[str, str]:
        """The URLs that a file sends users to, each with its sha256."""

    def spelled(self, version: Version) -> str:
        """The version as the platform writes it."""
        return str(version)

    def parsed(self, spelled: str) -> Version | None:
        """The version behind the platform's spelling, or None when it is none of ours."""
        try:
            return Version.parse(spelled)
        except ValueError:
            return None

    def check_repository(self, job: Job[G], repository: Checkout) -> list[Finding]:
        """What else has to hold in the repository before a version can be published to it."""
        return []

    def credential_ends(self, job: Job[G]) -> datetime | None:
        """When the credential ends, where somebody tells."""
        return None

    def pieces(self, job: Job[G]) -> list[str]:
        return [self.main(job)]

    def package(self, job: Job[G]) -> Package:
        content = self.content(job)
        for path in self.paths(job):
            write_atomic(job.workdir / "package" / path, content[path])
        digest = _digest({path: blob_id(content[path]) for path in self.paths(job)})
        size = sum(len(content[path]) for path in self.paths(job))
        (name,) = self.pieces(job)
        return Package((Piece(name, digest, f"package/{self.main(job)}", size),))

    def presence(self, job: Job[G]) -> Presence:
        with self.open(job) as repository:
            main = self.main(job)
            wanted = self.spelled(job.version)
            text = repository.read(main)
            offered = None if text is None else self.version_in(text)
            where = f"{repository.branch} at {(repository.head or 'no commit')[:12]}"
            looks = [Look(repository.url, where, repository.blob(main))]
            if offered == wanted:
                digest = _digest({path: repository.blob(path) or "missing" for path in self.paths(job)})
                return compare(self.pieces(job), job.digests, {self.pieces(job)[0]: digest}, looks)
            if self.published_at(repository, job, wanted):
                return self._offered_before(job, wanted, offered, looks)
            return compare(self.pieces(job), job.digests, {}, looks)

    def live(self, job: Job[G]) -> Live | None:
        """What the repository's main branch offers: that is what users get, whichever branch `branch` names."""
        with self._open(job, self.place(job, write=False), None) as repository:
            main, url = self.main(job), without_password(repository.url)
            text = repository.read(main)
            if text is None:
                return None
            offered = self.version_in(text)
            if offered is None:
                raise NetworkError(
                    f"no version can be read from {main} in {url}",
                    hint="look at the file; somebody else may have written it",
                    url=url,
                )
            commit = self.published_at(repository, job, offered)
            version = job.version if offered == self.spelled(job.version) else self.parsed(offered)
            where = f"{repository.branch} at {(repository.head or '')[:12]}"
            return Live(
                str(version or offered),
                Look(url, where, repository.blob(main)),
                repository.branch,
                repository.when(commit) if commit else None,
            )

    def publish(self, job: Job[G], missing: Sequence[str]) -> None:
        assert job.package is not None
        if not missing:
            return
        files = {path: (job.workdir / "package" / path).read_bytes() for path in self.paths(job)}
        (piece,) = job.package.pieces
        pins = self.pins_in(files[self.main(job)].decode())
        place = self.place(job, write=True)
        check_downloads(job, pins)
        with self._open(job, place, job.options.branch) as repository:
            self._check_offered(job, repository, pins)
            commit = repository.commit(files, self.message(job), self.author(job), job.clock.now())
            with job.irreversible(piece.name, piece.digest):
                repository.push(commit)

    @contextmanager
    def open(self, job: Job[G], *, write: bool = False) -> Iterator[Checkout]:
        """The newest state of the repository."""
        with self._open(job, self.place(job, write=write), job.options.branch) as repository:
            yield repository

    @contextmanager
    def _open(self, job: Job[G], place: Place, branch: str | None) -> Iterator[Checkout]:
        folder = job.workdir / "git"
        with checkout(
            job.processes, place.url, folder, access=place.access, branch=branch, default=place.default
        ) as repository:
            yield repository

    def main(self, job: Job[G]) -> str:
        """The file that tells the version."""
        return self.paths(job)[-1]

    def message(self, job: Job[G]) -> str:
        """The subject of the commit that publishes."""
        return f"{job.project.name} {job.version}"

    def author(self, job: Job[G]) -> Author:
        """Who the commits are by: the project's author."""
        author = job.project.author
        name = author.name if author else job.project.name
        return Author(name, (author.email if author else None) or GITHUB_NOREPLY)

    def published_at(self, repository: Checkout, job: Job[G], spelled: str) -> str | None:
        """The newest commit at which the repository offered a version, or None."""
        main = self.main(job)
        for commit in repository.history(main, self.version_line(spelled)):
            text = repository.read(main, commit)
            if text is not None and self.version_in(text) == spelled:
                return commit
        return None

    def is_newer(self, offered: str | None, version: Version) -> bool:
        """Whether what is offered comes after the version."""
        other = self.parsed(offered) if offered else None
        return other is not None and other > version

    def _offered_before(self, job: Job[G], wanted: str, offered: str | None, looks: Sequence[Look]) -> Presence:
        if self.is_newer(offered, job.version):
            return Presence(State.SAME, f"published before; {offered} has succeeded it", tuple(looks), by="name")
        now = f"{offered} is offered again" if offered else "nothing is offered now"
        return Presence(State.WITHDRAWN, f"{wanted} was taken back: {now}", tuple(looks), tuple(self.pieces(job)))

    def _check_offered(self, job: Job[G], repository: Checkout, pins: Mapping[str, str]) -> None:
        """Refuse to take users back, and to replace release files of a version that is out."""
        text = repository.read(self.main(job))
        offered = None if text is None else self.version_in(text)
        if self.is_newer(offered, job.version) and not job.options.allow_older:
            raise PublishError(
                f"{repository.url} offers {offered}, which is newer than {job.version}",
                hint="publishing it would take users back; set `allow_older: true` if that is what you want",
                code="DF4022",
            )
        there = self.pins_in(text) if text and offered == self.spelled(job.version) else {}
        for url, sha256 in pins.items():
            if there.get(url, sha256) != sha256:
                raise ConflictError(
                    f"{repository.url} sends users of {offered} to {url} with sha256 {there[url]}, ours is {sha256}",
                    hint="release files never change after they were published; publish a new version",
                    code="DF4120",
                    url=url,
                )


def _digest(blobs: Mapping[str, str]) -> str:
    """The digest of a version: its file's blob id, or the blob id of the list of them."""
    if len(blobs) == 1:
        return next(iter(blobs.values()))
    return blob_id("".join(f"{blob} {path}\n" for path, blob in blobs.items()).encode())
