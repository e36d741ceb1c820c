"""On CI services: which one it is, and what its log shows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from unittest.mock import patch

import pytest

from deployforge_tasks.cli.github import Warnings
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.core.events import Bus
from deployforge_tasks.effects.machine import ci_service
from tests.cli.conftest import Cli

Project = Callable[..., None]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, ""),
        ({"CI": "true"}, "other"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"JENKINS_URL": "https://jenkins.example/"}, "jenkins"),
        ({"TEAMCITY_VERSION": "2026.1"}, "teamcity"),
        ({"CI": "false", "GITHUB_ACTIONS": "true"}, ""),
        ({"CI": "0"}, ""),
        ({"CI": ""}, ""),
    ],
)
def test_the_service_is_told_by_what_it_sets(environ: dict[str, str], name: str) -> None:
    assert ci_service(environ) == name


@pytest.mark.parametrize(
    ("environ", "begin", "end"),
    [
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "::group::hello-forge v1.0.0\n", "::endgroup::\n"),
        ({"TF_BUILD": "True"}, "##[group]hello-forge v1.0.0\n", "##[endgroup]\n"),
        (
            {"CI": "true", "GITLAB_CI": "true"},
            "\x1b\\[0Ksection_start:\\d+:deployforge\r\x1b\\[0Khello-forge v1.0.0\n",
            "\x1b\\[0Ksection_end:\\d+:deployforge\r\x1b\\[0K\n",
        ),
    ],
    ids=["github", "azure", "gitlab"],
)
def test_the_progress_is_folded_and_what_went_wrong_is_not(
    cli: Cli, project: Project, environ: dict[str, str], begin: str, end: str
) -> None:
    project({"npm": {"flaw": "no licence"}})
    patterns = [p if "\\" in p else re.escape(p) for p in (begin, end)]
    with patch.dict(os.environ, environ):
        err = cli("deploy", "--yes").err
    before, inside, after = re.split("|".join(patterns), err)
    assert "preflight  failed" in inside
    assert "preflight" not in before
    assert "was not released" in after


def test_elsewhere_nothing_is_folded(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    with patch.dict(os.environ, {"CI": "true"}):
        assert "group" not in cli("deploy", "--yes").err


def test_nobody_is_asked_on_ci(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    with patch.dict(os.environ, {"CI": "true"}):
        assert cli("deploy").code == 2


def test_github_shows_the_warnings_of_checks_once(capsys: pytest.CaptureFixture[str]) -> None:
    bus = Bus()
    bus.listen(Warnings(Invocation()))
    for _ in range(2):
        bus.emit("finding", "snap", "preflight", id="SNAP-002", level="warning", message="100% soon", hint="renew it")
    bus.emit("finding", "snap", "preflight", id="SNAP-003", level="note", message="fine", hint="")
    assert capsys.readouterr().err == "::warning title=snap SNAP-002::100%25 soon%0Ahint: renew it\n"
