"""Running what was published: with a Docker Engine where there is one, else by pulling it as an engine would."""

from __future__ import annotations

import hashlib
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.files import digest as file_digest
from deployforge_tasks.effects.http import is_loopback
from deployforge_tasks.effects.machine import runs_here
from deployforge_tasks.platforms._docker_engine import connect_engine, run_published
from deployforge_tasks.platforms._docker_options import DockerOptions, account, connect, image_targets, registry_url
from deployforge_tasks.platforms._docker_package import SCRATCH, program_path
from deployforge_tasks.platforms._oci import Registry
from deployforge_tasks.platforms._oci_image import children, is_index
from deployforge_tasks.platforms._oci_refs import Image
from deployforge_tasks.platforms._verify import check_said, said_version
from deployforge_tasks.platforms.base import Job


def verify(job: Job[DockerOptions], image: Image) -> Evidence:
    """Pull and run the version's own tag."""
    engine, reason = connect_engine(job.options.engine)
    if engine is not None:
        try:
            info = engine.version()
            client = f"Docker Engine {info.get('Version', '')}".strip()
            reason = _why_not_here(job, image, f"{info.get('Os')}/{info.get('Arch')}")
            if not reason:
                return Evidence("install", client, _run(job, engine, image))
        finally:
            engine.close()
    return _by_download(job, image, reason)


def _why_not_here(job: Job[DockerOptions], image: Image, platform: str) -> str:
    if platform not in image_targets(job):
        return f"the Docker Engine here runs {platform}, which the image has not"
    if is_loopback(registry_url(job.options, image.reference.host)) and sys.platform != "linux":
        return "the Docker Engine here runs in a virtual machine that cannot reach this machine's registry"
    return ""


def _run(job: Job[DockerOptions], engine: Any, image: Image) -> str:
    from docker.errors import DockerException

    command = [*_prefix(job), *job.project.version_command]
    try:
        said = run_published(engine, engine_reference(job, image), command, account(job, image.reference.host))
    except (DockerException, OSError) as error:
        raise VerifyError(
            f"{image.piece} does not run in a Docker Engine: {error}",
            hint=f"try it on a clean machine: docker run --rm {image.piece} {' '.join(command)}",
            code="DF5310",
        ) from error
    return check_said(job, said)


def engine_reference(job: Job[DockerOptions], image: Image) -> str:
    """The name under which an engine finds the image, also when another server stands for its registry."""
    host = image.reference.host
    url = job.options.endpoints.get(host)
    return f"{urlsplit(url).netloc if url else host}/{image.reference.repository}:{image.reference.tag}"


def _prefix(job: Job[DockerOptions]) -> list[str]:
    """The program itself, where the image has no entrypoint of its own."""
    return [program_path(job)] if job.options.entrypoint == [] else []


def _by_download(job: Job[DockerOptions], image: Image, reason: str) -> Evidence:
    """Pull manifest, config and layers with their digests checked, take the program out, and run it if it can run."""
    platforms = image_targets(job)
    runs = job.options.base == SCRATCH and not job.options.dockerfile
    # What runs in an empty image brings its libc along, and so runs on this machine's system as well.
    here = next((w for w, t in platforms.items() if runs and runs_here(replace(t, libc=None))), None)
    word = here or next(iter(platforms))
    registry = connect(job, image.reference.host)
    manifest = _manifest_for(registry, image, word)
    repository = image.reference.repository
    registry.read_json_blob(repository, str(manifest["config"]["digest"]))
    sandbox = job.sandbox()
    layers = [
        registry.download_blob(repository, str(layer["digest"]), sandbox.home / f"layer-{number}.tar.gz")
        for number, layer in enumerate(manifest["layers"])
    ]
    program = _take_out(layers, program_path(job).strip("/"), sandbox.root / job.binary)
    if here:
        return Evidence("download", "the registry's API", said_version(job, sandbox, program), reason)
    _compare_with_release(job, program, word)
    return Evidence("download", "the registry's API", "", f"{reason}; the program in it is the release's")


def _manifest_for(registry: Registry, image: Image, platform: str) -> Mapping[str, Any]:
    manifest, look = registry.manifest(image.reference.repository, image.reference.tag)
    if manifest is not None and is_index(manifest.media_type):
        child = children(manifest.document).get(platform, "")
        manifest, look = registry.manifest(image.reference.repository, child) if child else (None, look)
    if manifest is None:
        raise VerifyError(
            f"{image.piece} cannot be pulled for {platform}",
            hint="run the deploy again: what is missing is published",
            code="DF5312",
            url=look.url,
        )
    return manifest.document


def _take_out(layers: list[Path], name: str, to: Path) -> Path:
    """The file of that name from the topmost layer that has it."""
    for layer in reversed(layers):
        with tarfile.open(layer) as archive:
            for member in archive:
                if member.name.removeprefix("./") == name and member.isreg():
                    file = archive.extractfile(member)
                    assert file is not None
                    to.write_bytes(file.read())
                    to.chmod(0o755)
                    return to
    raise VerifyError(f"the published image has no /{name}", hint="is `folder` or the Dockerfile right?", code="DF5313")


def _compare_with_release(job: Job[DockerOptions], program: Path, platform: str) -> None:
    target = image_targets(job)[platform]
    ours = next(a for a in job.artifacts if a.target == target)
    if file_digest(program) != hashlib.sha256(ours.executable.read_bytes()).hexdigest():
        raise VerifyError(
            f"the program in the published {platform} image is not the release's",
            hint="somebody else pushed this tag; look at the registry",
            code="DF5314",
        )
