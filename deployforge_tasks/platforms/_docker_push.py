"""Pushing an image: content by digest first, then the tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployforge_tasks.core.errors import PublishError, RollbackError
from deployforge_tasks.platforms._docker_options import DockerOptions, account, connect
from deployforge_tasks.platforms._docker_package import SCRATCH, layout_of
from deployforge_tasks.platforms._oci import OCI_INDEX, OCI_MANIFEST, Registry
from deployforge_tasks.platforms._oci_refs import Image, Reference
from deployforge_tasks.platforms.base import Job


class Pusher:
    """Pushes the workdir's image layout."""

    def __init__(self, job: Job[DockerOptions]) -> None:
        self._job = job
        self._layout = layout_of(job)
        self._registries: dict[str, Registry] = {}
        self._pushed: set[tuple[str, str, str]] = set()

    def push_content(self, to: Reference, index_digest: str) -> None:
        """Push all blobs and every platform's manifest; only what the registry lacks. Nobody sees any of it yet."""
        key = (to.host, to.repository, index_digest)
        if key in self._pushed:
            return
        user, password = account(self._job, to.host)
        if not (user and password):
            self._job.secrets.require("username")
            self._job.secrets.require("password")
        for image in self._layout.read(index_digest)["manifests"]:
            manifest = self._layout.read(image["digest"])
            for blob in [manifest["config"], *manifest["layers"]]:
                self._push_blob(to, blob)
            raw = self._layout.blob(image["digest"]).read_bytes()
            self._registry(to.host).put_manifest(to.repository, image["digest"], OCI_MANIFEST, raw)
        self._pushed.add(key)

    def put_tag(self, to: Reference, index_digest: str) -> None:
        raw = self._layout.blob(index_digest).read_bytes()
        self._registry(to.host).put_manifest(to.repository, to.tag, OCI_INDEX, raw)

    def digest(self, image: Image, tag: str) -> str | None:
        """The digest behind another tag in the repository of `image`; None when it is not there."""
        digest, _ = self._registry(image.reference.host).find(image.reference.repository, tag)
        return digest

    def retag(self, image: Image, source: str) -> None:
        """Point a tag at what another tag points at."""
        registry, repository = self._registry(image.reference.host), image.reference.repository
        manifest, look = registry.manifest(repository, source)
        if manifest is None:
            raise RollbackError(
                f"{source} is no longer there: {image.piece} stays as it is",
                hint="somebody removed it; look at the registry and name another version",
                url=look.url,
            )
        registry.put_manifest(repository, image.reference.tag, manifest.media_type, manifest.raw)
        now, look = registry.find(repository, image.reference.tag)
        if now != manifest.digest:
            raise RollbackError(
                f"{image.piece} points at {now} instead of {manifest.digest}",
                hint="somebody else moved it; look at the registry and run again",
                url=look.url,
            )

    def _push_blob(self, to: Reference, blob: Mapping[str, Any]) -> None:
        registry, digest = self._registry(to.host), str(blob["digest"])
        if registry.has_blob(to.repository, digest):
            return
        path = self._layout.blob(digest)
        if not path.exists():
            if self._mounted(to, digest):
                return
            path = self._fetch_from_base(digest)
        registry.upload_blob(to.repository, digest, path)

    def _mounted(self, to: Reference, digest: str) -> bool:
        """Take a layer of the base over within the registry, without moving its bytes."""
        base = self._base()
        return base.host == to.host and self._registry(to.host).mount_blob(to.repository, digest, base.repository)

    def _fetch_from_base(self, digest: str) -> Any:
        base = self._base()
        path = self._job.workdir / "base" / digest.removeprefix("sha256:")
        if not path.exists():
            self._registry(base.host).download_blob(base.repository, digest, path)
        return path

    def _base(self) -> Reference:
        if self._job.options.base == SCRATCH:
            raise PublishError(
                "the image's files are not complete",
                hint="delete this platform's work folder and run again",
                code="DF4310",
            )
        return Reference.parse(self._job.options.base)

    def _registry(self, host: str) -> Registry:
        if host not in self._registries:
            self._registries[host] = connect(self._job, host)
        return self._registries[host]
