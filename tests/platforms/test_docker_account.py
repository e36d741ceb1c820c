"""Images: whose account pushes and what it is granted, and which version ``docker pull`` gives without a tag."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Level, Live
from deployforge_tasks.platforms._oci import Registry
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.docker import Docker
from deployforge_tasks.rehearsal.real_servers.docker import DockerRegistry
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.oci import PASSWORD, USER, OciStandIn
from tests.support.jobs import make_job, packaged, publish
from tests.support.running import running

PLATFORM = Docker()
NAME = "makers/hello-forge"
ACCOUNT = {"username": USER, "password": PASSWORD}


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[OciStandIn]:
    oci = OciStandIn(tmp_path / "oci")
    oci.start()
    yield oci
    oci.stop()


@pytest.fixture(params=["stand-in", "docker-registry"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A running registry that wants a password: by a token server, or by itself."""
    if request.param == "stand-in":
        yield request.getfixturevalue("stand_in").url
        return
    if not DockerRegistry.available():
        pytest.skip("docker-registry is not on this machine")
    with running(DockerRegistry(tmp_path / "registry")) as server:
        yield server.url


def job_for(url: str, folder: Path, version: str = "1.0.0", **more: Any) -> Job[Any]:
    tags = more.pop("tags", ["${version}", "latest"])
    options = {"endpoints": {"docker.io": url}, "images": [f"{NAME}:{tag}" for tag in tags], **more.pop("options", {})}
    secrets = more.pop("secrets", ACCOUNT)
    return make_job(
        PLATFORM, folder, options=options, secrets=secrets, version=version, targets=("linux/amd64",), **more
    )


def live_at(url: str, folder: Path, version: str = "1.0.0", **more: Any) -> Live:
    live = PLATFORM.live(job_for(url, folder, version, **more))
    assert live is not None
    return live


def registry_of(url: str, job: Job[Any]) -> Registry:
    return Registry(job.http, job.clock, url, USER, PASSWORD)


# --- who ----------------------------------------------------------------------------------------------------------


def test_the_account_is_the_one_that_the_registry_lets_in(url: str, tmp_path: Path) -> None:
    identity = PLATFORM.whoami(job_for(url, tmp_path))
    assert (identity.who, identity.expires) == (USER, None)
    assert "do not tell when a password ends" in identity.note


def test_a_token_server_tells_what_the_account_may_do(stand_in: OciStandIn, tmp_path: Path) -> None:
    assert PLATFORM.whoami(job_for(stand_in.url, tmp_path)).may == (f"docker.io/{NAME}: pull, push",)


def test_a_registry_without_a_token_server_tells_no_rights(tmp_path: Path) -> None:
    if not DockerRegistry.available():
        pytest.skip("docker-registry is not on this machine")
    with running(DockerRegistry(tmp_path / "registry")) as server:
        identity = PLATFORM.whoami(job_for(server.url, tmp_path))
    assert identity.may == ()
    assert "docker.io does not tell what the account may do" in identity.note


def test_less_than_was_asked_for_is_told(stand_in: OciStandIn, tmp_path: Path) -> None:
    claims = {"access": [{"type": "repository", "name": NAME, "actions": ["pull"]}]}
    body = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    grant(stand_in, f"e30.{body}.c2ln")
    assert PLATFORM.whoami(job_for(stand_in.url, tmp_path)).may == (f"docker.io/{NAME}: pull",)


def test_a_token_that_nobody_can_read_tells_no_rights(stand_in: OciStandIn, tmp_path: Path) -> None:
    grant(stand_in, "opaque-as-those-of-github")
    identity = PLATFORM.whoami(job_for(stand_in.url, tmp_path))
    assert (identity.who, identity.may) == (USER, ())


def grant(stand_in: OciStandIn, token: str) -> None:
    """Let the token server give out `token` from now on."""
    usual = stand_in.answer
    stand_in.answer = lambda request: (  # type: ignore[method-assign]  # one test long
        Reply(200, {"token": token}) if request.path == "/token" else usual(request)
    )


def test_a_wrong_password_is_refused_in_the_registrys_words(url: str, tmp_path: Path) -> None:
    job = job_for(url, tmp_path, secrets={"username": USER, "password": "wrong-word"})
    with pytest.raises(CredentialError, match=r"refuses the username and password: [a-z]+") as caught:
        PLATFORM.whoami(job)
    assert caught.value.code == "DF2010"
    assert "DOCKER_PASSWORD" in caught.value.hint
    assert "wrong-word" not in str(caught.value.as_json())
    findings = PLATFORM.preflight(packaged(PLATFORM, job))
    assert [(f.id, f.hint) for f in findings if f.level is Level.ERROR] == [("DOCKER-007", caught.value.hint)]


