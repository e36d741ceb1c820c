"""Chocolatey: which version ``choco install`` gives, by the stand-in and a real NuGet v2 server, and the key's form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Live
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.chocolatey import Chocolatey
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.nuget import KEY, Nuget
from tests.support.jobs import make_job, publish
from tests.support.minchoc import minchoc

CHOCOLATEY = Chocolatey()
SPACES = 'xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"'
DETAILS = {"author": {"name": "Hello Makers"}}


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Nuget]:
    nuget = Nuget(tmp_path / "feed")
    nuget.start()
    yield nuget
    nuget.stop()


@pytest.fixture(params=["stand-in", "minchoc"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A running feed."""
    if request.param == "stand-in":
        yield request.getfixturevalue("stand_in").url
        return
    if find_spec("minchoc") is None:
        pytest.skip("minchoc is not on this machine")
    with minchoc(tmp_path / "minchoc", KEY) as running:
        yield running


def job_for(url: str, folder: Path, version: str = "1.0.0", key: str = KEY) -> Job[Any]:
    options = {"feed": f"{url}/api/v2", "push": f"{url}/api/v2/package/"}
    return make_job(CHOCOLATEY, folder, options=options, project=DETAILS, secrets={"key": key}, version=version)


def live_at(url: str, folder: Path, version: str = "1.0.0") -> Live:
    live = CHOCOLATEY.live(job_for(url, folder, version))
    assert live is not None
    return live


# --- what is live -------------------------------------------------------------------------------------------------


def test_a_feed_without_the_package_has_nothing_live(url: str, tmp_path: Path) -> None:
    assert CHOCOLATEY.live(job_for(url, tmp_path)) is None


def test_the_latest_version_is_live_since_it_was_published(url: str, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for version in ("1.9.0", "1.10.0"):
        publish(CHOCOLATEY, job_for(url, tmp_path, version))
    live = live_at(url, tmp_path)
    assert (live.version, live.channel) == ("1.10.0", "latest")
    assert live.since is not None
    assert before < live.since <= datetime.now(UTC)


def test_a_prerelease_is_live_only_where_there_is_nothing_else(stand_in: Nuget, tmp_path: Path) -> None:
    publish(CHOCOLATEY, job_for(stand_in.url, tmp_path, "2.0.0-rc.1"))
    for asked, spelled in (("2.0.0-rc.1", "2.0.0-rc.1"), ("1.0.0", "2.0.0-rc1")):
        live = live_at(stand_in.url, tmp_path, asked)
        assert (live.version, live.channel) == (spelled, "latest pre-release")
    publish(CHOCOLATEY, job_for(stand_in.url, tmp_path, "1.0.0"))
    assert live_at(stand_in.url, tmp_path).version == "1.0.0"


@pytest.mark.parametrize("status", ["Submitted", "Rejected"])
def test_what_a_moderator_has_not_approved_is_not_live(stand_in: Nuget, tmp_path: Path, status: str) -> None:
    publish(CHOCOLATEY, job_for(stand_in.url, tmp_path, "1.0.0"))
    publish(CHOCOLATEY, job_for(stand_in.url, tmp_path, "1.1.0"))
    stand_in.versions["hello-forge", "1.1.0"].status = status
    assert live_at(stand_in.url, tmp_path).version == "1.0.0"
    stand_in.versions["hello-forge", "1.0.0"].status = status
    assert CHOCOLATEY.live(job_for(stand_in.url, tmp_path)) is None


def test_an_unlisted_version_is_not_live(stand_in: Nuget, tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        publish(CHOCOLATEY, job_for(stand_in.url, tmp_path, version))
    stand_in.versions["hello-forge", "1.1.0"].published = "1900-01-01T00:00:00"
    assert live_at(stand_in.url, tmp_path).version == "1.0.0"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<html><body>Down for maintenance</body></html>", "no package"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>', "no package"),
        ("<!DOCTYPE feed><feed/>", "no package"),
        (f"<feed {SPACES}><entry><d:Version>newest</d:Version></entry></feed>", "`newest`, which is no version"),
    ],
)
def test_a_page_that_is_no_feed_says_nothing_about_what_is_live(
    stand_in: Nuget, tmp_path: Path, body: str, problem: str
) -> None:
    stand_in.answer = lambda request: Reply(200, body)  # type: ignore[method-assign]  # one test long
    with pytest.raises(NetworkError, match=problem):
        CHOCOLATEY.live(job_for(stand_in.url, tmp_path))


# --- the key ------------------------------------------------------------------------------------------------------


def test_a_key_cannot_be_asked_for_its_owner(stand_in: Nuget, tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        CHOCOLATEY.whoami(job_for(stand_in.url, tmp_path))
    assert stand_in.journal == []


def test_a_key_that_is_none_of_chocolateys_is_refused_here(tmp_path: Path) -> None:
    job = make_job(CHOCOLATEY, tmp_path, secrets={"key": "not-a-guid"})
    with pytest.raises(CredentialError, match="they are GUIDs") as caught:
        CHOCOLATEY.whoami(job)
    assert caught.value.code == "DF2147"
    assert "CHOCOLATEY_API_KEY" in caught.value.hint
    assert "https://community.chocolatey.org/account" in caught.value.hint
