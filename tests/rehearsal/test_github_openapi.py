"""The GitHub stand-in, and what we send it, against GitHub's own OpenAPI description (npm ``@octokit/openapi``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, DeployForgeError
from deployforge_tasks.core.versions import Version
from deployforge_tasks.rehearsal.server import Reply, Request
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API, UPLOADS
from tests.support.github import FILES, PLATFORM, REPO, Place, fill, put
from tests.support.jobs import packaged, presence, publish
from tests.support.openapi import Description, Operation
from tests.support.registries import TOOLS
from tests.support.running import running

FILE = TOOLS / "octokit" / "node_modules" / "@octokit" / "openapi" / "generated" / "api.github.com.json"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="@octokit/openapi is not on this machine")


@cache
def description() -> Description:
    return Description(FILE)


class Heard:
    """Everything that was asked of a stand-in's API, with its answer."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Request, Reply]] = []
        answer = place.hub.answer

        def hear(request: Request) -> Reply:
            reply = answer(request)
            if request.path.startswith((API, UPLOADS)):
                self.calls.append((request, Reply(reply.status, reply.body, dict(reply.headers))))
            return reply

        monkeypatch.setattr(place.hub, "answer", hear)

    def wrong(self) -> list[str]:
        """All that GitHub's description objects to."""
        return [f"{r.method} {r.path} -> {a.status}: {w}" for r, a in self.calls for w in _wrong(r, a)]

    def operations(self) -> set[str]:
        return {f"{_operation(r).says['operationId']} {a.status}" for r, a in self.calls}


def _operation(request: Request) -> Operation:
    path = request.path.removeprefix(API).removeprefix(UPLOADS)
    return description().operation("GET" if request.method == "HEAD" else request.method, path)


def _wrong(request: Request, reply: Reply) -> list[str]:
    operation = _operation(request)
    sends_json = request.headers.get("Content-Type", "").startswith("application/json")
    body = request.json() if sends_json else None
    wrong = description().wrong_in_request(operation, request.query, body)
    if request.headers.get("Accept") == "application/octet-stream":
        return wrong
    answer = json.loads(json.dumps(reply.body)) if not isinstance(reply.body, bytes) else None
    return wrong + description().wrong_in_answer(operation, reply.status, answer)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    with running(made.hub):
        yield made