def test_every_registry_is_asked_with_its_own_account(stand_in: OciStandIn, tmp_path: Path) -> None:
    other = OciStandIn(tmp_path / "other")
    other.start()
    hosts = {"docker.io": stand_in.url, "ghcr.io": other.url}
    options = {"endpoints": hosts, "images": [f"{NAME}:${{version}}", f"ghcr.io/{NAME}:${{version}}"]}
    secrets = {**ACCOUNT, "ghcr_username": USER, "ghcr_password": PASSWORD}
    identity = PLATFORM.whoami(job_for("", tmp_path, options=options, secrets=secrets))
    assert identity.who == f"{USER} at docker.io, {USER} at ghcr.io"
    assert identity.may == (f"docker.io/{NAME}: pull, push", f"ghcr.io/{NAME}: pull, push")
    with pytest.raises(CredentialError) as caught:
        PLATFORM.whoami(job_for("", tmp_path, options=options, secrets={**secrets, "ghcr_password": "old"}))
    assert "GHCR_TOKEN" in caught.value.hint
    other.stop()


def test_a_registry_with_an_account_of_its_own_names_its_variable(stand_in: OciStandIn, tmp_path: Path) -> None:
    host = "registry.example"
    options = {"endpoints": {host: stand_in.url}, "images": [f"{host}/{NAME}:${{version}}"]}
    secrets = {f"{host}.username": USER, f"{host}.password": "old"}
    with pytest.raises(CredentialError) as caught:
        PLATFORM.whoami(job_for("", tmp_path, options=options, secrets=secrets))
    assert f"`{host}.password`" in caught.value.hint


def test_a_registry_that_asks_nobody_cannot_tell(stand_in: OciStandIn, tmp_path: Path) -> None:
    stand_in.answer = lambda request: Reply(200, {})  # type: ignore[method-assign]  # one test long
    with pytest.raises(NotImplementedError):
        PLATFORM.whoami(job_for(stand_in.url, tmp_path))


# --- what is live -------------------------------------------------------------------------------------------------


def test_a_registry_without_the_image_has_nothing_live(url: str, tmp_path: Path) -> None:
    assert PLATFORM.live(job_for(url, tmp_path)) is None


def test_the_version_that_latest_points_at_is_live(url: str, tmp_path: Path) -> None:
    for version in ("1.9.0", "1.10.0"):
        publish(PLATFORM, job_for(url, tmp_path, version))
    live = live_at(url, tmp_path, "0.1.0")
    assert (live.version, live.channel) == ("1.10.0", "latest")
    assert live.look.digest is not None


def test_after_a_rollback_the_earlier_version_is_live(url: str, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(url, tmp_path, "1.0.0"))
    job = publish(PLATFORM, job_for(url, tmp_path, "1.1.0"))
    PLATFORM.rollback(job, job_for(url, tmp_path, "1.0.0").version)
    assert live_at(url, tmp_path, "1.1.0").version == "1.0.0"


def test_tags_with_more_than_the_version_are_compared_as_well(url: str, tmp_path: Path) -> None:
    tags = ["v${version}", "latest"]
    publish(PLATFORM, job_for(url, tmp_path, "1.0.0", tags=tags))
    assert live_at(url, tmp_path, "1.1.0", tags=tags).version == "1.0.0"


def test_a_version_is_told_apart_from_the_moving_tag_before_it(url: str, tmp_path: Path) -> None:
    tags = ["${version}", "${major}.${minor}", "latest"]
    publish(PLATFORM, job_for(url, tmp_path, "1.2.0", tags=tags))
    assert live_at(url, tmp_path, "0.1.0", tags=tags).version == "1.2.0"


def test_without_a_latest_the_newest_tag_is_told(url: str, tmp_path: Path) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        publish(PLATFORM, job_for(url, tmp_path, version, tags=["${version}"]))
    live = live_at(url, tmp_path)
    assert (live.version, live.channel) == ("1.10.0", "newest tag, there is no latest")


def test_an_image_that_tells_no_version_is_found_by_its_digest_or_not_at_all(url: str, tmp_path: Path) -> None:
    job = publish(PLATFORM, job_for(url, tmp_path, "1.0.0"))
    registry = registry_of(url, job)
    plain, _ = registry.manifest(NAME, "latest")
    assert plain is not None
    document = {k: v for k, v in plain.document.items() if k != "annotations"}
    for tag in ("latest", "0.5.0"):
        registry.put_manifest(NAME, tag, plain.media_type, json.dumps(document).encode())
    assert live_at(url, tmp_path, "1.0.0").version == "0.5.0"
    registry.put_manifest(NAME, "latest", plain.media_type, json.dumps(document, indent=1).encode())
    with pytest.raises(NetworkError, match="no version's tag points at"):
        PLATFORM.live(job_for(url, tmp_path))
