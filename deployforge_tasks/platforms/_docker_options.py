"""The options of the platform ``docker``, and what follows from them: its tags, targets and registries."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.effects.http import is_loopback
from deployforge_tasks.platforms._oci import Registry
from deployforge_tasks.platforms._oci_refs import Image, images
from deployforge_tasks.platforms.base import Job, Options


class DockerOptions(Options):
    """Options of the platform ``docker``."""

    registry: str = endpoints.DOCKER_HOST
    """Registry of the images that name none: a host, or a URL for one without TLS."""
    endpoints: dict[str, str] = Field(default_factory=dict)
    """Host in an image's name -> URL of the registry that really answers for it (mirrors, rehearsals)."""
    images: list[str] = Field(default_factory=list)
    """Tags to publish (`[host/]owner/name:tag`); `{version} {major} {minor}` are replaced. Default: the repository's
    owner and the program's name, with the version and `latest`."""
    platforms: list[str] = Field(default_factory=list)
    """Platforms of the image (`linux/amd64`); default: every Linux target of the project."""
    base: str = "scratch"
    """Image below the program; write it with its digest to get the same image each time."""
    dockerfile: str | None = None
    """A Dockerfile to build with a Docker Engine instead; the program lies beside it, `TARGETARCH` tells for what."""
    entrypoint: list[str] | None = None
    """Program and arguments that always run; default: the program."""
    cmd: list[str] = Field(default_factory=list)
    """Arguments when the user gives none."""
    expose: list[int | str] = Field(default_factory=list)
    """Ports (`8080`, `53/udp`)."""
    user: str | None = None
    """User (and group) to run as, in numbers for `scratch`: `65532:65532`."""
    env: dict[str, str] = Field(default_factory=dict)
    """Environment variables of the container."""
    workdir: str | None = None
    """Folder to start in."""
    folder: str = "/usr/local/bin"
    """Folder of the program (and its runtime files) in the image."""
    labels: dict[str, str] = Field(default_factory=dict)
    """More labels, beside those of org.opencontainers.image."""
    revision: str | None = None
    """The commit that was released, for the label of that name."""
    mutable: bool = False
    """Let a version's own tag be replaced by another image (development tags)."""
    counts: str | None = None
    """Base URL of Docker Hub's API, which counts pulls (default: Docker Hub's own, for images that are there)."""
    engine: str | None = None
    """URL of the Docker Engine; default: as the `docker` client finds it."""


def wanted(job: Job[DockerOptions]) -> list[Image]:
    """The tags of this version, its own first."""
    owner = (job.project.source.repo or job.project.name).split("/")[0].lower()
    name = f"{owner}/{job.project.name.lower()}"
    texts = job.options.images or [f"{name}:{{version}}", f"{name}:latest"]
    default = job.options.registry.partition("://")[2] or job.options.registry
    return images(texts, job.version, default.rstrip("/"))


def image_targets(job: Job[DockerOptions]) -> dict[str, Target]:
    """OCI platform -> the target that fills it (``linux/amd64`` -> linux/amd64/musl).

    Where a project has several C libraries, the program that needs none comes first, then musl's.
    """
    order = {None: 0, "musl": 1, "gnu": 2}
    found: dict[str, Target] = {}
    for target in sorted(job.targets, key=lambda t: order[t.libc]):
        word = spelling(target, "oci")
        if word and (word in job.options.platforms if job.options.platforms else target.os == "linux"):
            found.setdefault(word, target)
    chosen = job.options.platforms or [w for t in job.targets if (w := spelling(t, "oci"))]
    return {word: found[word] for word in dict.fromkeys(chosen) if word in found}


def registry_url(options: DockerOptions, host: str) -> str:
    """Where the registry of that name answers."""
    if host in options.endpoints:
        return options.endpoints[host].rstrip("/")
    if "://" in options.registry and urlsplit(options.registry).netloc == host:
        return options.registry.rstrip("/")
    if host == endpoints.DOCKER_HOST:
        return endpoints.DOCKER_REGISTRY
    plain = f"http://{host}"
    return plain if is_loopback(plain) else f"https://{host}"


def account(job: Job[DockerOptions], host: str) -> tuple[str, str]:
    """Username and password for a host; empty where there are none. No host ever gets another one's password."""
    get = job.secrets.get
    candidates = [(get(f"{host}.username"), get(f"{host}.password"))]
    if host == endpoints.GHCR_HOST:
        candidates.append((get("ghcr_username") or get("username"), get("ghcr_password")))
    if host in _own_hosts(job) or is_loopback(job.options.endpoints.get(host, "")):
        candidates.append((get("username"), get("password")))
    return next(((user, word) for user, word in candidates if user and word), ("", ""))


def connect(job: Job[DockerOptions], host: str) -> Registry:
    return Registry(job.http, job.clock, registry_url(job.options, host), *account(job, host))


def _own_hosts(job: Job[DockerOptions]) -> set[str]:
    """The hosts that `username` and `password` are meant for: the default registry, or the only one in use."""
    default = job.options.registry.partition("://")[2] or job.options.registry
    hosts = {i.reference.host for i in wanted(job)}
    return {default.rstrip("/")} | (hosts if len(hosts) == 1 else set())
