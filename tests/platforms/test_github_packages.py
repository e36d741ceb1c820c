"""GitHub Packages: npm's protocol with the owner's scope, for those who are signed in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.endpoints import GITHUB_PACKAGES_NPM, GITHUB_WEB
from deployforge_tasks.core.errors import ConfigError, CredentialError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.github_packages import GithubPackages
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API
from deployforge_tasks.rehearsal.stand_ins.github import GitHub
from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from deployforge_tasks.rehearsal.stand_ins.npm import GithubPackages as Registry
from tests.support.jobs import make_job, publish
from tests.support.registries import Server, npm_server
from tests.support.running import running

GITHUB = GithubPackages()
MAIN = "@hello-makers/hello-forge"
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on this machine")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with running(Registry(tmp_path / "registry")) as stand_in:
        yield stand_in


@pytest.fixture(params=["stand-in", "verdaccio"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with npm_server(request.param, tmp_path / "servers", Registry) as made:
        yield made


def job_for(url: str, folder: Path, token: str = TOKEN, **kwargs: Any) -> Job[Any]:
    options = {"registry": url, **kwargs.pop("options", {})}
    return make_job(GITHUB, folder, options=options, secrets={"token": token}, **kwargs)


def test_packages_are_scoped_to_the_repositorys_owner_in_lower_case(tmp_path: Path) -> None:
    job = job_for("http://127.0.0.1:9", tmp_path, project={"source": {"repo": "Hello-Makers/Hello"}})
    assert GITHUB.pieces(job)[-1] == MAIN
    assert all(name.startswith("@hello-makers/") for name in GITHUB.pieces(job))


def test_without_an_owner_it_asks_for_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a scope"):
        GITHUB.pieces(job_for("http://127.0.0.1:9", tmp_path, project={"source": {}}))


def test_what_is_published_is_there_with_our_digests(server: Server, tmp_path: Path) -> None:
    job = publish(GITHUB, job_for(server.url, tmp_path, server.token))
    presence = GITHUB.presence(job)
    assert (presence.state, presence.by) == (State.SAME, "digest")


@needs_npm
def test_npm_installs_it_with_the_token_and_keeps_the_token_out_of_files(server: Server, tmp_path: Path) -> None:
    job = publish(GITHUB, job_for(server.url, tmp_path, server.token))
    assert "1.0.0" in GITHUB.verify(job).said
    kept = [p for p in job.workdir.rglob("*") if p.is_file() and server.token.encode() in p.read_bytes()]
    assert kept == []


def test_a_404_for_a_stranger_is_not_absent(registry: Registry, tmp_path: Path) -> None:
    publish(GITHUB, job_for(registry.url, tmp_path))
    with pytest.raises(CredentialError):
        GITHUB.presence(job_for(registry.url, tmp_path, "ghp_wrong"))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    """GitHub's API, which knows the registry's token as a classic one."""
    running = GitHub(tmp_path / "github")
    running.classic_token = TOKEN
    running.start()
    yield running
    running.stop()


def on_github(registry: Registry, hub: GitHub, folder: Path) -> Job[Any]:
    return job_for(registry.url, folder, options={"api": f"{hub.url}{API}"})


def test_the_registry_tells_whose_the_token_is_and_githubs_api_when_it_ends(
    registry: Registry, hub: GitHub, tmp_path: Path
) -> None:
    hub.token_expiry = datetime(2099, 1, 2, tzinfo=UTC)
    identity = GITHUB.whoami(on_github(registry, hub, tmp_path))
    assert (identity.who, identity.expires) == ("rehearsal", hub.token_expiry)
    assert "write:packages" in identity.may


def test_the_token_of_actions_has_an_owner_and_no_end(registry: Registry, hub: GitHub, tmp_path: Path) -> None:
    hub.classic_token, hub.app_token = "ghp_another", TOKEN
    identity = GITHUB.whoami(on_github(registry, hub, tmp_path))
    assert (identity.who, identity.may, identity.expires) == ("rehearsal", (), None)
    assert "ends with its job" in identity.note


def test_an_api_that_cannot_be_asked_leaves_a_note(registry: Registry, hub: GitHub, tmp_path: Path) -> None:
    job = on_github(registry, hub, tmp_path)
    hub.stop()
    identity = GITHUB.whoami(job)
    assert (identity.who, identity.expires) == ("rehearsal", None)
    assert "does not tell when the token ends" in identity.note


def test_a_token_that_ends_soon_is_found_before_publishing(registry: Registry, hub: GitHub, tmp_path: Path) -> None:
    hub.token_expiry = datetime.now(UTC) + timedelta(days=3, hours=1)
    (found,) = [f for f in GITHUB.preflight(on_github(registry, hub, tmp_path)) if f.id == "NPM-011"]
    assert (found.level, found.message) == (Level.WARNING, "the token expires in 3 days")


def test_another_registry_names_the_owner_only(server: Server, tmp_path: Path) -> None:
    identity = GITHUB.whoami(job_for(server.url, tmp_path, server.token))
    assert (identity.who, identity.expires, bool(identity.note)) == ("rehearsal", None, True)
    with pytest.raises(CredentialError) as caught:
        GITHUB.whoami(job_for(server.url, tmp_path, "ghp_surely-wrong"))
    assert "GITHUB_TOKEN" in caught.value.hint


def test_live_is_what_the_tag_latest_names_for_those_who_are_signed_in(server: Server, tmp_path: Path) -> None:
    assert GITHUB.live(job_for(server.url, tmp_path, server.token)) is None
    publish(GITHUB, job_for(server.url, tmp_path, server.token))
    live = GITHUB.live(job_for(server.url, tmp_path, server.token))
    assert live is not None
    assert (live.version, live.channel) == ("1.0.0", "latest")


def test_a_404_for_a_stranger_is_not_nothing(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(CredentialError):
        GITHUB.live(job_for(registry.url, tmp_path, "ghp_surely-wrong"))


def test_the_package_links_to_its_repository(registry: Registry, tmp_path: Path) -> None:
    job = publish(GITHUB, job_for(registry.url, tmp_path))
    manifest = json.loads((job.workdir / "rendered" / "main" / "package.json").read_text())
    assert manifest["repository"]["url"] == "git+https://github.com/hello-makers/hello-forge.git"


def test_a_rollback_moves_the_tag_and_leaves_the_removal_to_a_person(registry: Registry, tmp_path: Path) -> None:
    publish(GITHUB, job_for(registry.url, tmp_path))
    job = publish(GITHUB, job_for(registry.url, tmp_path, version="1.1.0"))
    rollback = GITHUB.rollback(job, Version.parse("1.0.0"))
    assert f"{MAIN}: tag latest points at 1.0.0 again" in rollback.done
    assert rollback.manual[0].text.startswith("to remove it altogether")


def test_the_page_is_the_repositorys_list_of_packages(tmp_path: Path) -> None:
    job = job_for(GITHUB_PACKAGES_NPM, tmp_path)
    assert GITHUB.page(job) == f"{GITHUB_WEB}/hello-makers/hello-forge/packages"
