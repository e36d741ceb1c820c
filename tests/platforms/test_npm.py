"""npm, against our stand-in and a real verdaccio with the same tests, and npm's own client."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError, RollbackError, StatusError, VerifyError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Clock, Patience
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.npm import Npm
from deployforge_tasks.project.render import render_template, templates_folder
from deployforge_tasks.rehearsal.server import Reply, Request
from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from deployforge_tasks.rehearsal.stand_ins.npm import Npm as Registry
from tests.support.jobs import Recorder, make_job, packaged, publish
from tests.support.registries import NPM12, Server, npm_server
from tests.support.running import running

NPM = Npm()
MAIN, LINUX, ARM, WINDOWS = (f"hello-forge{s}" for s in ("", "-linux-x64", "-linux-arm64", "-win32-x64"))
PARTS = [LINUX, ARM, WINDOWS]
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on this machine")
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
    options = {"registry": server.url, **kwargs.pop("options", {})}
    return make_job(NPM, folder, options=options, secrets={"token": server.token}, **kwargs)


def hurried(job: Job[Any]) -> Job[Any]:
    """The job with little patience, for registries that will not show anything anyway."""
    return replace(job, patience=Patience(first=0.01, longest=0.05, total=0.2))


def at(stand_in: Registry) -> Server:
    return Server(stand_in.url, TOKEN)


# --- against both servers -----------------------------------------------------------------------------------------


def test_what_is_published_has_our_digests(server: Server, tmp_path: Path) -> None:
    assert NPM.presence(job_for(server, tmp_path)).state is State.ABSENT
    job = publish(NPM, job_for(server, tmp_path))
    presence = NPM.presence(job)
    assert (presence.state, presence.by) == (State.SAME, "digest")


def test_only_what_is_missing_is_published(server: Server, tmp_path: Path) -> None:
    job = packaged(NPM, job_for(server, tmp_path))
    NPM.publish(job, [ARM])
    presence = NPM.presence(job)
    assert (presence.state, presence.missing) == (State.PARTIAL, (LINUX, WINDOWS, MAIN))
    NPM.publish(job, presence.missing)
    assert NPM.presence(job).state is State.SAME


def test_another_content_under_the_same_version_is_different(server: Server, tmp_path: Path) -> None:
    publish(NPM, job_for(server, tmp_path))
    other = packaged(NPM, job_for(server, tmp_path, project={"description": "Another program"}))
    assert NPM.presence(other).state is State.DIFFERENT


def test_publishing_twice_is_refused_by_the_registry(server: Server, tmp_path: Path) -> None:
    job = publish(NPM, job_for(server, tmp_path))
    with pytest.raises(StatusError):
        NPM.publish(job, [LINUX])
    assert NPM.presence(job).state is State.SAME


def test_a_wrong_token_is_refused(server: Server, tmp_path: Path) -> None:
    job = packaged(NPM, job_for(replace(server, token="npm_wrong"), tmp_path))
    findings = NPM.preflight(job)
    assert [f.id for f in findings if f.level is Level.ERROR] == ["NPM-004"]
    with pytest.raises(CredentialError):
        NPM.publish(job, NPM.pieces(job))
    assert NPM.presence(job).state is State.ABSENT


def test_a_good_job_has_nothing_to_complain_about(server: Server, tmp_path: Path) -> None:
    assert NPM.preflight(packaged(NPM, job_for(server, tmp_path))) == []


@needs_npm
def test_npm_installs_it_and_the_program_runs(server: Server, tmp_path: Path) -> None:
    job = publish(NPM, job_for(server, tmp_path))
    evidence = NPM.verify(job)
    assert evidence.method == "install"
    assert evidence.client.startswith("npm ")
    assert "1.0.0" in evidence.said


@needs_npm12
def test_npm_12_which_blocks_install_scripts_installs_it_too(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(NPM12), prepend=":")
    evidence = NPM.verify(publish(NPM, job_for(server, tmp_path)))
    assert evidence.client.startswith("npm 12.")
    assert "1.0.0" in evidence.said


@needs_npm
def test_one_package_with_every_program_installs_and_runs_as_well(server: Server, tmp_path: Path) -> None:
    job = publish(NPM, job_for(server, tmp_path, options={"strategy": "bundle", "package": "@acme/hello"}))
    assert NPM.pieces(job) == ["@acme/hello"]
    assert "1.0.0" in NPM.verify(job).said


def test_a_rollback_gives_users_the_earlier_version_again(server: Server, tmp_path: Path) -> None:
    publish(NPM, job_for(server, tmp_path))
    job = publish(NPM, job_for(server, tmp_path, version="1.1.0"))
    rollback = NPM.rollback(job, Version.parse("1.0.0"))
    assert f"{MAIN}: tag latest points at 1.0.0 again" in rollback.done
    document = job.http.json(f"{server.url}/{MAIN}")
    assert document["dist-tags"]["latest"] == "1.0.0"
    assert document["versions"]["1.1.0"]["deprecated"] == "1.1.0 was taken back; use 1.0.0"
    assert "deprecated" not in document["versions"]["1.0.0"]


def test_a_target_that_the_earlier_version_did_not_have_is_only_deprecated(stand_in: Registry, tmp_path: Path) -> None:
    publish(NPM, job_for(at(stand_in), tmp_path, targets=("linux/amd64",)))
    job = publish(NPM, job_for(at(stand_in), tmp_path, version="1.1.0"))
    done = NPM.rollback(job, Version.parse("1.0.0")).done
    assert f"{LINUX}: tag latest points at 1.0.0 again" in done
    assert [line for line in done if line.startswith(WINDOWS)] == [f"{WINDOWS}@1.1.0 is deprecated"]


def test_rolling_back_to_a_version_that_never_was_changes_nothing(stand_in: Registry, tmp_path: Path) -> None:
    job = publish(NPM, job_for(at(stand_in), tmp_path))
    writes = sum(method == "PUT" for method, _, _ in stand_in.journal)
    with pytest.raises(RollbackError, match="is not there"):
        NPM.rollback(job, Version.parse("0.9.0"))
    assert sum(method == "PUT" for method, _, _ in stand_in.journal) == writes


def test_latest_never_moves_backwards_nor_to_a_prerelease(server: Server, tmp_path: Path) -> None:
    for version in ("1.1.0", "1.0.5", "2.0.0-rc.1"):
        publish(NPM, job_for(server, tmp_path, version=version))
    tags = job_for(server, tmp_path).http.json(f"{server.url}/{LINUX}")["dist-tags"]
    assert tags == {"latest": "1.1.0", "release-1.0": "1.0.5", "rc": "2.0.0-rc.1"}


@needs_npm
def test_npms_own_client_sees_tags_and_can_unpublish(server: Server, tmp_path: Path) -> None:
    job = publish(NPM, job_for(server, tmp_path))
    config = tmp_path / "npmrc"
    config.write_text(f"registry={server.url}/\n{server.url.removeprefix('http:')}/:_authToken={server.token}\n")

    def npm(*args: str) -> str:
        command = ["npm", "--userconfig", str(config), *args]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    assert "latest: 1.0.0" in npm("dist-tag", "ls", MAIN)
    assert json.loads(npm("view", f"{LINUX}@1.0.0", "os", "--json")) in ("linux", ["linux"])
    npm("deprecate", f"{WINDOWS}@1.0.0", "too old")
    npm("unpublish", "--force", f"{MAIN}@1.0.0")
    assert NPM.presence(job).state in (State.WITHDRAWN, State.PARTIAL)


# --- what only the stand-in can do --------------------------------------------------------------------------------


def test_a_version_that_was_unpublished_is_withdrawn(stand_in: Registry, tmp_path: Path) -> None:
    job = publish(NPM, job_for(at(stand_in), tmp_path))
    publish(NPM, job_for(at(stand_in), tmp_path, version="1.1.0"))
    document = job.http.json(f"{stand_in.url}/{MAIN}")
    del document["versions"]["1.0.0"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    job.http.send("PUT", f"{stand_in.url}/{MAIN}/-rev/1-0", json=document, headers=headers)
    assert NPM.presence(job).state is State.WITHDRAWN


def test_the_main_package_goes_out_only_when_its_parts_can_be_read(stand_in: Registry, tmp_path: Path) -> None:
    stand_in.reads_until_visible = 3
    publish(NPM, job_for(at(stand_in), tmp_path))
    asked = [(method, path) for method, path, status in stand_in.journal if status in (200, 201)]
    main = asked.index(("PUT", f"/{MAIN}"))
    assert all(("GET", f"/{name}") in asked[:main] for name in PARTS)


def test_parts_that_stay_hidden_hold_the_main_package_back(stand_in: Registry, tmp_path: Path) -> None:
    stand_in.reads_until_visible = 10_000
    job = hurried(packaged(NPM, job_for(at(stand_in), tmp_path)))
    with pytest.raises(NetworkError, match="does not show it yet") as caught:
        NPM.publish(job, NPM.pieces(job))
    assert caught.value.retryable
    assert MAIN not in {p.name for p in stand_in.publications()}
    presence = NPM.presence(job)
    assert (presence.state, presence.missing) == (State.PARTIAL, (MAIN,))


def test_a_main_package_that_was_accepted_and_is_not_shown_is_pending(stand_in: Registry, tmp_path: Path) -> None:
    job = packaged(NPM, job_for(at(stand_in), tmp_path))
    NPM.publish(job, PARTS)
    stand_in.reads_until_visible = 10_000
    NPM.publish(hurried(job), [MAIN])
    assert NPM.presence(job).state is State.PENDING


def test_what_was_accepted_an_hour_ago_and_never_shown_is_sent_again(stand_in: Registry, tmp_path: Path) -> None:
    class Later(Clock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=2)

    job = packaged(NPM, job_for(at(stand_in), tmp_path))
    NPM.publish(job, PARTS)
    stand_in.reads_until_visible = 10_000
    NPM.publish(hurried(job), [MAIN])
    assert NPM.presence(replace(job, clock=Later())).missing == (MAIN,)


def test_a_success_that_does_not_come_from_the_registry_is_none(stand_in: Registry, tmp_path: Path) -> None:
    job = packaged(NPM, job_for(at(stand_in), tmp_path))
    real = stand_in.answer

    def in_between(request: Request) -> Reply:
        return Reply(200, "<p>Welcome!") if request.method == "PUT" else real(request)

    stand_in.answer = in_between  # type: ignore[method-assign]  # one test long
    with pytest.raises(NetworkError, match="not JSON"):
        NPM.publish(job, [LINUX])
    assert NPM.presence(job).state is State.ABSENT


def test_previously_staged_means_accepted_also_on_a_fresh_machine(stand_in: Registry, tmp_path: Path) -> None:
    job = packaged(NPM, job_for(at(stand_in), tmp_path / "a"))
    NPM.publish(job, PARTS)
    stand_in.reads_until_visible = 10_000
    NPM.publish(hurried(job), [MAIN])
    recorder = Recorder()
    fresh = packaged(NPM, job_for(at(stand_in), tmp_path / "b", recorder=recorder))
    NPM.publish(hurried(fresh), NPM.presence(fresh).missing)
    assert [name for name, _ in recorder.receipts] == [MAIN]
    assert NPM.presence(fresh).state is State.PENDING


def test_the_token_of_a_public_package_is_not_sent_for_reading(stand_in: Registry, tmp_path: Path) -> None:
    job = job_for(replace(at(stand_in), token="npm_wrong"), tmp_path)
    assert NPM.presence(job).state is State.ABSENT


# --- verification without npm, and of wrong packages --------------------------------------------------------------


def test_without_npm_the_packages_are_downloaded_and_compared(
    stand_in: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = publish(NPM, job_for(at(stand_in), tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    evidence = NPM.verify(job)
    assert (evidence.method, evidence.reason) == ("download", "npm is not on this machine")


def test_a_foreign_package_under_our_version_is_not_verified(stand_in: Registry, tmp_path: Path) -> None:
    publish(NPM, job_for(at(stand_in), tmp_path, project={"description": "Somebody else's"}))
    with pytest.raises(VerifyError, match="is published with"):
        NPM.verify(packaged(NPM, job_for(at(stand_in), tmp_path)))


@needs_npm
def test_a_starter_that_looks_on_path_is_caught_starting_itself(stand_in: Registry, tmp_path: Path) -> None:
    template = tmp_path / "own" / "main"
    shutil.copytree(templates_folder() / "npm" / "main", template)
    starter = template / "{{cookiecutter.root}}" / "bin" / "{{cookiecutter.binary}}.js"
    starter.write_text(
        "#!/usr/bin/env node\n"
        "const { spawnSync } = require('node:child_process');\n"
        "spawnSync('{{ cookiecutter.binary }}', process.argv.slice(2), { stdio: 'inherit' });\n"
    )
    job = job_for(at(stand_in), tmp_path, targets=("linux/amd64",))

    def render_own(name: str, context: Any, to: Path) -> Path:
        return render_template(template if name == "npm/main" else name, context, to)

    with pytest.raises(VerifyError, match="over and over"):
        NPM.verify(publish(NPM, replace(job, render_into=render_own)))
