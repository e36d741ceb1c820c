"""What registries say about a version's tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from deployforge_tasks.core.presence import Look, Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms._docker_options import DockerOptions, connect, image_targets
from deployforge_tasks.platforms._docker_package import local_children
from deployforge_tasks.platforms._oci import Manifest, Registry
from deployforge_tasks.platforms._oci_image import VERSION_KEY, children, is_index
from deployforge_tasks.platforms._oci_refs import Image, covers, parse_version
from deployforge_tasks.platforms.base import Job


class Tags:
    """The tags of one version, looked up in their registries."""

    def __init__(self, job: Job[DockerOptions], images: Sequence[Image]) -> None:
        self._job = job
        self._images = images
        self._looks: list[Look] = []
        self._registries: dict[str, Registry] = {}
        self._seen: dict[tuple[str, str], Manifest | None] = {}

    def presence(self) -> Presence:
        """Compare every tag; a version of which no tag is there is absent, wherever the floating ones point."""
        own = {i.piece: found for i in self._images if not i.floating and (found := self._own_tag(i)) is not None}
        newer = [i.piece for i in self._images if i.floating and self.is_newer(i)]
        floating = {
            i.piece: found
            for i in self._images
            if i.floating and i.piece not in newer and (found := self._floating_tag(i, own)) is not None
        }
        pieces = [i.piece for i in self._images]
        expected = dict(self._job.digests)
        there = {**own, **floating, **{piece: expected.get(piece, "") for piece in newer}}
        presence = compare(pieces, expected, there, self._looks)
        if presence.state is State.PARTIAL and not own:
            return replace(presence, state=State.ABSENT, reason="not there")
        if presence.state is State.SAME and newer:
            return replace(presence, reason=f"{presence.reason}; {', '.join(newer)} stays at a newer version")
        return presence

    def is_newer(self, image: Image) -> bool:
        """Whether a floating tag already points at a later version: it never moves backwards."""
        manifest = self._manifest(image, image.reference.tag)
        if manifest is None:
            return False
        version = version_of(self._registry(image), image.reference.repository, manifest) or self._highest(image)
        return version is not None and version > self._job.version

    def _own_tag(self, image: Image) -> str | None:
        """Digest of the version's own tag; None when it is not there or not complete."""
        manifest = self._manifest(image, image.reference.tag)
        if manifest is None:
            return None
        ours = self._job.digests.get(image.piece, "")
        if self._job.options.mutable and ours and manifest.digest != ours:
            return None
        if manifest.digest == ours or not ours or self._is_part_of_ours(manifest, ours):
            return manifest.digest if self._is_complete(image, manifest) else None
        return manifest.digest

    def _floating_tag(self, image: Image, own: dict[str, str]) -> str | None:
        """Digest of a floating tag that is where it belongs; None when it still has to move."""
        manifest = self._manifest(image, image.reference.tag)
        belongs = self._job.digests.get(image.piece) or self._sibling_digest(image, own)
        return manifest.digest if manifest and manifest.digest == belongs else None

    def _sibling_digest(self, image: Image, own: dict[str, str]) -> str | None:
        """On a fresh machine: the digest of the version's own tag in the same repository."""
        prefix = image.piece.rpartition(":")[0] + ":"
        return next((digest for piece, digest in own.items() if piece.startswith(prefix)), None)

    def _is_part_of_ours(self, manifest: Manifest, ours: str) -> bool:
        """Whether what is there are some of our own platforms, and nothing else (an earlier run had fewer)."""
        there, mine = children(manifest.document), local_children(self._job, ours)
        return is_index(manifest.media_type) and bool(there) and there.items() < mine.items()

    def _is_complete(self, image: Image, manifest: Manifest) -> bool:
        """Whether every platform is in the index and its manifest in the registry."""
        if not is_index(manifest.media_type):
            return len(self._platforms) <= 1
        there = children(manifest.document)
        return all(
            word in there and self._registry(image).find(image.reference.repository, there[word])[0] is not None
            for word in self._platforms
        )

    def _highest(self, image: Image) -> Version | None:
        """The highest version that has a tag and that the floating tag may mean; for images that tell no version."""
        versions = map(parse_version, self._registry(image).tags(image.reference.repository))
        return max(
            (v for v in versions if v and covers(image.reference.tag, v)), key=lambda v: v.precedence, default=None
        )

    @cached_property
    def _platforms(self) -> list[str]:
        return list(image_targets(self._job))

    def _manifest(self, image: Image, pointer: str) -> Manifest | None:
        key = (image.piece, pointer)
        if key not in self._seen:
            self._seen[key], look = self._registry(image).manifest(image.reference.repository, pointer)
            self._looks.append(look)
        return self._seen[key]

    def _registry(self, image: Image) -> Registry:
        host = image.reference.host
        if host not in self._registries:
            self._registries[host] = connect(self._job, host)
        return self._registries[host]


def version_of(registry: Registry, repository: str, manifest: Manifest) -> Version | None:
    """The version that an image says it is: its annotation, or the label in its config."""
    document = manifest.document
    version = parse_version((document.get("annotations") or {}).get(VERSION_KEY))
    if version or is_index(manifest.media_type) or "config" not in document:
        return version
    config: dict[str, Any] = registry.read_json_blob(repository, str(document["config"]["digest"]))
    return parse_version(((config.get("config") or {}).get("Labels") or {}).get(VERSION_KEY))
