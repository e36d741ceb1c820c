"""GitHub releases against the stand-in: looking them up, and checks before publishing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConfigError, CredentialError, StatusError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.targets import Target
from deployforge_tasks.platforms.base import Job, Secrets
from tests.support import faults
from tests.support.github import FILES, PLATFORM, REPO, Place, fill, names, put
from tests.support.jobs import packaged, presence, publish
from tests.support.proxy import FaultProxy
from tests.support.running import running


def ids(job: Job[Any], level: Level | None = None) -> set[str]:
    return {f.id for f in PLATFORM.preflight(job) if level in (None, f.level)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    with running(made.hub):
        yield made


# --- presence -----------------------------------------------------------------------------------------------------


def test_a_private_repository_is_not_read_as_absent(place: Place) -> None:
    place.repo.private = True
    with pytest.raises(CredentialError, match="shows no repository"):
        presence(PLATFORM, place.job(token=""))
    assert presence(PLATFORM, place.job()).state is State.ABSENT


def test_a_repository_that_is_not_there_is_not_read_as_absent(place: Place) -> None:
    place.hub.missing.add(REPO)
    with pytest.raises(CredentialError, match="shows no repository"):
        presence(PLATFORM, place.job())


def test_a_public_release_is_found_without_a_token(place: Place) -> None:
    publish(PLATFORM, place.job())
    assert presence(PLATFORM, place.job(token="")).state is State.SAME


def test_files_behind_the_first_page_are_found(place: Place) -> None:
    job = packaged(PLATFORM, place.job())
    release = place.release("v1.0.0")
    for number in range(150):
        put(release, f"extra-{number}.txt", b"x")
    fill(release, job, FILES)
    assert presence(PLATFORM, job).state is State.SAME


def test_a_draft_behind_the_first_page_of_releases_is_found(place: Place) -> None:
    draft = place.release("v1.0.0", draft=True)
    for number in range(120):
        place.release(f"v0.0.{number}")
    publish(PLATFORM, place.job())
    assert not draft.draft
    assert len(place.releases) == 121


@pytest.mark.parametrize(("data", "state"), [(None, State.SAME), (b"other", State.DIFFERENT)])
def test_a_file_without_a_digest_is_downloaded_and_compared(place: Place, data: bytes | None, state: State) -> None:
    job = publish(PLATFORM, place.job())
    (release,) = place.releases
    first = next(iter(release.assets.values()))
    first.tells_digest = False
    first.data = data or first.data
    assert presence(PLATFORM, job).state is state


@pytest.mark.parametrize(("forged", "state"), [(False, State.SAME), (True, State.DIFFERENT)])
def test_another_tools_checksums_count_when_they_confirm_our_files(place: Place, forged: bool, state: State) -> None:
    job = packaged(PLATFORM, place.job())
    release = place.release("v1.0.0")
    fill(release, job, FILES[:3])
    lines = [f"{'0' * 64 if forged else job.digests[name]} *{name}" for name in sorted(FILES[:3], reverse=True)]
    put(release, "checksums.txt", "\n".join([*lines, f"{'1' * 64} *sbom.json"]).encode())
    assert presence(PLATFORM, job).state is state


def test_a_rate_limit_that_comes_as_403_is_worth_another_try(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        proxy.when(do=faults.status(403, body=b'{"message": "API rate limit exceeded"}'), times=None)
        with pytest.raises(StatusError, match="rate limit") as caught:
            presence(PLATFORM, place.job(through=proxy))
    assert caught.value.retryable


def test_a_stale_look_up_by_tag_is_made_good_by_the_list(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        job = publish(PLATFORM, place.job(through=proxy))
        proxy.when("GET", "/releases/tags/", do=faults.status(404), times=None)
        assert presence(PLATFORM, job).state is State.SAME


def test_a_tag_with_a_slash_is_one_tag(place: Place) -> None:
    job = publish(PLATFORM, place.job({"tag": "release/{version}"}))
    assert [r.tag for r in place.releases] == ["release/1.0.0"]
    assert presence(PLATFORM, job).state is State.SAME


def test_a_file_that_github_renames_is_found_under_its_new_name(place: Place) -> None:
    job = place.job()

    def spaced(target: Target) -> str:
        return f"hello forge ({target.os}, {target.arch}).bin"

    artifacts = [replace(a, name=spaced(a.target)) for a in job.artifacts]
    job = publish(PLATFORM, replace(job, asset_name=spaced, load_artifacts=lambda: artifacts))
    assert names(place.releases[0])[0] == "hello.forge.linux.amd64.bin"
    assert presence(PLATFORM, job).state is State.SAME
    assert "GITHUB-001" in ids(job)


# --- preflight ----------------------------------------------------------------------------------------------------


def test_a_good_job_has_only_the_note_that_the_tag_is_new(place: Place) -> None:
    assert ids(packaged(PLATFORM, place.job())) == {"GITHUB-012"}
    place.repo.tags["v1.0.0"] = "0" * 40
    assert ids(packaged(PLATFORM, place.job())) == set()


@pytest.mark.parametrize(("token", "finding"), [("", "GITHUB-006"), ("wrong-token", "GITHUB-007")])
def test_a_token_that_is_missing_or_wrong_is_found(place: Place, token: str, finding: str) -> None:
    assert ids(place.job(token=token), Level.ERROR) == {finding}


def test_a_missing_token_is_looked_for_where_the_project_says(place: Place) -> None:
    own = [replace(c, env=("OUR_RELEASE_TOKEN",)) for c in PLATFORM.credentials if c.name == "token"]
    usual = place.job(token="")
    named = replace(usual, secrets=Secrets("github", {}, own))
    found = {f.id: f.message for f in PLATFORM.preflight(named)}
    assert found["GITHUB-006"] == "OUR_RELEASE_TOKEN is not set"
    assert "GITHUB_TOKEN or GH_TOKEN is not set" in {f.message for f in PLATFORM.preflight(usual)}


def test_a_repository_that_the_token_does_not_see_is_found(place: Place) -> None:
    place.hub.missing.add(REPO)
    assert ids(place.job(), Level.ERROR) == {"GITHUB-008"}


def test_an_archived_repository_is_found(place: Place) -> None:
    place.repo.archived = True
    assert "GITHUB-009" in ids(place.job(), Level.ERROR)


def test_a_token_that_may_only_read_is_found(place: Place) -> None:
    assert ids(place.job(token=place.hub.reader_token), Level.ERROR) == {"GITHUB-010"}


def test_the_token_of_an_app_passes_although_it_is_shown_no_permissions(place: Place) -> None:
    assert ids(place.job(token=place.hub.app_token), Level.ERROR) == set()


def test_files_that_would_have_the_same_name_are_found(place: Place) -> None:
    job = replace(place.job(), asset_name=lambda target: f"hello-{target.os}.tar.gz")
    assert ids(job, Level.ERROR) == {"GITHUB-002"}


def test_limits_are_checked_before_anything_is_sent(place: Place) -> None:
    job = packaged(PLATFORM, place.job({"notes": "x" * 125_001}))
    assert job.package is not None
    huge = replace(job.package, pieces=(replace(job.package.pieces[0], size=(1 << 31) + 1), *job.package.pieces[1:]))
    assert ids(replace(job, package=huge), Level.ERROR) == {"GITHUB-003", "GITHUB-005"}


def test_release_notes_that_name_a_file_that_is_not_there_are_found(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    assert ids(place.job({"notes": str(path)}), Level.ERROR) == {"GITHUB-013"}
    path.write_text("New")
    assert ids(place.job({"notes": str(path)}), Level.ERROR) == set()


def test_a_project_without_a_repository_is_told_what_to_set(place: Place) -> None:
    with pytest.raises(ConfigError, match="does not know the repository"):
        PLATFORM.presence(place.job(project={"source": {}}))
