"""GitHub: a total for each file of every release, with its version and target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Kind, Series
from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.rehearsal.server import Request
from tests.support.counts import Counted, counted, release

LIST = r"/repos/hello-makers/hello-forge/releases"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Counted]:
    with counted("github", tmp_path) as case:
        yield case


def told(series: list[Series]) -> dict[str, int]:
    return {s.counter.subject: s.readings[0].count for s in series}


def pages(*releases: dict[str, Any]) -> Any:
    """A list in pages, as GitHub gives it."""

    def answer(request: Request) -> Any:
        size, page = int(request.query["per_page"]), int(request.query["page"])
        return list(releases[(page - 1) * size : page * size])

    return answer


def test_every_file_of_every_release_has_its_total(github: Counted) -> None:
    series = github.series()
    assert {s.counter.kind for s in series} == {Kind.TOTAL}
    assert told(series)["hello-forge-1.1.0-linux-amd64.tar.gz"] == 50
    assert sum(told(series).values()) == 95


def test_programs_are_the_headline_and_what_goes_with_them_is_not(github: Counted) -> None:
    beside = {s.counter.subject for s in github.series() if not s.counter.headline}
    assert beside == {"checksums.txt", "hello-forge-1.1.0-linux-amd64.tar.gz.sig"}


@pytest.mark.parametrize(
    "name",
    [
        "SHA256SUMS", "tool.tar.gz.sha256", "tool.tar.gz.asc", "tool.exe.sig", "tool.pem", "sbom.spdx.json",
        "tool.sbom.json", "tool.intoto.jsonl", "tool.sigstore.json", "latest.yml", "tool.exe.blockmap", "LICENSE.txt",
    ],
)  # fmt: skip
def test_a_file_that_goes_with_programs_is_no_program(github: Counted, name: str) -> None:
    github.source.answers[LIST] = pages(release(1, "v1.0.0", {name: 3}))
    assert [s.counter.headline for s in github.series()] == [False]


@pytest.mark.parametrize(
    "name", ["tool", "tool.exe", "tool.tar.gz", "tool.zip", "tool.deb", "tool.AppImage", "tool.msi", "tool-md5tool.zip"]
)
def test_a_program_is_one_however_it_is_packed(github: Counted, name: str) -> None:
    github.source.answers[LIST] = pages(release(1, "v1.0.0", {name: 3}))
    assert [s.counter.headline for s in github.series()] == [True]


def test_versions_and_targets_come_from_the_projects_own_names(github: Counted) -> None:
    found = {s.counter.subject: (s.counter.version, s.counter.target) for s in github.series()}
    assert found["hello-forge-1.1.0-linux-amd64.tar.gz"] == ("1.1.0", "linux/amd64")
    assert found["hello-forge-1.1.0-windows-amd64.zip"] == ("1.1.0", "windows/amd64")
    assert found["hello-forge-1.0.0-linux-amd64.tar.gz"] == ("1.0.0", "linux/amd64")
    assert found["hello.deb"] == ("1.0.0", "")


def test_a_tag_that_is_no_version_stands_as_it_is(github: Counted) -> None:
    github.source.answers[LIST] = pages(release(1, "nightly", {"tool.zip": 3}))
    assert [s.counter.version for s in github.series()] == ["nightly"]


def test_two_releases_of_one_version_have_one_total(github: Counted) -> None:
    two = (release(1, "vv1.0.0", {"tool.zip": 3}), release(2, "v1.0.0", {"tool.zip": 4, "tool-2.zip": 5}))
    github.source.answers[LIST] = pages(*two)
    series = github.series()
    assert told(series) == {"tool.zip": 7, "tool-2.zip": 5}
    assert len(series) == 2


def test_all_pages_are_read(github: Counted) -> None:
    github.source.answers[LIST] = pages(*(release(n, f"v1.{n}.0", {f"tool-{n}.zip": 1}) for n in range(250)))
    assert len(github.series()) == 250


def test_a_release_with_more_files_than_a_list_shows_is_asked_for_all_of_them(github: Counted) -> None:
    files = {f"tool-{n}.zip": n for n in range(120)}
    whole = release(7, "v1.0.0", files)
    github.source.answers = {
        rf"{LIST}": pages({**whole, "assets": whole["assets"][:30]}),
        rf"{LIST}/7/assets": pages(*whole["assets"]),
    }
    assert told(github.series()) == files


def test_drafts_and_broken_uploads_are_not_counted(github: Counted) -> None:
    broken = release(1, "v1.0.0", {"tool.zip": 3, "half.zip": 0})
    broken["assets"][1]["state"] = "starter"
    github.source.answers[LIST] = pages(release(2, "v1.1.0", {"tool-2.zip": 0}, draft=True), broken)
    assert told(github.series()) == {"tool.zip": 3}


def test_a_repository_that_is_not_shown_is_an_error_and_not_nothing(github: Counted) -> None:
    github.source.answers = {}
    with pytest.raises(CredentialError, match="shows no repository"):
        github.series()


def test_a_file_without_a_count_is_no_answer(github: Counted) -> None:
    odd = release(1, "v1.0.0", {"tool.zip": 3})
    del odd["assets"][0]["download_count"]
    github.source.answers[LIST] = pages(odd)
    with pytest.raises(NetworkError):
        github.series()
