"""How often images were pulled, as Docker Hub counts it (https://docs.docker.com/reference/api/hub/latest/).

It keeps one total a repository. GitHub's registry and one's own have no such question, and Quay tells it to the owner's
token alone.
"""

from __future__ import annotations

from typing import Any

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.downloads import Counter, Kind, Series, Unit
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._docker_account import repositories
from deployforge_tasks.platforms._docker_options import DockerOptions, registry_url
from deployforge_tasks.platforms.base import Job

_MEANING = "every pull of every tag since the repository was made: people, CI machines (one's own too) and robots"


def series(job: Job[DockerOptions]) -> list[Series]:
    """One total for each of our repositories on Docker Hub that it knows.

    Raises:
        NotImplementedError: none of our repositories is there.
    """
    hub, wanted = _hub(job), repositories(job)
    ours = [name for host, name in wanted if host == endpoints.DOCKER_HOST and hub]
    others = list(dict.fromkeys(host for host, _ in wanted if host != endpoints.DOCKER_HOST or not hub))
    if not ours:
        raise NotImplementedError("; ".join(map(_silent, others)))
    for host in others:
        job.log.info(_silent(host))
    return [found for name in ours if (found := _pulls(job, hub, name))]


def _silent(host: str) -> str:
    return f"{host} does not tell everybody how often images are pulled"


def _hub(job: Job[DockerOptions]) -> str:
    """Base URL of Docker Hub's API; "" where another registry answers in its place and nobody counts for that."""
    if job.options.counts:
        return job.options.counts.rstrip("/")
    official = registry_url(job.options, endpoints.DOCKER_HOST) == endpoints.DOCKER_REGISTRY
    return endpoints.DOCKER_WEB if official else ""


def _pulls(job: Job[Any], hub: str, name: str) -> Series | None:
    url = f"{hub}/v2/repositories/{name}/"
    body = job.http.json(url, ok=(200, 404))
    if body is None:
        return None
    told = counting.shaped(lambda: f"{body['namespace']}/{body['name']}", url)
    if told != name:
        raise counting.odd(url)
    counter = Counter("docker hub", name, Kind.TOTAL, Unit.PULLS, headline=True)
    return counting.now(job, counter, counting.count(body.get("pull_count"), url), _MEANING, url)
