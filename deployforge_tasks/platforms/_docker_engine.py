"""A Docker Engine, through the ``docker`` SDK: for Dockerfiles and for running what was published.

An engine's image has the build's times in it; the layers are therefore taken out of it and packed again with fixed
times, so that a Dockerfile which only copies files gives the same image each time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import posixpath
import shutil
import socket
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.effects.files import EPOCH, gzip_bytes
from deployforge_tasks.platforms._docker_options import DockerOptions
from deployforge_tasks.platforms._oci import sha256
from deployforge_tasks.platforms._oci_image import Layout, add_image, merge_settings
from deployforge_tasks.platforms.base import Job

if TYPE_CHECKING:
    from docker import DockerClient

# Of an engine's config: what the image specification knows; the rest (parent image, host name) changes with each build.
_KEPT = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "Healthcheck"
)  # fmt: skip


def connect_engine(url: str | None) -> tuple[DockerClient | None, str]:
    """A client of a running engine, or None and the reason why there is none."""
    import docker
    from docker.constants import DEFAULT_UNIX_SOCKET
    from docker.errors import DockerException

    if not _listens(url or os.environ.get("DOCKER_HOST") or DEFAULT_UNIX_SOCKET):
        return None, "no Docker Engine runs on this machine"
    try:  # asks the engine for its API's version, so it is there when this returns
        client = docker.DockerClient(base_url=url, timeout=600) if url else docker.from_env(timeout=600)
    except (DockerException, OSError) as error:
        return None, f"no Docker Engine answers ({type(error).__name__})"
    return client, ""


def _listens(url: str) -> bool:
    """Whether somebody answers behind a Unix socket (the SDK leaves a socket open when nobody does)."""
    _, unix, path = url.replace("http+unix", "unix").partition("unix://")
    if not unix or not hasattr(socket, "AF_UNIX"):
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5.0)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def build_images(
    job: Job[DockerOptions], layout: Layout, platforms: Mapping[str, Artifact], texts: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Build the Dockerfile for each platform; returns the images' descriptors."""
    engine, reason = connect_engine(job.options.engine)
    if engine is None:
        raise PreflightError(reason, hint="start Docker, or leave `dockerfile` out", code="DF3313")
    job.log.info(f"the image is built from {job.options.dockerfile} by a Docker Engine")
    try:
        return [_build(job, engine, layout, word, artifact, texts=texts) for word, artifact in platforms.items()]
    finally:
        engine.close()


def _build(
    job: Job[DockerOptions],
    engine: DockerClient,
    layout: Layout,
    platform: str,
    artifact: Artifact,
    *,
    texts: Mapping[str, str],
) -> dict[str, Any]:
    from docker.errors import APIError, BuildError

    context = _context(job, platform, artifact)
    system, arch = platform.split("/")
    arguments = {"TARGETOS": system, "TARGETARCH": arch, "VERSION": str(job.version)}
    try:
        image, _ = engine.images.build(
            path=str(context),
            platform=platform if _has_base(context / "Dockerfile") else None,
            buildargs=arguments,
            nocache=True,
            rm=True,
            network_mode="host",
        )
    except (BuildError, APIError) as error:
        raise PreflightError(
            f"the Dockerfile does not build for {platform}: {error}",
            hint=f"run `docker build --platform {platform} {context}`",
            code="DF3314",
        ) from error
    layers, config = _take_apart(b"".join(image.save()))
    engine.images.remove(image.id or "", force=True)
    extra = {"Labels": {**texts, **job.options.labels}}
    built = {k: v for k, v in (config.get("config") or {}).items() if k in _KEPT and v}
    settings = merge_settings(built, extra)
    return add_image(layout, platform, layers, settings=settings, annotations=texts)


def _has_base(dockerfile: Path) -> bool:
    """Whether a real image is pulled: the classic builder refuses ``FROM scratch`` for another platform than its own.

    Nothing runs in an empty image, so it may be built for any platform; the right one is written into its config.
    """
    words = (line.split() for line in dockerfile.read_text("utf-8").splitlines())
    froms = [[w for w in line[1:] if not w.startswith("--")] for line in words if line and line[0].upper() == "FROM"]
    return any(names and names[0] != "scratch" for names in froms)


def _context(job: Job[DockerOptions], platform: str, artifact: Artifact) -> Path:
    """A build folder with the Dockerfile, the program and its runtime files, and nothing else."""
    folder = job.workdir / "context" / platform.replace("/", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(job.path(str(job.options.dockerfile)), folder / "Dockerfile")
    shutil.copy(artifact.executable, folder / job.binary)
    (folder / job.binary).chmod(0o755)
    for path in artifact.runtime_files:
        shutil.copy(path, folder / path.name)
    return folder


def _take_apart(saved: bytes) -> tuple[list[tuple[bytes, str]], dict[str, Any]]:
    """Layers (gzipped, with their diff_ids) and config out of what ``docker save`` gives."""
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        (entry,) = json.loads(_member(archive, "manifest.json"))
        config = json.loads(_member(archive, entry["Config"]))
        tars = [_with_fixed_times(_member(archive, name)) for name in entry["Layers"]]
    return [(gzip_bytes(tar), sha256(tar)) for tar in tars], dict(config)


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.getmember(name)
    while member.issym():  # layers that occur twice are links to the first
        member = archive.getmember(posixpath.normpath(posixpath.join(posixpath.dirname(member.name), member.linkname)))
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def _with_fixed_times(tar: bytes) -> bytes:
    """The same entries in the same order, all with one date."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(tar)) as source,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in source:
            member.mtime = EPOCH
            member.pax_headers = {k: v for k, v in member.pax_headers.items() if k not in ("mtime", "atime", "ctime")}
            target.addfile(member, source.extractfile(member) if member.isreg() else None)
    return packed.getvalue()


def run_published(engine: DockerClient, reference: str, command: list[str], account: tuple[str, str]) -> str:
    """Pull an image for the engine's own platform, run it once without network, and return what it printed.

    Raises:
        docker.errors.DockerException: it cannot be pulled or started.
    """
    from docker.errors import ImageNotFound

    login = {"username": account[0], "password": account[1]} if all(account) else None
    try:
        engine.images.get(reference)
        had = True
    except ImageNotFound:
        had = False
    engine.images.pull(reference, auth_config=login)
    container = engine.containers.create(
        reference, command, network_mode="none", name=_container_name(reference), detach=True
    )
    try:
        container.start()
        container.wait(timeout=120)
        return bytes(container.logs()).decode("utf-8", "replace")
    finally:
        container.remove(force=True)
        if not had:
            engine.images.remove(reference, force=True)


def _container_name(reference: str) -> str:
    import secrets

    return f"deployforge-{hashlib.sha256(reference.encode()).hexdigest()[:8]}-{secrets.token_hex(4)}"
