"""The image of a version: from the release binaries, or from a Dockerfile with an engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from deployforge_tasks.core.errors import NetworkError, PreflightError
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.effects.files import Entry, write_atomic
from deployforge_tasks.platforms._docker_options import DockerOptions, connect, image_targets
from deployforge_tasks.platforms._oci import Manifest, Registry
from deployforge_tasks.platforms._oci_image import (
    VERSION_KEY,
    Base,
    Layout,
    add_image,
    add_index,
    base_layers,
    child_for,
    is_index,
    layer_of,
)
from deployforge_tasks.platforms._oci_refs import Reference
from deployforge_tasks.platforms.base import Job

SCRATCH = "scratch"


def layout_of(job: Job[DockerOptions]) -> Layout:
    return Layout(job.workdir / "image")


def build_layout(job: Job[DockerOptions]) -> str:
    """Write the image of every platform and the index over them; returns the index's digest."""
    layout, texts = layout_of(job), image_texts(job)
    by_target = {a.target: a for a in job.artifacts}
    platforms = {word: by_target[target] for word, target in image_targets(job).items()}
    if not platforms:
        raise PreflightError(
            "there is no release file for a platform of the image",
            hint="build a linux target, or correct `platforms`",
            code="DF3311",
        )
    if job.options.dockerfile:
        from deployforge_tasks.platforms._docker_engine import build_images

        images = build_images(job, layout, platforms, texts)
    else:
        job.log.info("the image is made from the release files, without a Docker Engine")
        bases = base_of(job, list(platforms))
        images = [
            add_image(
                layout,
                word,
                [layer_of(_entries(job, artifact))],
                settings=settings(job),
                annotations=texts,
                base=bases[word],
            )
            for word, artifact in platforms.items()
        ]
    index = add_index(layout, images, texts)
    layout.close(index)
    return str(index["digest"])


def program_path(job: Job[DockerOptions]) -> str:
    """Absolute path of the program in the image."""
    return str(PurePosixPath(job.options.folder) / job.binary)


def settings(job: Job[DockerOptions]) -> dict[str, Any]:
    """The ``config`` object: https://github.com/opencontainers/image-spec/blob/main/config.md#properties."""
    options = job.options
    ports = [text if "/" in text else f"{text}/tcp" for text in map(str, options.expose)]
    wishes: dict[str, Any] = {
        "Entrypoint": [program_path(job)] if options.entrypoint is None else options.entrypoint,
        "Cmd": options.cmd,
        "Env": [f"{name}={value}" for name, value in options.env.items()],
        "ExposedPorts": {port: {} for port in ports},
        "User": options.user,
        "WorkingDir": options.workdir,
        "Labels": {**image_texts(job), **options.labels},
    }
    return {name: value for name, value in wishes.items() if value}


def image_texts(job: Job[DockerOptions]) -> dict[str, str]:
    """The predefined keys of https://github.com/opencontainers/image-spec/blob/main/annotations.md that we know."""
    project, key = job.project, "org.opencontainers.image."
    known = {
        VERSION_KEY: str(job.version),
        f"{key}title": project.name,
        f"{key}description": job.description("docker"),
        f"{key}licenses": project.license.spdx,
        f"{key}source": project.source_url or None,
        f"{key}url": project.homepage,
        f"{key}documentation": project.urls.docs,
        f"{key}vendor": project.author.name if project.author else None,
        f"{key}revision": job.options.revision,
    }
    if job.options.base != SCRATCH and not job.options.dockerfile:
        known[f"{key}base.name"] = job.options.base
    return {name: value for name, value in known.items() if value}


def _entries(job: Job[DockerOptions], artifact: Artifact) -> list[Entry]:
    folder = job.options.folder.strip("/")
    files = [Entry(f"{folder}/{job.binary}", artifact.executable, 0o755)]
    return files + [Entry(f"{folder}/{path.name}", path) for path in artifact.runtime_files]


def base_of(job: Job[DockerOptions], platforms: Sequence[str]) -> dict[str, Base]:
    """The base image of each platform. Its digest is kept, so that a tag which moves does not change our image."""
    if job.options.base == SCRATCH:
        return {word: Base() for word in platforms}
    reference = Reference.parse(job.options.base)
    registry = connect(job, reference.host)
    pinned = job.workdir / "base.json"
    pins = json.loads(pinned.read_text("utf-8")) if pinned.exists() else {}
    pointer = pins.get(job.options.base, reference.pointer)
    top = _pull(registry, reference, pointer)
    write_atomic(pinned, json.dumps({job.options.base: top.digest}))
    return {word: _base_for(registry, reference, top, word) for word in platforms}


def _base_for(registry: Registry, reference: Reference, top: Manifest, platform: str) -> Base:
    manifest = top
    if is_index(top.media_type):
        child = child_for(top.document, platform)
        if child is None:
            raise PreflightError(
                f"the base image {reference} has no {platform}",
                hint="choose another base, or leave that platform out with `platforms`",
                code="DF3312",
            )
        manifest = _pull(registry, reference, child)
    config = registry.read_json_blob(reference.repository, str(manifest.document["config"]["digest"]))
    if f"{config.get('os')}/{config.get('architecture')}" != platform:
        raise PreflightError(
            f"the base image {reference} is only for {config.get('os')}/{config.get('architecture')}, not {platform}",
            hint="choose a multi-platform base",
            code="DF3312",
        )
    return Base(config, base_layers(manifest.document, str(reference)))


def _pull(registry: Registry, reference: Reference, pointer: str) -> Manifest:
    manifest, look = registry.manifest(reference.repository, pointer)
    if manifest is None:
        raise NetworkError(
            f"the base image {reference} does not exist",
            hint="check its name and tag; a private base needs the credentials of its registry",
            url=look.url,
        )
    return manifest


def local_children(job: Job[DockerOptions], digest: str) -> Mapping[str, str]:
    """Platform -> manifest digest of our own index, if it was built on this machine."""
    from deployforge_tasks.platforms._oci_image import children

    layout = layout_of(job)
    return children(layout.read(digest)) if digest and Path(layout.blob(digest)).exists() else {}
