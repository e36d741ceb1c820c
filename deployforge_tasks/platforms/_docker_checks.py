"""What can be checked about an image before it is pushed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, StatusError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.platforms._docker_account import logged_in, login, repositories
from deployforge_tasks.platforms._docker_options import DockerOptions, image_targets, wanted
from deployforge_tasks.platforms._docker_package import SCRATCH
from deployforge_tasks.platforms._oci_refs import Image, Reference
from deployforge_tasks.platforms.base import Job

_PT_INTERP = 3


def findings(job: Job[DockerOptions]) -> list[Finding]:
    images = wanted(job)
    return [*_tags(images), *_platforms(job), *_base(job), *_linking(job), *_engine(job), *_accounts(job)]


def _tags(images: list[Image]) -> Iterator[Finding]:
    own = {(i.reference.host, i.reference.repository) for i in images if not i.floating}
    for image in images:
        if (image.reference.host, image.reference.repository) not in own:
            yield Finding(
                "DOCKER-001",
                Level.ERROR,
                f"{image.piece} is a moving tag, and its repository gets no tag for this version",
                "add `owner/name:${version}` to `images`",
            )
    if not images:
        yield Finding(
            "DOCKER-001",
            Level.ERROR,
            "this pre-release gets no tag at all",
            "add `owner/name:${version}` to `images`",
        )


def _platforms(job: Job[DockerOptions]) -> Iterator[Finding]:
    found = image_targets(job)
    for word in job.options.platforms:
        if word.startswith("windows/"):
            yield Finding(
                "DOCKER-003",
                Level.ERROR,
                f"{word}: images for Windows need a base that only Windows can build on",
                "leave it out of `platforms`",
            )
        elif word not in found:
            yield Finding(
                "DOCKER-002",
                Level.ERROR,
                f"the project has no target for the image platform {word}",
                "add the target to `artifacts.targets`, or leave it out of `platforms`",
            )
    if not found and not job.options.platforms:
        yield Finding("DOCKER-002", Level.ERROR, "the project has no Linux target", "add one to `artifacts.targets`")


def _base(job: Job[DockerOptions]) -> Iterator[Finding]:
    base = job.options.base
    if base != SCRATCH and not job.options.dockerfile and not Reference.parse(base).digest:
        yield Finding(
            "DOCKER-004",
            Level.WARNING,
            f"the base {base} can change under its tag, and then another machine builds another image",
            "write it with its digest: name@sha256:…",
        )


def _linking(job: Job[DockerOptions]) -> Iterator[Finding]:
    """A program that needs a loader cannot start in an empty image, whatever its build said."""
    if job.options.base != SCRATCH or job.options.dockerfile:
        return
    targets = set(image_targets(job).values())
    for artifact in job.artifacts:
        if artifact.target in targets and needs_loader(artifact.executable):
            yield Finding(
                "DOCKER-005",
                Level.ERROR,
                f"the {artifact.target} program is dynamically linked and cannot start in an empty image",
                "link it statically (Go: CGO_ENABLED=0), or choose a `base` with its C library",
            )


def needs_loader(program: Path) -> bool:
    """Whether a 64-bit ELF program names an interpreter (man 5 elf, PT_INTERP)."""
    data = program.read_bytes()
    if data[:5] != b"\x7fELF\x02":
        return False
    offset, size, count = (*struct.unpack_from("<Q", data, 0x20), *struct.unpack_from("<HH", data, 0x36))
    heads = (offset + i * size for i in range(count))
    return any(struct.unpack_from("<I", data, head)[0] == _PT_INTERP for head in heads if head + 4 <= len(data))


def _engine(job: Job[DockerOptions]) -> Iterator[Finding]:
    if not job.options.dockerfile:
        return
    from deployforge_tasks.platforms._docker_engine import connect_engine

    if not job.path(job.options.dockerfile).is_file():
        yield Finding(
            "DOCKER-008",
            Level.ERROR,
            f"{job.options.dockerfile} does not exist",
            "correct `dockerfile`, or leave it out: the image is then made from the release binaries",
        )
    engine, reason = connect_engine(job.options.engine)
    if engine is not None:
        engine.close()
    else:
        yield Finding(
            "DOCKER-009",
            Level.ERROR,
            f"a Dockerfile needs a Docker Engine: {reason}",
            "start Docker, or leave `dockerfile` out: the image is then made from the release binaries",
        )


def _accounts(job: Job[DockerOptions]) -> Iterator[Finding]:
    """Each registry's account must be there and may push (an upload is opened and taken back)."""
    for host, repository in repositories(job):
        try:
            registry = login(job, host)
        except CredentialError as error:
            yield Finding.of_error("DOCKER-006", error)
            continue
        try:
            logged_in(job, host, registry, repository)
            registry.check_push(repository)
        except CredentialError as error:
            yield Finding.of_error("DOCKER-007", error)
        except StatusError as error:
            level = Level.ERROR if error.status in (401, 403, 404) else Level.WARNING
            hint = f"give the account the right to write to {repository}, or create the repository"
            message = f"{host} does not let us push to {repository}: {error.message}"
            yield Finding("DOCKER-007", level, message, hint, credential=error.status in (401, 403))
        except DeployForgeError as error:
            yield Finding("DOCKER-007", Level.WARNING, f"{host} could not be asked: {error.message}", error.hint)
