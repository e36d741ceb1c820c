"""Trusted publishing: a CI job without any secret releases with its identity, and nothing of it is left anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.operations.rehearsal_project import _without_credentials
from deployforge_tasks.operations.settings import Settings
from tests.support.canaries import found_below, found_in
from tests.support.identity_provider import REPOSITORY, REQUEST_TOKEN, IdentityProvider, identity, identity_provider
from tests.support.worlds import World, world

PLATFORMS = ("pypi", "npm", "crates")


@pytest.fixture(params=PLATFORMS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path / "identity") as provider:
        yield provider


def registry(made: World) -> Any:
    return next(r for r in made.registries.running.values() if made.platform in r.serves)


def become_a_ci_job(made: World, environ: dict[str, str]) -> None:
    """Take every credential of the platform away, and give the job an identity."""
    own = {n for n in made.environ if n.startswith(f"DEPLOYFORGE_REHEARSAL_{made.platform.upper()}_")}
    made.environ = {**{n: v for n, v in made.environ.items() if n not in own}, **environ}


def trust(made: World, *packages: str) -> None:
    for package in packages or packages_of(made):
        registry(made).trust.publishers[package] = REPOSITORY


def packages_of(made: World) -> list[str]:
    names = {"npm": ["hello-forge", "hello-forge-linux-x64", "hello-forge-win32-x64"]}
    return names.get(made.platform, ["hello-forge"])


def test_a_job_with_an_identity_releases_without_a_secret(made: World, provider: IdentityProvider) -> None:
    become_a_ci_job(made, provider.environ)
    trust(made)
    done = made.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert {p.name for p in made.publications()} == set(packages_of(made))
    assert registry(made).trust.traded or registry(made).trust.revoked


def test_nothing_of_the_trade_is_left_anywhere(made: World, provider: IdentityProvider) -> None:
    become_a_ci_job(made, provider.environ)
    trust(made)
    done = made.run("deploy", "--platforms", made.platform, "--yes", "-vv", "--json=stream")
    trusting = registry(made).trust
    secrets = [REQUEST_TOKEN, *provider.given, *trusting.traded, *trusting.revoked]
    assert len(secrets) > 2
    assert found_in((done.stdout + done.stderr).encode(), secrets) == []
    assert found_below([made.folder], secrets) == []


def test_a_refused_job_is_told_what_to_set_up(made: World, provider: IdentityProvider) -> None:
    become_a_ci_job(made, provider.environ)
    trust(made)
    provider.repository = "somebody/else"
    done = made.deploy()
    assert done.returncode == 4
    assert "does not trust this CI job" in done.stderr
    assert "trusted publisher" in done.stderr
    assert made.publications() == []


@pytest.mark.parametrize("made", ["pypi"], indirect=True)
def test_without_an_identity_the_secret_is_asked_for(made: World) -> None:
    become_a_ci_job(made, {"CI": "true", "GITHUB_ACTIONS": "true"})
    trust(made)
    done = made.deploy()
    assert done.returncode == 4
    assert "is not set" in done.stderr
    assert "or, as a trusted publisher, give the job `permissions: {id-token: write}`" in done.stderr


@pytest.mark.parametrize("made", ["pypi"], indirect=True)
def test_a_secret_that_is_there_is_used_instead(made: World, provider: IdentityProvider) -> None:
    made.environ |= provider.environ
    trust(made)
    done = made.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert provider.given == []


def test_a_gitlab_job_uses_the_identity_of_the_right_audience(made: World, tmp_path: Path) -> None:
    host = made.proxy.url.removeprefix("http://")
    audience = {"pypi": "pypi", "npm": f"npm:{host}", "crates": host}[made.platform]
    become_a_ci_job(made, {"GITLAB_CI": "true", "OTHER_ID_TOKEN": identity("vault"), "MY_ID_TOKEN": identity(audience)})
    trust(made)
    done = made.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    assert {p.name for p in made.publications()} == set(packages_of(made))


@pytest.mark.parametrize("made", ["pypi"], indirect=True)
def test_a_gitlab_job_without_that_audience_is_told_what_to_write(made: World) -> None:
    become_a_ci_job(made, {"GITLAB_CI": "true", "OTHER_ID_TOKEN": identity("vault")})
    done = made.deploy()
    assert done.returncode == 4
    assert "id_tokens:" in done.stderr


@pytest.mark.parametrize("made", ["crates"], indirect=True)
def test_crates_io_gets_its_token_back(made: World, provider: IdentityProvider) -> None:
    become_a_ci_job(made, provider.environ)
    trust(made)
    assert made.deploy().returncode == 0
    assert registry(made).trust.traded == {}
    assert len(registry(made).trust.revoked) == 1


@pytest.mark.parametrize("made", ["npm"], indirect=True)
def test_a_package_of_npm_that_does_not_trust_the_job_stops_all_of_them(
    made: World, provider: IdentityProvider
) -> None:
    become_a_ci_job(made, provider.environ)
    trust(made, *packages_of(made)[:-1])
    done = made.deploy()
    assert done.returncode == 4
    assert packages_of(made)[-1] in done.stderr
    assert made.publications() == []


@pytest.mark.parametrize("made", ["npm"], indirect=True)
def test_whoami_tries_the_trade(made: World, provider: IdentityProvider) -> None:
    become_a_ci_job(made, provider.environ)
    trust(made)
    (found,) = json.loads(made.run("whoami", "--platforms", "npm", "--json").stdout)["platforms"]
    assert (found["state"], found["who"]) == ("ok", "a trusted publisher")
    assert found["credentials"][0]["source"] == "OIDC (GitHub Actions)"
    provider.repository = "somebody/else"
    (found,) = json.loads(made.run("whoami", "--platforms", "npm", "--json").stdout)["platforms"]
    assert found["state"] == "refused"


@pytest.mark.parametrize("made", ["pypi"], indirect=True)
def test_a_rehearsal_never_shows_the_identity_of_its_job(made: World, provider: IdentityProvider) -> None:
    made.environ |= provider.environ
    plain = Settings(made.folder / "deployforge.yml", environ=made.environ).load()
    kept = _without_credentials(plain)
    assert [name for name in provider.environ if name in kept] == ["CI"]
    assert kept["DEPLOYFORGE_KEYRING"] == "off"