@pytest.fixture
def heard(place: Place, monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(place, monkeypatch)


def test_a_whole_release_and_its_rollback_speak_githubs_language(place: Place, heard: Heard) -> None:
    publish(PLATFORM, place.job({"notes": "New", "commit": "main", "generate_notes": True}))
    job = publish(PLATFORM, place.job(version="1.1.0"))
    PLATFORM.preflight(job)
    presence(PLATFORM, job)
    place.repo.private = True
    PLATFORM.verify(job)
    PLATFORM.rollback(job, Version.parse("1.0.0"))
    assert heard.wrong() == []
    assert {
        "repos/create-release 201",
        "repos/list-releases 200",
        "repos/upload-release-asset 201",
        "repos/list-release-assets 200",
        "repos/update-release 200",
        "repos/get-latest-release 404",
        "repos/get-latest-release 200",
        "repos/get-release-by-tag 404",
        "repos/get-release-by-tag 200",
        "repos/get-release-asset 302",
        "repos/get 200",
        "git/get-ref 200",
    } <= heard.operations()


def test_tidying_up_after_others_speaks_githubs_language(place: Place, heard: Heard) -> None:
    first, _second = place.release("v1.0.0", draft=True), place.release("v1.0.0", draft=True)
    put(first, FILES[0], b"from an earlier build")
    publish(PLATFORM, place.job())
    assert heard.wrong() == []
    assert {"repos/delete-release 204", "repos/delete-release-asset 204"} <= heard.operations()


def test_refusals_speak_githubs_language(place: Place, heard: Heard) -> None:
    for token in ("", "wrong-token", place.hub.reader_token, place.hub.app_token):
        PLATFORM.preflight(place.job(token=token))
        if token != place.hub.app_token:
            with pytest.raises(DeployForgeError):
                PLATFORM.publish(packaged(PLATFORM, place.job(token=token)), FILES)
    publish(PLATFORM, place.job())
    again = place.job()
    base = f"{again.options.api}/repos/{REPO}/releases"
    login = {"Authorization": f"Bearer {place.hub.token}"}
    again.http.send("POST", base, json={"tag_name": "v1.0.0"}, headers=login, ok=(422,))
    upload = f"{again.options.uploads}/repos/{REPO}/releases/{place.releases[0].id}/assets"
    again.http.send("POST", upload, params={"name": FILES[0]}, data=b"x", headers=login, ok=(422,))
    assert heard.wrong() == []
    assert {
        "repos/get-release-by-tag 401",
        "repos/create-release 403",
        "repos/create-release 422",
    } <= heard.operations()
    assert {
        "repos/get 401",
        "repos/upload-release-asset 422",
        "apps/list-repos-accessible-to-installation 200",
    } <= heard.operations()


def test_asking_what_is_live_and_whose_a_token_is_speaks_githubs_language(place: Place, heard: Heard) -> None:
    PLATFORM.live(place.job())
    publish(PLATFORM, place.job())
    PLATFORM.live(place.job())
    for token in (place.hub.token, place.hub.classic_token, place.hub.reader_token, place.hub.app_token):
        assert PLATFORM.whoami(place.job(token=token)).who
    with pytest.raises(CredentialError):
        PLATFORM.whoami(place.job(token="wrong-token"))
    assert heard.wrong() == []
    assert {
        "users/get-authenticated 200",
        "users/get-authenticated 401",
        "users/get-authenticated 403",
        "apps/list-repos-accessible-to-installation 200",
        "repos/get-latest-release 200",
        "repos/get-latest-release 404",
    } <= heard.operations()


def test_the_rest_of_the_stand_in_speaks_githubs_language(place: Place, heard: Heard) -> None:
    job = publish(PLATFORM, place.job())
    login = {"Authorization": f"Bearer {place.hub.token}"}
    release = place.releases[0]
    base = f"{job.options.api}/repos/{REPO}/releases"
    job.http.get(f"{job.options.api}/user", headers=login)
    job.http.get(f"{base}/{release.id}", headers=login)
    job.http.get(f"{base}/assets/{next(iter(release.assets))}", headers=login)
    assert heard.wrong() == []


def broken_answers() -> list[tuple[str, Any]]:
    return [("a field is missing", {"upload_url": ...}), ("a field has another type", {"draft": "yes"})]


@pytest.mark.parametrize("change", [c for _, c in broken_answers()], ids=[n for n, _ in broken_answers()])
def test_an_answer_that_github_would_not_give_is_noticed(place: Place, heard: Heard, change: dict[str, Any]) -> None:
    job = packaged(PLATFORM, place.job())
    fill(place.release("v1.0.0"), job, FILES)
    presence(PLATFORM, job)
    for _, reply in heard.calls:
        if isinstance(reply.body, dict):
            reply.body = {k: v for k, v in {**reply.body, **change}.items() if v is not ...}
    assert heard.wrong()


def test_a_request_that_github_would_refuse_is_noticed(place: Place, heard: Heard) -> None:
    job = place.job()
    base = f"{job.options.api}/repos/{REPO}/releases"
    login = {"Authorization": f"Bearer {place.hub.token}"}
    job.http.send("POST", base, json={"tag_name": "v9", "make_latest": "maybe"}, headers=login)
    job.http.send("POST", base, json={"tag_name": "v10", "surprise": 1}, headers=login)
    job.http.get(base, headers=login, params={"pagesize": "100"})
    text = "\n".join(heard.wrong())
    assert "maybe" in text
    assert "surprise" in text
    assert "unknown query name pagesize" in text
