"""VS Code Marketplace: whose token it is, and which version VS Code installs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Level, Live
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.vscode import Vscode
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.gallery import PAT, Gallery
from tests.support.jobs import make_job, packaged, publish

VSCODE = Vscode()
BOTH = ("linux/amd64", "windows/amd64")
ID = "hello-makers.hello-forge"


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    stand_in = Gallery(tmp_path / "gallery")
    stand_in.start()
    yield stand_in
    stand_in.stop()


def job_for(gallery: Gallery, folder: Path, version: str = "1.0.0", **more: Any) -> Job[Any]:
    options = {**gallery.overlay({})["vscode"], **more.pop("options", {})}
    secrets, targets = more.pop("secrets", {"pat": PAT}), more.pop("targets", BOTH)
    return make_job(VSCODE, folder, options=options, secrets=secrets, version=version, targets=targets, **more)


def live_at(gallery: Gallery, folder: Path, **more: Any) -> Live:
    live = VSCODE.live(job_for(gallery, folder, **more))
    assert live is not None
    return live


# --- who ----------------------------------------------------------------------------------------------------------


def test_the_only_member_of_the_publisher_is_the_tokens_owner(gallery: Gallery, tmp_path: Path) -> None:
    identity = VSCODE.whoami(job_for(gallery, tmp_path))
    assert (identity.who, identity.may, identity.expires) == ("rehearsal", ("Owner of hello-makers",), None)
    assert "does not tell when the token ends" in identity.note


def test_among_several_members_nobody_is_named(gallery: Gallery, tmp_path: Path) -> None:
    gallery.members = {"ann": "Owner", "bob": "Contributor"}
    identity = VSCODE.whoami(job_for(gallery, tmp_path))
    assert (identity.who, identity.may) == ("a member of hello-makers", ())
    assert "one of ann: Owner, bob: Contributor" in identity.note


def test_a_refused_token_is_told_in_the_marketplaces_words(gallery: Gallery, tmp_path: Path) -> None:
    job = job_for(gallery, tmp_path, secrets={"pat": "old-token"})
    with pytest.raises(CredentialError, match="Access Denied: The Personal Access Token used has expired") as caught:
        VSCODE.whoami(job)
    assert caught.value.code == "DF2146"
    assert "VSCE_PAT" in caught.value.hint
    assert "https://code.visualstudio.com" in caught.value.hint
    errors = [f for f in VSCODE.preflight(packaged(VSCODE, job)) if f.level is Level.ERROR]
    assert [(f.id, f.message) for f in errors] == [("VSCODE-101", caught.value.message)]


def test_roles_in_another_form_are_no_answer(gallery: Gallery, tmp_path: Path) -> None:
    gallery.answer = lambda request: Reply(200, {"value": [{"role": "Owner"}]})  # type: ignore[method-assign]
    with pytest.raises(NetworkError, match="another shape"):
        VSCODE.whoami(job_for(gallery, tmp_path))


# --- what is live -------------------------------------------------------------------------------------------------


def test_the_newest_version_is_live_since_it_was_published(gallery: Gallery, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for version in ("1.10.0", "1.9.0"):
        publish(VSCODE, job_for(gallery, tmp_path, version))
    live = live_at(gallery, tmp_path)
    assert (live.version, live.channel) == ("1.10.0", "release")
    assert live.since is not None
    assert before < live.since <= datetime.now(UTC)


def test_a_prerelease_is_live_only_where_there_is_nothing_else(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path, "1.1.0", options={"pre_release": True}))
    assert live_at(gallery, tmp_path).channel == "pre-release"
    publish(VSCODE, job_for(gallery, tmp_path, "1.0.0"))
    live = live_at(gallery, tmp_path)
    assert (live.version, live.channel) == ("1.0.0", "release")


def test_the_target_that_lags_behind_decides(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    publish(VSCODE, job_for(gallery, tmp_path, "1.1.0", targets=BOTH[:1]))
    live = live_at(gallery, tmp_path)
    assert (live.version, live.channel) == ("1.0.0", "release (win32-x64)")


def test_a_package_for_every_target_serves_each_of_them(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    publish(VSCODE, job_for(gallery, tmp_path, "1.1.0", options={"per_target": False}))
    assert live_at(gallery, tmp_path).version == "1.1.0"
    assert live_at(gallery, tmp_path, targets=("darwin/arm64",)).version == "1.1.0"


def test_what_is_still_validated_is_not_live(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    gallery.validating = True
    publish(VSCODE, job_for(gallery, tmp_path, "1.1.0"))
    assert live_at(gallery, tmp_path).version == "1.0.0"


def test_an_unpublished_extension_is_not_live(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    gallery.extensions[ID].unpublished = True
    assert VSCODE.live(job_for(gallery, tmp_path)) is None


def test_a_version_that_is_none_says_nothing_about_what_is_live(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    gallery.extensions[ID].packages[0].version = "newest"
    with pytest.raises(NetworkError, match="which is no version"):
        VSCODE.live(job_for(gallery, tmp_path))
