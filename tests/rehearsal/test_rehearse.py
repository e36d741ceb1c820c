"""A whole rehearsal: every platform, nothing of the user's, nothing beyond this machine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.rehearse import RehearsalResult, rehearse
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal import server
from deployforge_tasks.rehearsal.real import with_real_servers
from deployforge_tasks.rehearsal.registries import stand_ins
from deployforge_tasks.rehearsal.report import Row
from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from tests.rehearsal.conftest import MakeProject
from tests.support.registries import TOOLS

#: What a system without any client has; git serves the repositories.
BARE = ("git", "sh", "cat", "cp", "cut", "grep", "ls", "mkdir", "mv", "rm", "sed", "tr", "basename", "dirname", "uname")
PROGRAM = "hello-forge 1.0.0"


def rows(result: RehearsalResult) -> dict[str, Row]:
    return {row.platform: row for row in result.report.rows}


def only_these_programs(monkeypatch: pytest.MonkeyPatch, folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir()
    for name in names:
        where = shutil.which(name)
        if where:
            (folder / name).symlink_to(where)
    monkeypatch.setenv("PATH", str(folder))


def test_all_platforms_are_published_and_proven(project: MakeProject) -> None:
    result = rehearse(project())

    found = {name: (row.published, row.good, row.note) for name, row in rows(result).items()}
    assert found == dict.fromkeys(platforms(), ("published", True, ""))
    assert result.exit_code == 0
    assert rows(result)["github"].said == PROGRAM


def test_a_bare_machine_downloads_and_says_which_client_is_missing(
    project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = project()
    only_these_programs(monkeypatch, tmp_path / "bin", BARE)
    found = rows(rehearse(settings))

    assert [name for name, row in found.items() if not row.good] == []
    missing = {name: found[name].installed_with for name in ("npm", "github_packages", "aur", "homebrew", "snap")}
    assert missing == {
        "npm": "download: npm is not on this machine",
        "github_packages": "download: npm is not on this machine",
        "aur": "download: makepkg is not on this machine",
        "homebrew": "download: brew is not on this machine",
        "snap": "download: snapd is not on this machine",
    }
    assert all(row.installed_with for row in found.values())


def test_without_git_only_the_platforms_that_are_repositories_fail(
    project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = project()
    only_these_programs(monkeypatch, tmp_path / "bin", BARE[1:])
    found = rows(rehearse(settings))

    failed = {name: (row.note, row.hint) for name, row in found.items() if not row.good}
    reason = ("`git` is not on this machine", "install git and put it on PATH")
    assert failed == dict.fromkeys(("homebrew", "scoop", "aur"), reason)


def test_none_of_the_users_credentials_is_sent_to_anybody(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {name for p in platforms().values() for c in p.credentials for name in c.env} | {"MY_NPM"}
    canaries = {name: f"canary-of-{name}-0123456789" for name in variables}
    heard: list[str] = []
    answer = server.StandIn.answer

    def listening(self: server.StandIn, request: server.Request) -> server.Reply:
        heard.append(f"{request.raw_path} {request.headers} {request.body!r}")
        return answer(self, request)

    monkeypatch.setattr(server.StandIn, "answer", listening)
    for name, value in canaries.items():
        monkeypatch.setenv(name, value)
    result = rehearse(project(dict(os.environ), credentials={"npm": {"token": "MY_NPM"}}))

    assert result.exit_code == 0
    assert "Bearer npm_rehearsal-token" in "".join(heard)
    assert [name for name, value in canaries.items() if any(value in line for line in heard)] == []


def test_an_address_beyond_this_machine_is_refused_with_what_to_do(project: MakeProject) -> None:
    settings = project({"NPM_TOKEN": "npm_0123456789abcdef"}, platforms={"npm": {"registry": "https://npm.example"}})
    error = deploy(settings.load(), loopback_only=True).platforms["npm"].error

    assert error is not None
    assert (error.code, error.message) == (
        "DF1304",
        "a rehearsal never leaves this machine, but npm.example was asked for",
    )
    assert error.hint == "override that endpoint in the rehearsal profile"


def test_a_second_rehearsal_publishes_everything_again(project: MakeProject) -> None:
    settings = project()
    rehearse(settings)
    second = rehearse(settings)

    assert {row.published for row in second.report.rows} == {"published"}
    assert second.exit_code == 0


def test_a_rehearsal_leaves_nothing_where_a_release_works(project: MakeProject) -> None:
    settings = project()
    rehearse(settings, platforms=["npm"])

    state = settings.file.parent / ".deployforge"
    assert {path.name for path in (state / "work").iterdir()} <= {"rehearse", "rehearse-files"}
    assert not (state / "ledger.db").exists()


def test_a_platform_is_rehearsed_with_the_hub_that_it_needs(project: MakeProject) -> None:
    result = rehearse(project(), platforms=["scoop"])

    assert [(row.platform, row.published, row.note) for row in result.report.rows] == [("scoop", "published", "")]


def test_release_files_are_served_when_the_project_publishes_to_no_hub(project: MakeProject) -> None:
    result = rehearse(project(platforms={"homebrew": {}, "scoop": {}}))

    assert {name: (row.published, row.note) for name, row in rows(result).items()} == {
        "homebrew": ("published", ""),
        "scoop": ("published", ""),
    }


def test_two_rehearsals_of_a_project_do_not_mix(project: MakeProject) -> None:
    settings = project(platforms={"npm": {}})
    refused: list[ConfigError] = []

    def again(_: RehearsalResult) -> None:
        with pytest.raises(ConfigError) as caught:
            rehearse(settings)
        refused.append(caught.value)

    rehearse(settings, hold=again)

    assert refused[0].message == "another rehearsal of this project is running"


def test_the_registries_are_up_while_they_are_held_and_down_afterwards(project: MakeProject) -> None:
    held: list[tuple[str, bool]] = []

    def look(result: RehearsalResult) -> None:
        held.append((result.usage["npm"], listens(result.registries["npm"])))

    result = rehearse(project(platforms={"npm": {}}), hold=look)

    assert held == [(f"npm install --registry {result.registries['npm']} hello-forge", True)]
    assert not listens(result.registries["npm"])


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on this machine")
def test_a_command_to_install_with_names_no_token_and_works_where_readers_sign_in(
    project: MakeProject, tmp_path: Path
) -> None:
    held: list[tuple[str, int]] = []

    def install(result: RehearsalResult) -> None:
        line = result.usage["github_packages"]
        held.append(
            (line, subprocess.run(shlex.split(line), cwd=tmp_path, capture_output=True, check=False).returncode)
        )

    rehearse(project(platforms={"github_packages": {}}), hold=install)

    ((line, code),) = held
    assert code == 0
    assert TOKEN not in line


def listens(url: str) -> bool:
    host, _, port = url.partition("//")[2].partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def test_the_report_says_the_same_as_page_and_as_json(project: MakeProject) -> None:
    result = rehearse(project(platforms={"pypi": {}}))

    told: dict[str, Any] = json.loads(result.page.with_name("rehearsal.json").read_text("utf-8"))
    page = result.page.read_text("utf-8")
    (row,) = told["rows"]
    assert (told["good"], row["platform"], row["registry"]) == (True, "pypi", "stand-in")
    assert result.report.summary in page
    assert row["said"] in page


def test_real_servers_take_the_place_of_stand_ins_where_they_are(
    project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = with_real_servers()
    wanted = ("npm", "github_packages", "pypi", "docker", "aur")
    missing = [name for name in wanted if kinds[name] is stand_ins()[name]]
    if missing:
        pytest.skip(f"there is no real server for {', '.join(missing)} on this machine ({TOOLS})")
    found = rows(rehearse(project(platforms={"github": {}, "scoop": {}, **{name: {} for name in wanted}}), real=True))

    assert {name: (row.published, row.note) for name, row in found.items()} == dict.fromkeys(found, ("published", ""))
    used = {name: row.registry.split()[0] for name, row in found.items()}
    assert used == {
        "github": "stand-in", "scoop": "stand-in", "npm": "verdaccio", "github_packages": "verdaccio",
        "pypi": "pypiron", "docker": "docker-registry", "aur": "sshd",
    }  # fmt: skip


def test_a_machine_without_real_servers_uses_the_stand_ins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DEPLOYFORGE_REAL_SERVERS", "")
    kinds = with_real_servers()

    assert kinds["npm"] is stand_ins()["npm"]
    assert kinds["docker"] is stand_ins()["docker"]
