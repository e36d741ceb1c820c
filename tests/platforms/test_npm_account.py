"""npm: what is live, and whose token it is; against our stand-in, a real verdaccio, and npm's own client."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Found, Level
from deployforge_tasks.platforms.base import Job, Secrets
from deployforge_tasks.platforms.npm import Npm
from deployforge_tasks.rehearsal.server import Reply, Request
from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from deployforge_tasks.rehearsal.stand_ins.npm import Npm as Registry
from tests.support.jobs import make_job, publish
from tests.support.registries import NPM12, VERDACCIO, Server, npm_server, verdaccio
from tests.support.running import running

NPM = Npm()
MAIN = "hello-forge"
needs_npm12 = pytest.mark.skipif(not NPM12.is_dir(), reason="npm 12 is not on this machine")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Registry]:
    with running(Registry(tmp_path / "registry")) as registry:
        yield registry


@pytest.fixture(params=["stand-in", "verdaccio"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with npm_server(request.param, tmp_path / "servers", Registry) as made:
        yield made


def job_for(server: Server, folder: Path, **kwargs: Any) -> Job[Any]:
    return make_job(NPM, folder, options={"registry": server.url}, secrets={"token": server.token}, **kwargs)


def at(stand_in: Registry) -> Server:
    return Server(stand_in.url, TOKEN)


def test_live_is_what_the_tag_latest_names(server: Server, tmp_path: Path) -> None:
    assert NPM.live(job_for(server, tmp_path)) is None
    publish(NPM, job_for(server, tmp_path))
    publish(NPM, job_for(server, tmp_path, version="2.0.0-rc.1"))
    live = NPM.live(job_for(server, tmp_path, version="2.0.0-rc.1"))
    assert live is not None
    assert (live.version, live.channel, live.look.url) == ("1.0.0", "latest", f"{server.url}/{MAIN}")
    assert live.since is not None
    assert abs(live.since - datetime.now(UTC)) < timedelta(minutes=5)


def test_live_is_spelled_as_the_project_spells_its_version(stand_in: Registry, tmp_path: Path) -> None:
    publish(NPM, job_for(at(stand_in), tmp_path, version="1.2+build"))
    live = NPM.live(job_for(at(stand_in), tmp_path, version="1.2+build"))
    assert live is not None
    assert live.version == "1.2+build"


def test_what_was_unpublished_altogether_is_not_live(stand_in: Registry, tmp_path: Path) -> None:
    publish(NPM, job_for(at(stand_in), tmp_path))
    job = job_for(at(stand_in), tmp_path)
    job.http.send("DELETE", f"{stand_in.url}/{MAIN}/-rev/1", headers={"Authorization": f"Bearer {TOKEN}"})
    assert NPM.live(job) is None


def test_versions_without_the_tag_latest_are_not_nothing(stand_in: Registry, tmp_path: Path) -> None:
    publish(NPM, job_for(at(stand_in), tmp_path))
    job = job_for(at(stand_in), tmp_path)
    url = f"{stand_in.url}/-/package/{MAIN}/dist-tags/latest"
    job.http.send("DELETE", url, headers={"Authorization": f"Bearer {TOKEN}"})
    with pytest.raises(NetworkError, match="`latest`"):
        NPM.live(job)


def test_the_token_is_that_of_its_user(server: Server, tmp_path: Path) -> None:
    assert NPM.whoami(job_for(server, tmp_path)).who == "rehearsal"
    with pytest.raises(CredentialError, match="does not accept the token") as caught:
        NPM.whoami(job_for(Server(server.url, "npm_surely-wrong"), tmp_path))
    assert caught.value.code == "DF2002"
    assert "NPM_TOKEN" in caught.value.hint
    assert "this one is from test" in caught.value.hint
    assert "/settings/" in caught.value.hint


def test_a_token_of_trusted_publishing_is_nobodys_account(stand_in: Registry, tmp_path: Path) -> None:
    job = job_for(at(stand_in), tmp_path)
    secrets = Secrets("npm", {"token": Found("npm_for-this-run", "OIDC", short_lived=True)}, NPM.credentials)
    identity = NPM.whoami(replace(job, secrets=secrets))
    assert (identity.who, identity.may) == ("a trusted publisher", ("publish",))
    assert stand_in.journal == []


def test_npms_list_of_tokens_tells_the_end_of_ours_and_what_it_may_do(stand_in: Registry, tmp_path: Path) -> None:
    stand_in.token_expiry = datetime(2027, 1, 31, 12, tzinfo=UTC)
    identity = NPM.whoami(job_for(at(stand_in), tmp_path))
    assert (identity.expires, identity.may) == (datetime(2027, 1, 31, 12, tzinfo=UTC), ("package: write",))
    assert "without 2FA" in identity.note


def test_verdaccio_lists_our_token_without_an_end(tmp_path: Path) -> None:
    if not VERDACCIO.exists():
        pytest.skip("verdaccio is not on this machine")
    with verdaccio(tmp_path / "verdaccio") as server:
        job = job_for(server, tmp_path)
        assert "lists no such token" in NPM.whoami(job).note
        made = job.http.send(
            "POST",
            f"{server.url}/-/npm/v1/tokens",
            json={"password": "rehearsal-password", "readonly": False, "cidr_whitelist": []},
            headers={"Authorization": f"Bearer {server.token}"},
        ).json()
        identity = NPM.whoami(job_for(Server(server.url, made["token"]), tmp_path))
        assert (identity.who, identity.may, identity.expires) == ("rehearsal", ("read and write",), None)


class _OtherList(Registry):
    """A registry whose list of tokens is another one."""

    answer_is = Reply(404)

    def answer(self, request: Request) -> Reply:
        return self.answer_is if request.path == "/-/npm/v1/tokens" else super().answer(request)


def tokens(*shown: str, **more: Any) -> Reply:
    return Reply(200, {"objects": [{"token": text, "expiry": "2027-01-31T12:00:00Z", **more} for text in shown]})


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (tokens("npm_reh...oken"), True),
        (tokens("npm_reh"), True),
        (tokens("npm_oth...oken", "npm_reh...oken"), True),
        (tokens("npm_reh...oken", "npm_reh...oken"), False),
        (tokens("npm_reh...okex"), False),
        (tokens("...oken"), False),
        (tokens("npm_reh...oken", expiry="soon", permissions="all", scopes=[1]), False),
        (Reply(200, {"objects": []}), False),
        (Reply(200, ["odd"]), False),
        (Reply(403, {"error": "not for such tokens"}), False),
    ],
)
def test_only_what_can_only_be_said_of_our_token_is_believed(tmp_path: Path, answer: Reply, *, ends: bool) -> None:
    registry = _OtherList(tmp_path / "registry")
    registry.answer_is = answer
    registry.start()
    try:
        identity = NPM.whoami(job_for(at(registry), tmp_path))
    finally:
        registry.stop()
    assert (identity.who, identity.expires is not None) == ("rehearsal", ends)


def test_the_limits_of_a_token_are_told(tmp_path: Path) -> None:
    registry = _OtherList(tmp_path / "registry")
    rights = {"permissions": [{"name": "package", "action": "write"}], "scopes": [{"name": "hello", "type": "package"}]}
    registry.answer_is = tokens("npm_reh...oken", **rights)
    registry.start()
    try:
        assert NPM.whoami(job_for(at(registry), tmp_path)).may == ("package: write", "only the package hello")
    finally:
        registry.stop()


@pytest.mark.parametrize(
    ("left", "level", "message"),
    [
        (timedelta(days=15), None, ""),
        (timedelta(days=2, hours=1), Level.WARNING, "the token expires in 2 days"),
        (timedelta(hours=5), Level.WARNING, "the token expires in 5 hours"),
        (timedelta(minutes=10), Level.WARNING, "the token expires in 1 hour"),
        (-timedelta(days=1), Level.ERROR, "the token expired on "),
    ],
)
def test_a_token_that_ends_soon_is_found_before_publishing(
    stand_in: Registry, tmp_path: Path, left: timedelta, level: Level | None, message: str
) -> None:
    stand_in.token_expiry = datetime.now(UTC) + left
    found = [f for f in NPM.preflight(job_for(at(stand_in), tmp_path)) if f.id == "NPM-011"]
    assert [f.level for f in found] == ([level] if level else [])
    assert all(f.message.startswith(message) and "NPM_TOKEN" in f.hint and f.credential for f in found)


@needs_npm12
def test_npm_itself_lists_the_stand_ins_token(stand_in: Registry, tmp_path: Path) -> None:
    npmrc = tmp_path / "npmrc"
    npmrc.write_text(f"//{stand_in.url.partition('//')[2]}/:_authToken={TOKEN}\n", "utf-8")
    command = ["npm", "token", "list", "--json", "--registry", stand_in.url, "--userconfig", str(npmrc)]
    environment = {"PATH": f"{NPM12}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    (token,) = json.loads(done.stdout)
    assert (token["token"], token["bypass_2fa"]) == ("npm_rehe...oken", True)
