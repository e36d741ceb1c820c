"""Docker: the pulls that Docker Hub counts; other registries do not tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.downloads import Audience, Kind, Unit
from deployforge_tasks.core.errors import ConfigError, NetworkError
from tests.support.counts import HUB, Counted, counted


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Counted]:
    with counted("docker", tmp_path) as case:
        yield case


def test_pulls_of_all_tags_are_one_total_of_everybody(docker: Counted) -> None:
    (pulls,) = docker.series()
    assert (pulls.counter.kind, pulls.counter.unit, pulls.counter.audience) == (Kind.TOTAL, Unit.PULLS, Audience.ALL)
    assert pulls.counter.headline
    assert [r.count for r in pulls.readings] == [290]
    assert "own too" in pulls.meaning


def test_each_repository_is_asked_for_once(docker: Counted) -> None:
    images = ["hello-makers/hello-forge:{version}", "hello-makers/hello-forge:latest", "hello-makers/other:latest"]
    other = {**HUB, "name": "other", "pull_count": 4}
    docker.source.answers[r"/v2/repositories/hello-makers/other/"] = other
    assert [s.readings[0].count for s in docker.series(images=images)] == [290, 4]
    assert len(docker.source.asked) == 2


def test_a_repository_that_is_not_there_has_no_series(docker: Counted) -> None:
    assert docker.series(images=["hello-makers/unknown:{version}"]) == []


def test_githubs_registry_does_not_tell(docker: Counted) -> None:
    with pytest.raises(NotImplementedError, match=r"^ghcr\.io does not tell"):
        docker.series(images=["ghcr.io/hello-makers/hello-forge:{version}"])
    assert docker.source.asked == []


def test_the_same_name_on_two_registries_is_counted_where_it_is_told(docker: Counted) -> None:
    name = "hello-makers/hello-forge:{version}"
    assert [s.counter.subject for s in docker.series(images=[name, f"ghcr.io/{name}"])] == ["hello-makers/hello-forge"]


def test_docker_hub_is_asked_for_what_is_there(docker: Counted) -> None:
    with pytest.raises(ConfigError, match=r"never leaves this machine, but hub\.docker\.com was asked for"):
        docker.series(counts=None)


def test_an_answer_about_another_repository_is_none(docker: Counted) -> None:
    docker.source.answers[r"/v2/repositories/hello-makers/hello-forge/"] = {**HUB, "name": "other"}
    with pytest.raises(NetworkError):
        docker.series()
