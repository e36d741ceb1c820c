"""Snaps: packed by the real mksquashfs, checked by the real snapd, uploaded to the stand-in store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError, PublishError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms._snap_account import parse_login
from deployforge_tasks.platforms._snap_options import channels
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.snap import Snap
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.snap_store import SnapStoreStandIn
from tests.support.jobs import Recorder, make_job, packaged, presence, publish
from tests.support.running import running

PLATFORM = Snap()
TARGETS = ("linux/amd64", "linux/arm64")
AMD64, ARM64 = "hello-forge_1.0.0_amd64.snap", "hello-forge_1.0.0_arm64.snap"
IN_STABLE = ["latest/stable (amd64)", "latest/stable (arm64)"]
needs_unsquashfs = pytest.mark.skipif(shutil.which("unsquashfs") is None, reason="unsquashfs is not on this machine")
needs_snap = pytest.mark.skipif(shutil.which("snap") is None, reason="snap is not on this machine")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SnapStoreStandIn]:
    with running(SnapStoreStandIn(tmp_path / "store")) as stand_in:
        yield stand_in


def job_for(store: SnapStoreStandIn, folder: Path, **more: Any) -> Job[Any]:
    options = {**store.overlay({})["snap"], **more.pop("options", {})}
    secrets = more.pop("secrets", store.secrets()["snap"])
    return make_job(PLATFORM, folder, options=options, secrets=secrets, targets=TARGETS, **more)


def v(text: str) -> Version:
    return Version.parse(text)


# --- packing ------------------------------------------------------------------------------------------------------


def test_a_snap_is_the_same_at_another_time(store: SnapStoreStandIn, tmp_path: Path) -> None:
    first = packaged(PLATFORM, job_for(store, tmp_path / "a"))
    for path in first.workdir.rglob("*"):
        os.utime(path, (1, 1))
    assert first.digests == packaged(PLATFORM, job_for(store, tmp_path / "b")).digests


@needs_snap
def test_it_has_the_bytes_that_snap_pack_makes(store: SnapStoreStandIn, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(store, tmp_path))
    folder, to = job.workdir / "rendered" / "amd64", tmp_path / "packed"
    subprocess.run(
        ["snap", "pack", folder, to],
        check=True,
        capture_output=True,
        env={"SOURCE_DATE_EPOCH": "315532800", "PATH": os.environ["PATH"]},
    )
    assert next(to.iterdir()).read_bytes() == (job.workdir / "snaps" / AMD64).read_bytes()


@needs_unsquashfs
def test_it_holds_the_program_and_what_snapd_needs_to_know(store: SnapStoreStandIn, tmp_path: Path) -> None:
    import yaml

    job = packaged(PLATFORM, job_for(store, tmp_path, options={"plugs": ["network", "home"]}))
    tree = tmp_path / "tree"
    subprocess.run(
        ["unsquashfs", "-no-progress", "-no-xattrs", "-d", tree, job.workdir / "snaps" / ARM64],
        check=True,
        capture_output=True,
    )
    meta = yaml.safe_load((tree / "meta" / "snap.yaml").read_text())
    assert (meta["name"], meta["version"], meta["architectures"]) == ("hello-forge", "1.0.0", ["arm64"])
    assert meta["apps"] == {"hello-forge": {"command": "bin/hello-forge", "plugs": ["network", "home"]}}
    assert (tree / "bin" / "hello-forge").stat().st_mode & 0o777 == 0o755


def test_a_version_with_only_numbers_stays_text(store: SnapStoreStandIn, tmp_path: Path) -> None:
    import yaml

    job = packaged(PLATFORM, job_for(store, tmp_path, version="1.10"))
    meta = yaml.safe_load((job.workdir / "rendered" / "amd64" / "meta" / "snap.yaml").read_text())
    assert meta["version"] == "1.10"


@pytest.mark.parametrize(
    ("options", "version", "expected"),
    [
        ({}, "1.0.0", ["latest/stable"]),
        ({}, "1.0.0-rc.1", ["latest/candidate"]),
        ({"grade": "devel"}, "1.0.0", ["latest/edge"]),
        ({"channels": ["beta", "2/stable"]}, "2.0.0", ["latest/beta", "2/stable"]),
    ],
)
def test_where_a_version_goes(options: dict[str, Any], version: str, expected: list[str], tmp_path: Path) -> None:
    assert channels(make_job(PLATFORM, tmp_path, options=options, version=version)) == expected


# --- checks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "project", "finding"),
    [
        ({"name": "Hello--Forge"}, {}, "SNAP-001"),
        ({}, {"summary": "x" * 79}, "SNAP-003"),
        ({}, {"description": "x" * 4097}, "SNAP-003"),
        ({"channels": ["nightly"]}, {}, "SNAP-004"),
        ({"grade": "devel", "channels": ["stable"]}, {}, "SNAP-005"),
        ({"confinement": "devmode"}, {}, "SNAP-005"),
    ],
)
def test_what_the_store_would_refuse_is_found_first(
    store: SnapStoreStandIn, tmp_path: Path, options: dict[str, Any], project: dict[str, Any], finding: str
) -> None:
    found = PLATFORM.preflight(job_for(store, tmp_path, options=options, project=project))
    assert finding in {f.id for f in found if f.level is Level.ERROR}


@needs_snap
def test_snapds_own_check_is_asked(store: SnapStoreStandIn, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(store, tmp_path))
    meta = job.workdir / "rendered" / "amd64" / "meta" / "snap.yaml"
    meta.write_text(meta.read_text().replace("confinement: strict", "confinement: bogus"))
    assert [f.id for f in PLATFORM.preflight(job)] == ["SNAP-007"]


def test_a_name_of_somebody_else_is_found_first(tmp_path: Path) -> None:
    class _NotOurs(SnapStoreStandIn):
        def answer(self, request: Any) -> Reply:
            if request.path == "/dev/api/snap-push/":
                return Reply(404, {"error-list": [{"code": "resource-not-found", "message": "not registered"}]})
            return super().answer(request)

    stand_in = _NotOurs(tmp_path / "store")
    stand_in.start()
    try:
        found = PLATFORM.preflight(job_for(stand_in, tmp_path))
    finally:
        stand_in.stop()
    assert [f.id for f in found if f.level is Level.ERROR] == ["SNAP-009"]


# --- the login ----------------------------------------------------------------------------------------------------


def test_every_form_of_an_exported_login_is_read(store: SnapStoreStandIn) -> None:
    exported = store.secrets()["snap"]["credentials"]
    account = parse_login(exported)
    bare = b64encode(json.dumps({"r": account.root, "d": account.discharge}).encode()).decode()
    ini = f"[login.ubuntu.com]\nmacaroon = {account.root}\nunbound_discharge = {account.discharge}\n"
    for form in (bare, ini, b64encode(ini.encode()).decode()):
        assert parse_login(form) == account


@pytest.mark.parametrize("text", ["", "no login", b64encode(b'{"t": "u1-macaroon"}').decode()])
def test_another_text_is_no_login(text: str) -> None:
    with pytest.raises(CredentialError):
        parse_login(text)


def test_a_login_that_has_to_be_renewed_is_renewed(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.expired = True
    assert presence(PLATFORM, job_for(store, tmp_path)).state is State.ABSENT
    assert not store.expired


# --- publishing ---------------------------------------------------------------------------------------------------


def test_a_published_version_is_the_same_by_digest(store: SnapStoreStandIn, tmp_path: Path) -> None:
    recorder = Recorder()
    job = publish(PLATFORM, job_for(store, tmp_path, recorder=recorder))
    look = presence(PLATFORM, job)
    assert (look.state, look.by) == (State.SAME, "digest")
    assert [piece for piece, _ in recorder.receipts] == [AMD64, ARM64, *IN_STABLE]


def test_users_see_it_without_a_login(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path))
    assert presence(PLATFORM, job_for(store, tmp_path / "b", secrets={})).state is State.SAME


def test_without_a_login_an_unseen_version_is_unknown(store: SnapStoreStandIn, tmp_path: Path) -> None:
    with pytest.raises(CredentialError):
        presence(PLATFORM, job_for(store, tmp_path, secrets={}))


def test_an_upload_that_was_not_released_is_only_released(store: SnapStoreStandIn, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(store, tmp_path))
    PLATFORM.publish(job, [AMD64, ARM64])
    look = presence(PLATFORM, job_for(store, tmp_path / "b"))
    assert (look.state, list(look.missing)) == (State.PARTIAL, IN_STABLE)
    assert presence(PLATFORM, publish(PLATFORM, job_for(store, tmp_path / "b"))).state is State.SAME
    assert len(store.publications()) == 2


def test_the_same_bytes_are_never_pushed_twice(store: SnapStoreStandIn, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(store, tmp_path))
    PLATFORM.publish(job, PLATFORM.pieces(job))
    PLATFORM.publish(job, PLATFORM.pieces(job))
    assert len(store.publications()) == 2


def test_other_bytes_of_the_same_version_are_a_conflict(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path / "a", options={"plugs": ["network"]}))
    assert presence(PLATFORM, packaged(PLATFORM, job_for(store, tmp_path / "b"))).state is State.DIFFERENT


def test_a_manual_review_is_pending_and_the_release_follows_it(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.review.add("hello-forge")
    job = publish(PLATFORM, job_for(store, tmp_path))
    assert presence(PLATFORM, job).state is State.PENDING
    store.approve()
    assert list(presence(PLATFORM, job).missing) == IN_STABLE
    PLATFORM.publish(job, IN_STABLE)
    assert presence(PLATFORM, job).state is State.SAME


def test_a_rejected_upload_is_rejected_not_absent(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.review.add("hello-forge")
    job = publish(PLATFORM, job_for(store, tmp_path))
    store.reject()
    assert presence(PLATFORM, job).state is State.REJECTED
    assert presence(PLATFORM, job_for(store, tmp_path / "b")).state is State.REJECTED


def test_another_build_may_follow_a_rejected_one(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.review.add("hello-forge")
    publish(PLATFORM, job_for(store, tmp_path, options={"plugs": ["network"]}))
    store.reject()
    store.review.clear()
    job = publish(PLATFORM, job_for(store, tmp_path / "b"))
    assert presence(PLATFORM, job).state is State.SAME


def test_an_upload_still_in_process_is_pending(store: SnapStoreStandIn, tmp_path: Path) -> None:
    class _Busy(SnapStoreStandIn):
        def answer(self, request: Any) -> Reply:
            if "/snaps/status/" in request.path:
                return Reply(200, {"code": "being_processed", "processed": False, "errors": []})
            if request.path.endswith("/releases"):
                return Reply(200, {"releases": [], "revisions": []})
            return super().answer(request)

    busy = _Busy(tmp_path / "busy")
    busy.start()
    try:
        job = packaged(PLATFORM, job_for(busy, tmp_path))
        PLATFORM.publish(job, [AMD64, ARM64])
        assert presence(PLATFORM, job).state is State.PENDING
    finally:
        busy.stop()


def test_an_upload_to_another_store_says_nothing_about_this_one(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path))
    other = SnapStoreStandIn(tmp_path / "other")
    other.start()
    try:
        assert presence(PLATFORM, packaged(PLATFORM, job_for(other, tmp_path))).state is State.ABSENT
    finally:
        other.stop()


def test_what_the_automatic_review_refuses_is_an_error_with_its_words(store: SnapStoreStandIn, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(store, tmp_path))
    (job.workdir / "snaps" / AMD64).write_bytes(b"x" * job.package.piece(AMD64).size if job.package else b"")
    with pytest.raises(PublishError, match="valid package"):
        PLATFORM.publish(job, [AMD64])


def test_a_channel_never_moves_backwards(store: SnapStoreStandIn, tmp_path: Path) -> None:
    newer = publish(PLATFORM, job_for(store, tmp_path, version="1.1.0"))
    older = publish(PLATFORM, job_for(store, tmp_path, version="1.0.0"))
    assert presence(PLATFORM, older).state is State.SAME
    assert presence(PLATFORM, newer).state is State.SAME


def test_rolling_back_releases_the_earlier_revision(store: SnapStoreStandIn, tmp_path: Path) -> None:
    first = publish(PLATFORM, job_for(store, tmp_path, version="1.0.0"))
    second = publish(PLATFORM, job_for(store, tmp_path, version="1.1.0"))
    assert len(PLATFORM.rollback(second, v("1.0.0")).done) == 2
    assert presence(PLATFORM, first).state is State.SAME
    assert "1.0.0" in PLATFORM.verify(first).said


def test_a_version_that_was_never_uploaded_is_left_to_a_person(store: SnapStoreStandIn, tmp_path: Path) -> None:
    job = publish(PLATFORM, job_for(store, tmp_path))
    rollback = PLATFORM.rollback(job, v("0.9.0"))
    assert not rollback.done
    assert len(rollback.manual) == 2


def test_a_404_without_the_stores_own_words_is_not_absence(tmp_path: Path) -> None:
    class _ErrorPage(SnapStoreStandIn):
        def answer(self, request: Any) -> Reply:
            return Reply(404, "<html>nothing here</html>")

    stand_in = _ErrorPage(tmp_path / "store")
    stand_in.start()
    try:
        with pytest.raises(NetworkError):
            presence(PLATFORM, job_for(stand_in, tmp_path))
    finally:
        stand_in.stop()


# --- verifying ----------------------------------------------------------------------------------------------------


def test_the_downloaded_snap_runs(store: SnapStoreStandIn, tmp_path: Path) -> None:
    evidence = PLATFORM.verify(publish(PLATFORM, job_for(store, tmp_path)))
    assert evidence.method == "download"
    assert "1.0.0" in evidence.said
    assert evidence.reason


def test_a_download_with_another_digest_is_an_error(store: SnapStoreStandIn, tmp_path: Path) -> None:
    from deployforge_tasks.core.errors import VerifyError

    job = publish(PLATFORM, job_for(store, tmp_path))
    with pytest.raises(VerifyError):
        PLATFORM.verify(replace(job, digests=dict.fromkeys(job.digests, "0" * 96)))
