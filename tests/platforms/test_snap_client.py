"""The stand-in store and our login, against craft-store: the library below the snapcraft client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import craft_store
import pytest

from deployforge_tasks.core.presence import State
from deployforge_tasks.platforms._snap_account import parse_login
from deployforge_tasks.platforms.snap import Snap
from deployforge_tasks.rehearsal.stand_ins.snap_store import SnapStoreStandIn
from tests.support.jobs import make_job, packaged, presence
from tests.support.running import running

PLATFORM = Snap()
NAME = "hello-forge"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SnapStoreStandIn]:
    with running(SnapStoreStandIn(tmp_path / "store")) as stand_in:
        yield stand_in


@pytest.fixture
def client(store: SnapStoreStandIn, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SNAP_TEST_LOGIN", store.secrets()["snap"]["credentials"])
    return craft_store.UbuntuOneStoreClient(
        base_url=store.url,
        storage_base_url=store.url,
        auth_url=store.url,
        endpoints=craft_store.endpoints.U1_SNAP_STORE,
        application_name="deployforge-tests",
        user_agent="deployforge-tests",
        environment_auth="SNAP_TEST_LOGIN",
    )


def job_for(store: SnapStoreStandIn, folder: Path) -> Any:
    options, secrets = store.overlay({})["snap"], store.secrets()["snap"]
    return make_job(PLATFORM, folder, options=options, secrets=secrets, targets=("linux/amd64",))


def test_it_makes_the_same_authorization_of_the_same_login(store: SnapStoreStandIn, client: Any) -> None:
    assert parse_login(store.secrets()["snap"]["credentials"]).header() == client._get_authorization_header()


def test_it_logs_in(client: Any) -> None:
    assert "package_push" in client.whoami()["permissions"]


def test_it_renews_a_login(store: SnapStoreStandIn, client: Any) -> None:
    store.expired = True
    assert client.whoami()["account"]["username"] == "rehearsal"


def test_what_it_uploads_and_releases_is_seen_as_published(
    store: SnapStoreStandIn, client: Any, tmp_path: Path
) -> None:
    """The calls of ``snapcraft upload --release``, in its order."""
    job = packaged(PLATFORM, job_for(store, tmp_path))
    path = job.workdir / "snaps" / f"{NAME}_1.0.0_amd64.snap"
    client.request("POST", f"{store.url}/dev/api/snap-push/", json={"name": NAME, "dry_run": True})
    wish = {
        "name": NAME, "series": "16", "updown_id": client.upload_file(filepath=path),
        "binary_filesize": path.stat().st_size, "source_uploaded": False,
    }  # fmt: skip
    pushed = client.request("POST", f"{store.url}/dev/api/snap-push/", json=wish).json()
    status = client.request("GET", pushed["status_details_url"]).json()
    assert (status["code"], status["processed"]) == ("ready_to_release", True)
    release = {"name": NAME, "revision": str(status["revision"]), "channels": ["stable"]}
    client.request("POST", f"{store.url}/dev/api/snap-release/", json=release)
    assert presence(PLATFORM, job).state is State.SAME
