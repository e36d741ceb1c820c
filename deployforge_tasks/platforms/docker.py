"""Container registries: a multi-platform image made from the release binaries and pushed under several tags.

No engine is needed: layers, configs, manifests and the index are written and pushed directly. A version's own tags are
immutable by our rule (registries overwrite silently); floating tags (``latest``, ``1.2``) never move backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.downloads import Series
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
from deployforge_tasks.platforms._docker_account import identity
from deployforge_tasks.platforms._docker_checks import findings
from deployforge_tasks.platforms._docker_downloads import series
from deployforge_tasks.platforms._docker_live import live
from deployforge_tasks.platforms._docker_options import DockerOptions, registry_url, wanted
from deployforge_tasks.platforms._docker_package import build_layout, layout_of
from deployforge_tasks.platforms._docker_presence import Tags
from deployforge_tasks.platforms._docker_push import Pusher
from deployforge_tasks.platforms._docker_verify import verify
from deployforge_tasks.platforms._oci_refs import Image, at_version
from deployforge_tasks.platforms.base import Job, Platform


class Docker(Platform[DockerOptions]):
    """Docker Hub, GitHub's container registry and every other OCI registry."""

    name = "docker"
    title = "Docker"
    options = DockerOptions
    traits = Traits(immutable=True, reversible=True)
    ecosystem = "oci"
    counts = (
        "Pulls of all tags from Docker Hub since the repository was made, by people, robots and CI machines, one's own "
        "among them; other registries do not tell."
    )
    credentials = (
        Credential(
            "username",
            ("DOCKER_USERNAME", "DOCKERHUB_USERNAME"),
            "set DOCKER_USERNAME to the account that owns the images",
            secret=False,
        ),
        Credential(
            "password",
            ("DOCKER_PASSWORD", "DOCKERHUB_TOKEN", "DOCKER_TOKEN", "DOCKERHUB_PASSWORD"),
            f"make an access token with write rights at {endpoints.DOCKER_ACCOUNT}/personal-access-tokens",
        ),
        Credential(
            "ghcr_username",
            ("GHCR_USERNAME", "GITHUB_ACTOR"),
            "set GHCR_USERNAME to the GitHub account, when images on ghcr.io belong to another account",
            required=False,
            secret=False,
        ),
        Credential(
            "ghcr_password",
            ("GHCR_TOKEN",),
            f"make a classic token with write:packages at {endpoints.GITHUB_WEB}/settings/tokens",
            required=False,
        ),
    )

    def tools(self, options: DockerOptions) -> Sequence[Tool]:
        engine = Tool("docker", ("docker", "--version"), "install Docker", needed=bool(options.dockerfile))
        return (engine,)

    def pieces(self, job: Job[DockerOptions]) -> list[str]:
        return [image.piece for image in wanted(job)]

    def inputs(self, job: Job[DockerOptions]) -> Sequence[Path]:
        return (job.path(job.options.dockerfile),) if job.options.dockerfile else ()

    def package(self, job: Job[DockerOptions]) -> Package:
        """One index for all tags; its blobs lie in an OCI image layout below the workdir."""
        digest = build_layout(job)
        path = layout_of(job).blob(digest)
        where = path.relative_to(job.workdir).as_posix()
        return Package(tuple(Piece(i.piece, digest, where, path.stat().st_size) for i in wanted(job)))

    def preflight(self, job: Job[DockerOptions]) -> list[Finding]:
        return findings(job)

    def presence(self, job: Job[DockerOptions]) -> Presence:
        return Tags(job, wanted(job)).presence()

    def publish(self, job: Job[DockerOptions], missing: Sequence[str]) -> None:
        """Blobs and manifests first (nobody sees them), then each tag as its own irreversible step."""
        pusher = Pusher(job)
        for image in wanted(job):
            if image.piece not in missing or (image.floating and Tags(job, [image]).is_newer(image)):
                continue
            digest = job.digests[image.piece]
            pusher.push_content(image.reference, digest)
            with job.irreversible(image.piece, digest):
                pusher.put_tag(image.reference, digest)
            job.log.info(f"{image.piece} is {digest}")

    def verify(self, job: Job[DockerOptions]) -> Evidence:
        return verify(job, wanted(job)[0])

    def rollback_plan(self, job: Job[DockerOptions], to: Version | None) -> RollbackPlan:
        """Point the floating tags at an earlier version's image again; nothing is deleted.

        Deleting by digest would take every other tag of that image with it.
        """
        target = to or (Version.parse(text) if (text := job.previous()) else None)
        if target is None:
            return self.manual("no earlier version is known; name one to point the floating tags at", self.page(job))
        pusher, changes, manual = Pusher(job), list[Change](), list[ManualStep]()
        for image in (i for i in wanted(job) if i.floating):
            source = self._tag_of(job, image, target)
            if at_version(image, job.version, target) is None or source is None:
                manual.append(ManualStep(f"{image.piece} has no meaning for {target}: remove the tag", self.page(job)))
            elif digest := pusher.digest(image, source):
                retag = partial(pusher.retag, image, source)
                changes.append(Change(f"{image.piece} points at {target} ({digest})", retag))
            else:
                manual.append(ManualStep(f"{source} does not exist: {image.piece} stays as it is", self.page(job)))
        return RollbackPlan(tuple(changes), tuple(manual))

    def live(self, job: Job[DockerOptions]) -> Live | None:
        return live(job)

    def whoami(self, job: Job[DockerOptions]) -> Identity:
        return identity(job)

    def downloads(self, job: Job[DockerOptions], since: date | None) -> Sequence[Series]:
        return series(job)

    def page(self, job: Job[DockerOptions]) -> str:
        """Docker Hub and GitHub have pages for people; of another registry nothing is known."""
        host, repository = wanted(job)[0].reference.host, wanted(job)[0].reference.repository
        url = registry_url(job.options, host)
        if url == endpoints.DOCKER_REGISTRY:
            return f"{endpoints.DOCKER_WEB}/r/{repository}/tags"
        return f"{url}/{repository}" if url == f"https://{endpoints.GHCR_HOST}" else ""

    def _tag_of(self, job: Job[DockerOptions], image: Image, version: Version) -> str | None:
        """The tag that the version's own image has in the repository of `image`."""
        for other in wanted(job):
            same = (other.reference.host, other.reference.repository) == (
                image.reference.host,
                image.reference.repository,
            )
            if same and not other.floating:
                found = at_version(other, job.version, version)
                return found.tag if found else None
        return None
