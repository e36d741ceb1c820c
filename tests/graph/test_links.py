"""Files that point at the release go public only when every link in them answers with the frozen digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ArtifactError, NetworkError
from deployforge_tasks.graph.context import RunContext
from deployforge_tasks.graph.links import check_links
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.rehearsal.server import Reply, Request, route
from tests.graph.shelf import Shelf, load_project, shelves, write_project
from tests.support.jobs import make_job
from tests.support.running import Bare, running


class Downloads(Bare):
    """Serves files; `late` is how often each is missing before it is there."""

    name = "downloads"
    late = 0

    @route("GET", r"/v1\.0\.0/(?P<name>.+)")
    def download(self, request: Request, name: str) -> Reply:
        if self.late > 0:
            self.late -= 1
            return Reply(404)
        path = self.root / name
        return Reply(200, path.read_bytes()) if path.exists() else Reply(404)


@pytest.fixture
def downloads(tmp_path: Path) -> Iterator[Downloads]:
    with running(Downloads(tmp_path / "downloads")) as made:
        yield made


@pytest.fixture
def job(tmp_path: Path, downloads: Downloads) -> Job[Any]:
    """A job whose rendered file links to the release file of one target, which users can download."""
    shelf = type("One", (Shelf,), {"name": "one"})()
    made = make_job(shelf, tmp_path, targets=["linux/amd64"], release_url=f"{downloads.url}/v1.0.0")
    artifact = made.artifacts[0]
    (downloads.root / artifact.name).write_bytes(artifact.path.read_bytes())
    rendered = made.workdir / "rendered" / "formula.rb"
    rendered.parent.mkdir(parents=True)
    rendered.write_text(f'url "{artifact.url}"\n')
    return replace(made, load_artifacts=lambda: [artifact])


@pytest.fixture
def context(tmp_path: Path) -> Iterator[RunContext]:
    with shelves("one"):
        made = RunContext(load_project(write_project(tmp_path / "project", {"one": {}})))
        yield made
        made.close()


def test_links_that_answer_with_the_frozen_digest_pass_and_are_asked_once(
    context: RunContext, job: Job[Any], downloads: Downloads
) -> None:
    check_links(context, job)
    check_links(context, job)

    assert len(downloads.journal) == 1


def test_a_link_that_is_not_there_yet_is_waited_for(context: RunContext, job: Job[Any], downloads: Downloads) -> None:
    downloads.late = 2
    check_links(context, job)

    assert [status for _, _, status in downloads.journal] == [404, 404, 200]


def test_a_link_that_answers_with_other_content_is_an_error_with_both_digests(
    context: RunContext, job: Job[Any], downloads: Downloads
) -> None:
    (downloads.root / job.artifacts[0].name).write_bytes(b"something else")

    with pytest.raises(ArtifactError, match=job.artifacts[0].sha256) as caught:
        check_links(context, job)
    assert caught.value.code == "DF3110"


def test_a_rendered_link_that_leads_nowhere_is_an_error(
    context: RunContext, job: Job[Any], downloads: Downloads
) -> None:
    (job.workdir / "rendered" / "formula.rb").write_text(f"{downloads.url}/v1.0.0/typo.tar.gz")

    with pytest.raises(NetworkError):
        check_links(context, job)
