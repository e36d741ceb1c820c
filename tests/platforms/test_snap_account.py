"""The snap store: whose login it is, what it is limited to, and which version ``snap install`` gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Level, Live
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.snap import Snap
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.snap_store import SnapStoreStandIn
from tests.support.jobs import make_job, publish
from tests.support.running import running

PLATFORM = Snap()
BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SnapStoreStandIn]:
    with running(SnapStoreStandIn(tmp_path / "store")) as stand_in:
        yield stand_in


def job_for(store: SnapStoreStandIn, folder: Path, version: str = "1.0.0", **more: Any) -> Job[Any]:
    options = {**store.overlay({})["snap"], **more.pop("options", {})}
    secrets = more.pop("secrets", store.secrets()["snap"])
    targets = more.pop("targets", BOTH)
    return make_job(PLATFORM, folder, options=options, secrets=secrets, targets=targets, version=version, **more)


def live_at(store: SnapStoreStandIn, folder: Path, **more: Any) -> Live:
    live = PLATFORM.live(job_for(store, folder, **more))
    assert live is not None
    return live


# --- who ----------------------------------------------------------------------------------------------------------


def test_the_store_tells_account_rights_and_end(store: SnapStoreStandIn, tmp_path: Path) -> None:
    identity = PLATFORM.whoami(job_for(store, tmp_path))
    assert (identity.who, identity.note) == ("rehearsal", "rehearsal@example.com")
    assert identity.may == ("package_access", "package_push", "package_release")
    assert identity.expires == datetime(2099, 1, 1, tzinfo=UTC)


def test_a_limited_login_names_its_channels_and_snaps(store: SnapStoreStandIn, tmp_path: Path) -> None:
    packages = [{"name": "hello-forge", "series": "16"}]
    store.login.update(permissions=None, channels=["edge", "2/beta"], packages=packages)
    assert PLATFORM.whoami(job_for(store, tmp_path)).may == (
        "everything that the account may",
        "only the channels latest/edge, 2/beta",
        "only the snaps hello-forge",
    )


def test_a_store_that_tells_no_end_has_none(store: SnapStoreStandIn, tmp_path: Path) -> None:
    del store.login["expires"]
    assert PLATFORM.whoami(job_for(store, tmp_path)).expires is None


def test_an_ended_discharge_is_renewed_on_the_way(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.expired = True
    assert PLATFORM.whoami(job_for(store, tmp_path)).who == "rehearsal"


def test_a_login_that_the_store_refuses_is_nobodys(store: SnapStoreStandIn, tmp_path: Path) -> None:
    other = SnapStoreStandIn(tmp_path / "other")
    secrets = {"credentials": other.secrets()["snap"]["credentials"]}
    message = "Macaroon is not authorized"
    store.answer = lambda request: Reply(  # type: ignore[method-assign]  # one test long
        403, {"error-list": [{"code": "macaroon-permission-required", "message": message}]}
    )
    with pytest.raises(CredentialError, match=message) as caught:
        PLATFORM.whoami(job_for(store, tmp_path, secrets=secrets))
    assert caught.value.code == "DF2143"
    assert "SNAPCRAFT_STORE_CREDENTIALS" in caught.value.hint
    assert "snapcraft export-login" in caught.value.hint


def test_an_account_in_an_unknown_form_is_no_answer(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.login = {"account": "rehearsal"}
    with pytest.raises(NetworkError, match="form that is not known"):
        PLATFORM.whoami(job_for(store, tmp_path))


@pytest.mark.parametrize(("days", "level"), [(-1, Level.ERROR), (3, Level.WARNING), (30, None)])
def test_a_login_that_ends_is_found_before_publishing(
    store: SnapStoreStandIn, tmp_path: Path, days: int, level: Level | None
) -> None:
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    store.login["expires"] = end.strftime("%Y-%m-%dT%H:%M:%S.000")
    findings = PLATFORM.preflight(job_for(store, tmp_path))
    assert [(f.level, f.message.split(" on ")[0]) for f in findings if f.id == "SNAP-011"] == (
        [(level, "the login expired" if days < 0 else "the login expires in 3 days")] if level else []
    )


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"permissions": ["package_access"]}, "the login lacks package_push, package_release"),
        ({"channels": ["edge"]}, "the login may not release to latest/stable"),
        ({"packages": [{"name": "other"}]}, "the login is for other only, not for hello-forge"),
        ({"permissions": None, "channels": ["stable"], "packages": [{"name": "hello-forge"}]}, None),
    ],
)
def test_a_login_that_may_not_publish_is_found_before_publishing(
    store: SnapStoreStandIn, tmp_path: Path, limits: dict[str, Any], message: str | None
) -> None:
    store.login.update(limits)
    findings = PLATFORM.preflight(job_for(store, tmp_path))
    assert [f.message for f in findings if f.id == "SNAP-008"] == ([message] if message else [])


# --- what is live -------------------------------------------------------------------------------------------------


def test_the_stable_channel_is_live_whatever_is_tried_elsewhere(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path))
    publish(PLATFORM, job_for(store, tmp_path, "1.1.0", options={"channels": ["edge"]}))
    live = live_at(store, tmp_path, options={"channels": ["edge"]})
    assert (live.version, live.channel) == ("1.0.0", "latest/stable")
    assert live.since == datetime(2026, 1, 1, tzinfo=UTC)


def test_without_a_stable_version_the_projects_own_channel_is_told(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path, options={"channels": ["edge"]}))
    live = live_at(store, tmp_path, options={"channels": ["edge"]})
    assert (live.version, live.channel) == ("1.0.0", "latest/edge")
    assert PLATFORM.live(job_for(store, tmp_path)) is None


def test_the_default_track_decides(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path, options={"channels": ["2/stable"]}))
    publish(PLATFORM, job_for(store, tmp_path, "1.1.0"))
    store.default_track = "2"
    assert live_at(store, tmp_path).version == "1.0.0"


def test_the_architecture_that_lags_behind_decides(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path))
    publish(PLATFORM, job_for(store, tmp_path, "1.1.0", targets=BOTH[:1]))
    live = live_at(store, tmp_path)
    assert (live.version, live.channel) == ("1.0.0", "latest/stable (arm64)")


def test_what_waits_for_a_review_is_not_live(store: SnapStoreStandIn, tmp_path: Path) -> None:
    store.review.add("hello-forge")
    publish(PLATFORM, job_for(store, tmp_path))
    assert PLATFORM.live(job_for(store, tmp_path)) is None


def test_everybody_may_ask_what_is_live(store: SnapStoreStandIn, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(store, tmp_path))
    for secrets in ({}, {"credentials": "damaged"}):
        assert live_at(store, tmp_path, secrets=secrets).version == "1.0.0"


def test_a_channel_map_in_another_form_says_nothing(store: SnapStoreStandIn, tmp_path: Path) -> None:
    odd = {"channel-map": [{"channel": "stable"}]}
    store.answer = lambda request: Reply(200, odd)  # type: ignore[method-assign]  # one test long
    with pytest.raises(NetworkError, match="channel map has another form"):
        PLATFORM.live(job_for(store, tmp_path))
