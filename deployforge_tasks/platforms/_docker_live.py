"""The version that ``docker pull`` gives without a tag."""

from __future__ import annotations

from collections.abc import Iterator

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.model import Live
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms._docker_options import DockerOptions, connect, wanted
from deployforge_tasks.platforms._docker_presence import version_of
from deployforge_tasks.platforms._oci import Manifest, Registry
from deployforge_tasks.platforms._oci_refs import Image, at_version, parse_version
from deployforge_tasks.platforms.base import Job

_LATEST = "latest"
#: Newest version tags that are compared with ``latest``: each costs a request.
_COMPARED = 30


def live(job: Job[DockerOptions]) -> Live | None:
    """The version whose tag has the digest of ``latest`` in the first repository.

    Where there is no ``latest`` it is the newest version that has a tag, a finished one first; users must name it.
    """
    image = next(iter(wanted(job)), None)
    if image is None:  # a pre-release that gets no tag: nothing tells the repository
        raise NotImplementedError
    registry, repository = connect(job, image.reference.host), image.reference.repository
    latest, look = registry.manifest(repository, _LATEST)
    if latest is not None:
        return Live(_behind(job, registry, image, latest).text, look, _LATEST)
    tags = _tagged(registry, repository)
    return Live(tags[0][0].text, look, "newest tag, there is no latest") if tags else None


def _behind(job: Job[DockerOptions], registry: Registry, image: Image, latest: Manifest) -> Version:
    """The version with the same image; what the image says of itself counts where no tag has it."""
    repository = image.reference.repository
    told = version_of(registry, repository, latest)
    for version, tag in _candidates(job, registry, image, told):
        if registry.find(repository, tag)[0] == latest.digest:
            return version
    if told is None:
        raise NetworkError(
            f"no version's tag points at the image that {_LATEST} points at, and the image tells no version",
            hint=f"look at the tags of {repository}; somebody else may have moved {_LATEST}",
            url=registry.base,
        )
    return told


def _candidates(
    job: Job[DockerOptions], registry: Registry, image: Image, told: Version | None
) -> Iterator[tuple[Version, str]]:
    """Versions with their tags, the likely ones first: mostly one request is enough, and no list is needed."""
    likely = [v for v in (told, job.version, parse_version(job.previous())) if v]
    for version in likely:
        reference = None if image.floating else at_version(image, job.version, version)
        yield version, reference.tag if reference else version.docker_tag
    yield from _tagged(registry, image.reference.repository)[:_COMPARED]


def _tagged(registry: Registry, repository: str) -> list[tuple[Version, str]]:
    """The tags that are versions, newest first; ``1.2.0`` before ``1.2``, which moves."""
    found = [(version, tag) for tag in registry.tags(repository) if (version := parse_version(tag))]
    return sorted(found, key=lambda f: (not f[0].is_prerelease, f[0].precedence, len(f[0].numbers)), reverse=True)
