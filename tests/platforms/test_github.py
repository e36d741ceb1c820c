"""GitHub releases against the stand-in: publishing (what every platform promises is in `test_contract`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConflictError, DeployForgeError
from deployforge_tasks.core.model import Piece
from deployforge_tasks.core.presence import State
from tests.support import faults
from tests.support.github import FILES, PLATFORM, Place, fill, names, put, wait_for
from tests.support.jobs import Recorder, packaged, presence, publish
from tests.support.proxy import FaultProxy
from tests.support.running import running


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    with running(made.hub):
        yield made


def test_a_release_has_every_file_and_their_checksums_and_is_the_latest(place: Place) -> None:
    job = publish(PLATFORM, place.job())
    (release,) = place.releases
    assert (release.tag, release.draft, release.prerelease) == ("v1.0.0", False, False)
    assert names(release) == FILES
    lines = next(a.data or b"" for a in release.assets.values() if a.name == "checksums.txt").decode().splitlines()
    assert lines == [f"{job.digests[name]}  {name}" for name in FILES[:3]]
    assert place.repo.latest == release.id
    assert presence(PLATFORM, job).state is State.SAME
    assert presence(PLATFORM, job).by == "digest"


def test_nothing_is_public_before_every_file_is_there(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        proxy.when("POST", "windows", do=faults.status(500))
        with pytest.raises(DeployForgeError):
            publish(PLATFORM, place.job(through=proxy))
    (release,) = place.releases
    assert release.draft
    assert place.hub.publications() == []


def test_the_draft_of_a_run_that_was_killed_is_continued(place: Place) -> None:
    job = packaged(PLATFORM, place.job())
    draft = place.release("v1.0.0", draft=True)
    fill(draft, job, FILES[:2])
    assert presence(PLATFORM, job).missing == (*FILES[2:], "release")
    publish(PLATFORM, job)
    assert place.releases == [draft]
    assert names(draft) == FILES
    assert not draft.draft


def test_a_release_notes_draft_that_a_person_prepared_keeps_its_text(place: Place) -> None:
    draft = place.release("v1.0.0", draft=True)
    draft.body = "Written by hand"
    publish(PLATFORM, place.job())
    assert place.releases == [draft]
    assert draft.body == "Written by hand"


def test_what_an_upload_that_broke_off_left_is_replaced(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        proxy.when("POST", "arm64", do=faults.cut_upload)
        with pytest.raises(DeployForgeError):
            publish(PLATFORM, place.job(through=proxy))
    (release,) = place.releases
    wait_for(lambda: any(a.data is None for a in release.assets.values()))
    job = packaged(PLATFORM, place.job())
    assert FILES[1] in presence(PLATFORM, job).missing
    publish(PLATFORM, job)
    assert sorted(names(release)) == sorted(FILES)
    assert all(a.data for a in release.assets.values())


def test_a_draft_with_an_outdated_file_gets_the_right_one(place: Place) -> None:
    draft = place.release("v1.0.0", draft=True)
    put(draft, FILES[0], b"from an earlier build")
    job = publish(PLATFORM, place.job())
    assert presence(PLATFORM, job).state is State.SAME
    assert sorted(names(draft)) == sorted(FILES)


def test_a_second_draft_with_nothing_of_its_own_is_removed(place: Place) -> None:
    first, second = place.release("v1.0.0", draft=True), place.release("v1.0.0", draft=True)
    put(second, FILES[0], b"half a release")
    publish(PLATFORM, place.job())
    assert place.releases == [first]


def test_a_second_draft_with_somebody_elses_files_stays_and_is_named(place: Place) -> None:
    first, second = place.release("v1.0.0", draft=True), place.release("v1.0.0", draft=True)
    put(second, "manual.pdf", b"x")
    recorder = Recorder()
    publish(PLATFORM, place.job(recorder=recorder))
    assert place.releases == [first, second]
    assert any("second draft" in str(e.data.get("text")) for e in recorder.events)


def test_two_runs_at_once_make_one_release(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        held = proxy.when("POST", r"/releases$", do=faults.hold_before)
        slow = packaged(PLATFORM, place.job(through=proxy))
        thread = threading.Thread(target=PLATFORM.publish, args=(slow, PLATFORM.pieces(slow)))
        thread.start()
        assert held.wait()
        draft = place.release("v1.0.0", draft=True)
        held.release()
        thread.join(30)
    assert place.releases == [draft]
    assert not draft.draft


def test_a_run_that_comes_second_finds_everything_done(place: Place) -> None:
    late = packaged(PLATFORM, place.job())
    missing = presence(PLATFORM, late).missing
    publish(PLATFORM, place.job())
    before = place.hub.publications()
    PLATFORM.publish(late, missing)
    assert place.hub.publications() == before


def test_the_lost_answer_to_the_publication_is_settled_by_looking_again(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        proxy.when("PATCH", do=faults.drop_after)
        job = packaged(PLATFORM, place.job(through=proxy))
        with pytest.raises(DeployForgeError):
            PLATFORM.publish(job, PLATFORM.pieces(job))
        assert presence(PLATFORM, job).state is State.SAME


def test_a_file_that_arrived_broken_keeps_the_release_a_draft(place: Place) -> None:
    job = packaged(PLATFORM, place.job())
    assert job.package is not None
    broken = job.workdir / "broken.bin"
    broken.write_bytes(b"bits that fell over")
    first = job.package.pieces[0]
    pieces = (Piece(first.name, first.digest, str(broken), first.size), *job.package.pieces[1:])
    with pytest.raises(DeployForgeError, match="arrived on GitHub as"):
        PLATFORM.publish(replace(job, package=replace(job.package, pieces=pieces)), PLATFORM.pieces(job))
    assert [r.draft for r in place.releases] == [True]


def test_a_missing_file_of_a_published_release_is_added(place: Place) -> None:
    job = packaged(PLATFORM, place.job())
    release = place.release("v1.0.0")
    fill(release, job, FILES[:3])
    assert presence(PLATFORM, job).missing == ("checksums.txt",)
    publish(PLATFORM, job)
    assert presence(PLATFORM, job).state is State.SAME


def test_a_published_file_with_other_content_is_never_replaced(place: Place) -> None:
    release = place.release("v1.0.0")
    put(release, FILES[0], b"another build")
    job = packaged(PLATFORM, place.job())
    assert presence(PLATFORM, job).state is State.DIFFERENT
    with pytest.raises(ConflictError):
        PLATFORM.publish(job, PLATFORM.pieces(job))
    assert [a.data for a in release.assets.values()] == [b"another build"]


def test_an_immutable_release_that_lacks_a_file_is_a_conflict(place: Place) -> None:
    job = packaged(PLATFORM, place.job())
    release = place.release("v1.0.0", immutable=True)
    fill(release, job, FILES[:3])
    seen = presence(PLATFORM, job)
    assert (seen.state, seen.missing) == (State.DIFFERENT, ("checksums.txt",))
    assert "immutable" in seen.reason
    with pytest.raises(ConflictError):
        PLATFORM.publish(job, ["checksums.txt"])


def test_a_repository_with_immutable_releases_gets_a_complete_one(place: Place) -> None:
    place.repo.immutable_releases = True
    job = publish(PLATFORM, place.job())
    assert [r.immutable for r in place.releases] == [True]
    assert presence(PLATFORM, job).state is State.SAME


def test_a_draft_is_left_to_a_person_when_asked_for(place: Place) -> None:
    job = publish(PLATFORM, place.job({"draft": True}))
    (release,) = place.releases
    assert release.draft
    assert presence(PLATFORM, job).state is State.PENDING
    release.draft = False
    assert presence(PLATFORM, job).state is State.SAME


def test_the_notes_come_from_a_file_and_the_title_from_a_pattern(place: Place, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("New in {version}: {tag}, with {braces} kept")
    publish(PLATFORM, place.job({"notes": str(tmp_path / "notes.md"), "title": "{name} {version}"}))
    (release,) = place.releases
    assert (release.name, release.body) == ("hello-forge 1.0.0", "New in 1.0.0: v1.0.0, with {braces} kept")


# --- which release is the latest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latest", "version", "expected"),
    [("v1.0.0", "1.0.1", "v1.0.1"), ("v1.0.10", "1.0.9", "v1.0.10"), ("v1.0.0", "1.1.0-rc.1", "v1.0.0")],
)
def test_the_latest_release_never_moves_backwards(place: Place, latest: str, version: str, expected: str) -> None:
    place.release(latest)
    publish(PLATFORM, place.job(version=version))
    assert place.repo.releases[place.repo.latest or 0].tag == expected


def test_a_tag_that_is_no_version_leaves_the_latest_to_github(place: Place) -> None:
    place.release("nightly")
    with FaultProxy(place.hub.url) as proxy:
        sent: list[bytes] = []

        def seen(exchange: Any) -> Any:
            sent.append(exchange.body())
            return exchange.forward()

        proxy.when("PATCH", do=seen)
        publish(PLATFORM, place.job(through=proxy))
    assert b'"make_latest": "legacy"' in sent[0]


def test_the_project_may_say_that_it_is_not_the_latest(place: Place) -> None:
    publish(PLATFORM, place.job({"make_latest": False}))
    assert place.repo.latest is None
