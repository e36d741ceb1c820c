"""No credential is ever found where somebody could read it: `deployforge rehearse` (see `test_canaries`).

The canaries are the credentials of the rehearsal's own registries, and those that the user has in the environment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.registries import Registries
from tests.security.watching import assert_unseen, watched
from tests.support import sshd
from tests.support.canaries import found_in
from tests.support.cases import sample_options, sample_project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc shows the arguments of children")

#: How every OpenSSH private key and every token of the rehearsal's GitHub begins; what follows is new each time.
BEGINNINGS = ["b3BlbnNzaC1rZXktdjE", "github_pat_"]


def of_the_user() -> dict[str, str]:
    """A credential of the user's own under every name that a platform knows, and under one of the project's own."""
    names = {name for platform in platforms().values() for c in platform.credentials for name in c.env}
    return {name: f"canary-{number}-of-the-user-never-to-be-seen" for number, name in enumerate([*names, "MY_NPM"])}


def of_the_registries(folder: Path) -> list[str]:
    """The secret credentials of rehearsals that are the same each time, and how the others begin."""
    secret = {(name, c.name) for name, platform in platforms().items() for c in platform.credentials if c.secret}
    with Registries(folder, {name: sample_options(name) for name in platforms()}) as registries:
        found = [r.secrets() for r in registries.running.values()]
    return [
        v for by_name in found for n, all_ in by_name.items() for c, v in all_.items() if (n, c) in secret
    ] + BEGINNINGS


@pytest.mark.parametrize("output", ["-vv", "--json=stream"])
def test_a_rehearsal_shows_no_credential_and_uses_none_of_the_users(
    tmp_path: Path, temporary: dict[str, str], output: str
) -> None:
    project = sample_project(tmp_path / "project", credentials={"npm": {"token": "MY_NPM"}})
    own = of_the_user()
    code, out, arguments = watched(
        project, {**os.environ, **own, **temporary}, "deployforge_tasks", "rehearse", "--report", "report", output
    )

    assert code == 0, out
    assert {path.name for path in (project / "report").iterdir()} == {"rehearsal.html", "rehearsal.json"}
    assert_unseen(project, out, arguments, [*own.values(), *of_the_registries(tmp_path / "registries")])
    assert "git" in arguments.programs
    assert arguments.environments
    assert found_in(b"\n".join(arguments.environments), own.values()) == []


@pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")
def test_a_rehearsal_with_a_real_sshd_shows_no_ssh_key(tmp_path: Path, temporary: dict[str, str]) -> None:
    project = sample_project(tmp_path / "project")
    command = ["rehearse", "--real", "--platforms", "aur", "-vv"]
    code, out, arguments = watched(project, {**os.environ, **temporary}, "deployforge_tasks", *command)

    assert code == 0, out
    assert "ssh" in arguments.programs
    assert_unseen(project, out, arguments, BEGINNINGS)
