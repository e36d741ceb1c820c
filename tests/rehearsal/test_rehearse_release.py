"""Rehearsing a project whose release files are somewhere else already, the evening before or after their release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.core.events import Event
from deployforge_tasks.operations.rehearse import rehearse
from deployforge_tasks.rehearsal.stand_ins.github import GitHub
from tests.rehearsal.conftest import MakeProject
from tests.support.cases import SAMPLE_TARGETS
from tests.support.files import serving
from tests.support.hello import release_files
from tests.support.running import running

REPO = "hello-makers/hello-forge"
SCOOP: dict[str, dict[str, Any]] = {"scoop": {}, "npm": {}}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """What stands for the real GitHub: the rehearsal has one of its own."""
    with running(GitHub(tmp_path / "github")) as host:
        yield host


def released(github: GitHub, folder: Path) -> None:
    files = release_files(folder, "1.0.0", SAMPLE_TARGETS)
    github.show(REPO, "v1.0.0", {file.name: file.path.read_bytes() for file in files})


def sections(host: GitHub, **platforms: Mapping[str, Any]) -> dict[str, Any]:
    """A project that takes its files from the release; the profile says where GitHub is."""
    where = host.overlay({})["github"]
    return {
        "artifacts": {"from": "github_release", "targets": SAMPLE_TARGETS},
        "platforms": platforms,
        "profiles": {"rehearsal": {"platforms": {"github": where}}},
    }


@pytest.mark.parametrize("hub", [True, False], ids=["github is a platform", "github is none"])
def test_files_of_a_release_are_read_there_and_published_here(
    project: MakeProject, github: GitHub, tmp_path: Path, hub: bool
) -> None:
    released(github, tmp_path / "released")
    result = rehearse(project(**sections(github, github={"enabled": hub}, **SCOOP)))

    assert {row.platform: (row.published, row.note) for row in result.report.rows} == {
        **({"github": ("published", "")} if hub else {}),
        "scoop": ("published", ""),
        "npm": ("published", ""),
    }
    assert {method for method, _, _ in github.journal} == {"GET"}


def test_a_private_release_is_read_with_the_users_own_credential(
    project: MakeProject, github: GitHub, tmp_path: Path
) -> None:
    released(github, tmp_path / "released")
    repository = github.repository(REPO)
    assert repository is not None
    repository.private = True
    result = rehearse(project({"GITHUB_TOKEN": github.reader_token}, **sections(github, github={}, **SCOOP)))

    assert [row.note for row in result.report.rows] == ["", "", ""]
    assert result.exit_code == 0


def test_a_release_that_is_not_there_yet_names_the_other_way(project: MakeProject, github: GitHub) -> None:
    with pytest.raises(ArtifactError) as caught:
        rehearse(project(**sections(github, github={}, **SCOOP)))

    assert caught.value.message == f"{REPO} has no release v1.0.0"
    assert "artifacts: {from: directory}" in caught.value.hint


def test_fetching_the_files_is_told_as_it_goes(project: MakeProject, github: GitHub, tmp_path: Path) -> None:
    released(github, tmp_path / "released")
    heard: list[Event] = []
    rehearse(project(**sections(github, github={}, npm={})), listeners=[heard.append])

    first = [event.data["target"] for event in heard if (event.kind, event.stage) == ("stage_finished", "fetch")]
    assert set(first[: len(SAMPLE_TARGETS)]) == set(SAMPLE_TARGETS)


def test_files_behind_urls_are_read_there_and_served_here(project: MakeProject, tmp_path: Path) -> None:
    release_files(tmp_path / "site", "1.0.0", SAMPLE_TARGETS)
    with serving(tmp_path / "site") as url:
        artifacts = {"from": "urls", "targets": SAMPLE_TARGETS, "urls": {"default": f"{url}/{{asset}}"}}
        result = rehearse(project(artifacts=artifacts, platforms=SCOOP, source={}))

    assert [(row.published, row.note) for row in result.report.rows] == [("published", ""), ("published", "")]
