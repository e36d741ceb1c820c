"""GitHub releases: the place where users download release files, and that other platforms' files point at.

The order is safe at every point: a draft is made, the files go into it, their digests are compared on GitHub, and only
then does it become public. A run that was killed finds its draft again and goes on; nothing public is ever replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.endpoints import GITHUB_TOKENS
from deployforge_tasks.core.errors import ConflictError, PublishError, RollbackError
from deployforge_tasks.core.model import (
    Artifact,
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
    Traits,
)
from deployforge_tasks.core.presence import Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import digest, write_atomic
from deployforge_tasks.platforms._github_account import identity
from deployforge_tasks.platforms._github_api import Asset, Release, Repository
from deployforge_tasks.platforms._github_checks import findings
from deployforge_tasks.platforms._github_digests import digests
from deployforge_tasks.platforms._github_downloads import series
from deployforge_tasks.platforms._github_release import (
    RELEASE,
    GitHubJob,
    GitHubOptions,
    draft_fields,
    files,
    fingerprint,
    first,
    is_leftover,
    publication_fields,
    repo_name,
    repository,
    stored_name,
    tag_of,
    version_of,
)
from deployforge_tasks.platforms._github_verify import try_release
from deployforge_tasks.platforms.base import Platform

__all__ = ["GitHub", "GitHubOptions"]

FILES = "files"
"""Folder of the workdir with what is uploaded."""


class GitHub(Platform[GitHubOptions]):
    """The release hub."""

    name = "github"
    aliases = ("github_release",)
    title = "GitHub release"
    options = GitHubOptions
    traits = Traits(immutable=True, reversible=True)
    counts = (
        "Downloads of the releases' programs since each was published, by people, CI machines and the package managers "
        "that install from there (Homebrew, Scoop, AUR, Chocolatey)."
    )
    credentials = (
        Credential(
            "token",
            ("GITHUB_TOKEN", "GH_TOKEN"),
            help=f"make a fine-grained token with `contents: write` for the repository at {GITHUB_TOKENS}, "
            "or use that of GitHub Actions",
        ),
    )

    def pieces(self, job: GitHubJob) -> list[str]:
        """Every file, and the publication itself (left to a person with `draft: true`)."""
        return files(job) if job.options.draft else [*files(job), RELEASE]

    def package(self, job: GitHubJob) -> Package:
        pieces = [self._file(job, a) for a in job.artifacts]
        if job.options.checksums:
            path = job.workdir / FILES / stored_name(job.options.checksums)
            write_atomic(path, "".join(f"{p.digest}  {p.name}\n" for p in pieces))
            pieces.append(Piece(path.name, digest(path), f"{FILES}/{path.name}", path.stat().st_size))
        if not job.options.draft:
            known = {p.name: p.digest for p in pieces}
            pieces.append(Piece(RELEASE, fingerprint(known, [p.name for p in pieces])))
        return Package(tuple(pieces))

    def _file(self, job: GitHubJob, artifact: Artifact) -> Piece:
        """A copy of a release file: what is uploaded later is what was looked at now."""
        name = stored_name(artifact.name)
        path = job.workdir / FILES / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifact.path, path)
        return Piece(name, artifact.sha256, f"{FILES}/{name}", artifact.size, str(artifact.target))

    def preflight(self, job: GitHubJob) -> list[Finding]:
        return findings(job)

    # --- presence -------------------------------------------------------------------------------------------------

    def presence(self, job: GitHubJob) -> Presence:
        hub = repository(job)
        releases, looks = hub.find(tag_of(job))
        release = first(releases)
        if release is None:
            return compare(self.pieces(job), job.digests, {}, looks)
        there = digests(job, hub, release)
        if release.draft:
            # Nobody has seen a draft's files: those that differ are replaced, and count as missing.
            there = {n: d for n, d in there.items() if d in ("", job.digests.get(n) or d)}
        found = dict(there) if release.draft else {**there, RELEASE: fingerprint(there, files(job))}
        seen = compare(self.pieces(job), job.digests, found, looks)
        return self._special(release, seen)

    def _special(self, release: Release, seen: Presence) -> Presence:
        """The states that a comparison of pieces cannot tell."""
        if release.draft and seen.state is State.SAME:
            return Presence(
                State.PENDING, f"complete as a draft, to be published by hand at {release.page}", seen.looks, by=seen.by
            )
        if release.immutable and seen.state is State.PARTIAL:
            return Presence(
                State.DIFFERENT,
                f"{release.tag} is published and immutable, and lacks {', '.join(seen.missing)};"
                " it cannot be completed, release the next version",
                seen.looks,
                seen.missing,
            )
        return seen

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(self, job: GitHubJob, missing: Sequence[str]) -> None:
        job.secrets.require("token")
        hub = repository(job)
        release = self._release(job, hub)
        self._upload(job, hub, release, [name for name in missing if name != RELEASE])
        if RELEASE in missing and release.draft:
            self._publish(job, hub, release)

    def _release(self, job: GitHubJob, hub: Repository) -> Release:
        """The release to work on: the one that is there, or a new draft."""
        releases, _ = hub.find(tag_of(job))
        if not releases:
            made = hub.create(draft_fields(job))
            job.log.info(f"made a draft of {made.tag}")
            releases, _ = hub.find(tag_of(job))
            # Another run may have made one at the same moment: every run goes on with the published or oldest one.
            releases = releases or [made]
            if releases[0].id != made.id:
                hub.delete(made)
                releases = [r for r in releases if r.id != made.id]
        for other in releases[1:]:
            self._tidy(job, hub, other)
        return releases[0]

    def _tidy(self, job: GitHubJob, hub: Repository, other: Release) -> None:
        """Remove a second draft of the same tag, unless it holds something that is not ours."""
        if is_leftover(hub.assets(other), job):
            job.log.info(f"removing a second draft of {other.tag} ({other.page})")
            hub.delete(other)
        else:
            job.log.warning(f"there is a second draft of {other.tag} with other files: {other.page}")

    def _upload(self, job: GitHubJob, hub: Repository, release: Release, names: Sequence[str]) -> None:
        assert job.package is not None
        if names and release.immutable:
            raise ConflictError(
                f"the release {release.tag} is published and immutable, and lacks {', '.join(names)}",
                hint="release the next version; an immutable release can never be completed",
                code="DF4140",
            )
        present = hub.assets(release) if names else {}
        for name in names:
            piece = job.package.piece(name)
            there = present.get(name)
            if there and there.uploaded and there.sha256 == piece.digest:
                continue
            if there:
                self._clear(job, hub, release, there)
            assert piece.path is not None
            with job.irreversible(name, piece.digest):
                stored = hub.upload(release, name, job.workdir / piece.path)
            if stored.name != name:
                raise PublishError(
                    f"GitHub stored {name} under the name {stored.name}",
                    hint="choose a pattern in `artifacts.asset` with letters, digits and . - _ only",
                    code="DF4141",
                )

    def _clear(self, job: GitHubJob, hub: Repository, release: Release, asset: Asset) -> None:
        """Make room for an upload: remove what an upload that broke off left, or a draft's outdated file."""
        if asset.uploaded and not release.draft:
            raise ConflictError(
                f"{asset.name} is already published with other content",
                hint="release the next version; published files are never replaced",
                code="DF4142",
            )
        job.log.info(f"removing {'an outdated' if asset.uploaded else 'an incomplete'} {asset.name} from the draft")
        hub.delete_asset(asset)

    def _publish(self, job: GitHubJob, hub: Repository, release: Release) -> None:
        assert job.package is not None
        self._compare(release, digests(job, hub, release), job.package.digests, files(job))
        latest, _ = hub.latest()
        fields = publication_fields(job, latest.tag if latest else None)
        with job.irreversible(RELEASE, job.package.piece(RELEASE).digest):
            done = hub.update(release, fields)
        if done.draft:
            raise PublishError(
                f"GitHub left {done.tag} a draft", hint=f"publish it by hand at {done.page}", code="DF4143"
            )

    def _compare(
        self, release: Release, there: Mapping[str, str], ours: Mapping[str, str], names: Sequence[str]
    ) -> None:
        for name in names:
            if there.get(name) != ours[name]:
                raise PublishError(
                    f"{name} arrived on GitHub as {there.get(name) or 'nothing'}, ours is {ours[name]}",
                    hint=f"{release.tag} stays a draft; run again, and the file is sent again",
                    code="DF4144",
                )

    # --- looking --------------------------------------------------------------------------------------------------

    def live(self, job: GitHubJob) -> Live | None:
        """The release that is marked as the latest; drafts and pre-releases never are."""
        hub = repository(job)
        latest, look = hub.latest()
        if latest is None:
            if hub.about()[0] is None:
                raise hub.hidden()
            return None
        version = version_of(job, latest.tag)
        return Live(version.text if version else latest.tag, look, "latest", latest.published)

    def whoami(self, job: GitHubJob) -> Identity:
        job.secrets.require("token")
        return identity(repository(job), job.secrets)

    def downloads(self, job: GitHubJob, since: date | None) -> Sequence[Series]:
        return series(job, repository(job))

    # --- afterwards -----------------------------------------------------------------------------------------------

    def verify(self, job: GitHubJob) -> Evidence:
        return try_release(job)

    def rollback_plan(self, job: GitHubJob, to: Version | None) -> RollbackPlan:
        """Mark the earlier release as the latest and this one as a pre-release; its files stay downloadable."""
        job.secrets.require("token")
        hub = repository(job)
        changes = []
        release = hub.published(tag_of(job))
        if to is not None:
            changes.append(self._latest_again(job, hub, to))
        if release is not None and not release.immutable:
            mark = partial(hub.update, release, {"prerelease": True, "make_latest": "false"})
            changes.append(Change(f"{release.tag} is marked as a pre-release", mark))
        manual = [] if release is None else [_by_hand(release)]
        return RollbackPlan(tuple(changes), tuple(manual))

    def _latest_again(self, job: GitHubJob, hub: Repository, to: Version) -> Change:
        earlier = hub.published(tag_of(job, to))
        if earlier is None:
            raise RollbackError(
                f"{repo_name(job)} has no release {tag_of(job, to)}",
                hint="name a version that was released there",
                code="DF5540",
            )
        if earlier.prerelease:
            return Change(f"{earlier.tag} is a pre-release, which GitHub never shows as the latest")
        make_latest = partial(hub.update, earlier, {"make_latest": "true"})
        return Change(f"{earlier.tag} is the latest release again", make_latest)

    def page(self, job: GitHubJob) -> str:
        return f"{job.options.web.rstrip('/')}/{repo_name(job)}/releases/tag/{tag_of(job)}"


def _by_hand(release: Release) -> ManualStep:
    if release.immutable:
        return ManualStep(
            f"{release.tag} is immutable: its files stay as they are; say in its notes what to use instead",
            release.page,
        )
    return ManualStep(f"Delete {release.tag} if nobody may download it any more", release.page)
