"""GitHub releases against the stand-in: trying what was published, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import DeployForgeError, VerifyError
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from tests.support import faults
from tests.support.github import PLATFORM, REPO, Place, put
from tests.support.jobs import presence, publish
from tests.support.proxy import FaultProxy
from tests.support.running import running


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    with running(made.hub):
        yield made


# --- verify -------------------------------------------------------------------------------------------------------


def test_the_program_is_downloaded_from_its_public_address_and_run(place: Place) -> None:
    job = publish(PLATFORM, place.job())
    evidence = PLATFORM.verify(job)
    assert (evidence.method, evidence.client) == ("install", "https download")
    assert "1.0.0" in evidence.said


def test_a_fresh_machine_can_verify_without_having_packaged(place: Place) -> None:
    publish(PLATFORM, place.job())
    assert PLATFORM.verify(place.job(token="")).method == "install"


def test_a_download_that_is_not_what_was_published_fails(place: Place) -> None:
    job = publish(PLATFORM, place.job())
    (release,) = place.releases
    next(iter(release.assets.values())).data = b"something else"
    with pytest.raises(VerifyError, match="SHA-256"):
        PLATFORM.verify(job)


def test_an_outage_page_with_status_200_is_not_taken_for_the_file(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        job = publish(PLATFORM, place.job(through=proxy))
        proxy.when("GET", "/releases/download/", do=faults.garbage())
        with pytest.raises(VerifyError, match="SHA-256"):
            PLATFORM.verify(job)


def test_a_large_download_that_broke_off_is_resumed(place: Place, tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    put(place.release("v1.0.0"), "large.bin", data)
    with FaultProxy(place.hub.url) as proxy:
        job = place.job(through=proxy)
        proxy.when("GET", "/storage/", do=faults.truncate)
        job.http.download(f"{proxy.url}/{REPO}/releases/download/v1.0.0/large.bin", tmp_path / "large.bin")
        assert [e.status for e in proxy.forwarded("GET", "/storage/")] == [200, 206]
    assert (tmp_path / "large.bin").read_bytes() == data


def test_files_for_other_machines_only_are_verified_by_download(place: Place) -> None:
    job = publish(PLATFORM, place.job(targets=["windows/arm64"]))
    evidence = PLATFORM.verify(job)
    assert evidence.method == "download"
    assert evidence.reason


def test_a_private_release_is_verified_through_the_api(place: Place) -> None:
    place.repo.private = True
    assert PLATFORM.verify(publish(PLATFORM, place.job())).method == "install"


def test_a_release_that_is_not_public_cannot_be_verified(place: Place) -> None:
    job = publish(PLATFORM, place.job({"draft": True}))
    with pytest.raises(VerifyError, match="shows no release"):
        PLATFORM.verify(job)


# --- rollback -----------------------------------------------------------------------------------------------------


def test_a_rollback_makes_the_earlier_release_the_latest_and_this_one_a_pre_release(place: Place) -> None:
    publish(PLATFORM, place.job())
    job = publish(PLATFORM, place.job(version="1.1.0"))
    rollback = PLATFORM.rollback(job, Version.parse("1.0.0"))
    first, second = place.releases
    assert place.repo.latest == first.id
    assert second.prerelease
    assert rollback.done == ("v1.0.0 is the latest release again", "v1.1.0 is marked as a pre-release")
    assert [step.url for step in rollback.manual] == [PLATFORM.page(job)]


def test_a_rolled_back_version_is_still_there(place: Place) -> None:
    publish(PLATFORM, place.job())
    job = publish(PLATFORM, place.job(version="1.1.0"))
    PLATFORM.rollback(job, Version.parse("1.0.0"))
    assert presence(PLATFORM, job).state is State.SAME


def test_an_immutable_release_is_left_alone_by_a_rollback(place: Place) -> None:
    publish(PLATFORM, place.job())
    place.repo.immutable_releases = True
    job = publish(PLATFORM, place.job(version="1.1.0"))
    rollback = PLATFORM.rollback(job, Version.parse("1.0.0"))
    assert not place.releases[1].prerelease
    assert "immutable" in rollback.manual[0].text


def test_a_rollback_to_a_version_that_was_never_released_says_so(place: Place) -> None:
    job = publish(PLATFORM, place.job())
    with pytest.raises(DeployForgeError, match=r"has no release v0\.9\.0"):
        PLATFORM.rollback(job, Version.parse("0.9.0"))
