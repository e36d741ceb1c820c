"""`deployforge retry` and `deploy --only-failed`: only what is left, nothing that is out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

import pytest

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Ledger
from tests.cli.conftest import Cli
from tests.graph.shelf import ShelfServer
from tests.support.faults import status
from tests.support.proxy import FaultProxy

Project = Callable[..., None]
FLAW = {"flaw": "the name is taken"}


def outcomes(document: Mapping[str, Any]) -> dict[str, str]:
    return {platform["name"]: platform["outcome"] for platform in document["platforms"]}


def test_a_retry_needs_no_version_and_leaves_alone_what_is_out(
    cli: Cli, project: Project, server: ShelfServer, screen: Callable[[str, str], None]
) -> None:
    project({"npm": {}, "pypi": {}, "snap": FLAW})
    cli("deploy", "v2.0.0", "--yes")
    project({"npm": {}, "pypi": {}, "snap": {}})
    looked = len([path for _, path, _ in server.journal if "/npm/" in path])

    done = cli("retry", "--yes")

    assert done.code == 0
    assert server.accepted.count("npm-0") == 1
    assert list(server.files)[-1] == ("snap", "2.0.0")
    assert len([path for _, path, _ in server.journal if "/npm/" in path]) == looked, "npm is not even asked"
    screen("retry", done.out + done.err)


def test_a_retry_knows_the_profile(cli: Cli, project: Project) -> None:
    project({"npm": FLAW})
    with (cli.folder / "deployforge.yml").open("a") as file:
        file.write("profiles: {staging: {description: For trying}}\n")
    cli("deploy", "v2.0.0", "--yes", "--profile", "staging")
    done = cli("retry", "--yes", "--json")

    assert done.json["profile"] == "staging"


def test_a_retry_after_a_complete_release_does_nothing(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}, "pypi": {}})
    cli("deploy", "--yes")
    asked = len(server.journal)
    done = cli("retry", "--yes")

    assert done.code == 0
    assert "nothing is left to do after run 1 (v1.0.0); 2 published platforms are left alone" in done.err
    assert len(server.journal) == asked


def test_a_retry_without_a_run_says_so(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("retry", "--yes")

    assert done.code == 3
    assert "the ledger knows no run that published hello-forge" in done.err


def test_a_retry_asks_before_what_cannot_be_undone(cli: Cli, project: Project) -> None:
    project({"npm": FLAW})
    cli("deploy", "--yes")
    done = cli("retry")

    assert done.code == 2
    assert "nobody is here to agree" in done.err


def test_a_dry_retry_shows_the_plan_of_what_is_left(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}, "snap": FLAW})
    cli("deploy", "--yes")
    done = cli("retry", "--dry-run", "--json")

    assert outcomes(done.json) == {"snap": "planned"}
    assert server.accepted == ["npm-0"]


def test_what_waits_is_looked_at_again(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}, "snap": {}})
    server.hidden = {"snap"}
    first = cli("deploy", "--yes", "--json")
    server.hidden = set()
    done = cli("retry", "--yes", "--json")

    assert outcomes(first.json)["snap"] == "waiting"
    assert outcomes(done.json) == {"snap": "skipped"}
    assert done.json["platforms"][0]["evidence"]["client"] == "shelf 1"


def test_a_run_that_only_made_packages_or_went_back_is_not_gone_on_with(
    cli: Cli, project: Project, server: ShelfServer
) -> None:
    project({"npm": FLAW})
    cli("deploy", "--yes")
    cli("verify")
    done = cli("retry", "--yes", "--json", "--dry-run")

    assert outcomes(done.json) == {"npm": "planned"}


@pytest.mark.skipif(sys.platform == "win32", reason="a kill that nothing can be done about, as on other systems")
def test_a_killed_run_is_gone_on_with(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}, "pypi": {}})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    killed_run(cli, gone.pid)
    done = cli("retry", "--yes")

    assert "going on with run 1 (v1.0.0), which was killed: " in done.err
    assert sorted(server.accepted) == ["npm-0", "pypi-0"]


def test_a_run_that_still_works_is_not_disturbed(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    killed_run(cli, os.getpid())
    done = cli("retry", "--yes")

    assert done.code == 3
    assert f"run 1 still works on 1.0.0 (process {os.getpid()})" in done.err


def killed_run(cli: Cli, pid: int) -> None:
    """A run in the ledger that was begun by a process, and has no end."""
    ledger = Ledger.open(f"sqlite:///{cli.folder}/.deployforge/ledger.db")
    with patch("os.getpid", lambda: pid):
        run = ledger.start_run("hello-forge", "", "1.0.0", "deploy")
    ledger.listener(run)(Event("run_started", data={"platforms": ["npm", "pypi"]}))
    ledger.close()


def test_only_failed_takes_what_the_newest_run_left_undone(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}, "pypi": {}, "brew": {}, "snap": FLAW})
    with FaultProxy(server.url) as proxy:
        proxy.when("PUT", do=status(403), times=None)
        project({"npm": {"url": proxy.url}, "pypi": {}, "brew": {}, "snap": FLAW})
        first = cli("deploy", "--yes", "--json")
    project({"npm": {}, "pypi": {}, "brew": {}, "snap": {}})
    done = cli("deploy", "--only-failed", "--yes", "--json")

    assert outcomes(first.json) == {"npm": "failed", "pypi": "published", "brew": "blocked", "snap": "failed"}
    assert outcomes(done.json) == {"npm": "published", "brew": "published", "snap": "published"}


def test_only_failed_of_some_platforms_never_means_all_of_them(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}, "snap": FLAW})
    cli("deploy", "--yes")
    done = cli("deploy", "--only-failed", "--platforms", "npm", "--yes", "--json")

    assert done.code == 0
    assert done.json["platforms"] == []


def test_only_failed_looks_at_runs_of_the_same_version(cli: Cli, project: Project) -> None:
    project({"npm": FLAW})
    cli("deploy", "v1.0.0", "--yes")
    done = cli("deploy", "v2.0.0", "--only-failed", "--yes")

    assert done.code == 3
    assert "the ledger knows no run that published hello-forge 2.0.0" in done.err


def test_only_failed_without_anything_left_ends_well(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    cli("deploy", "--yes")
    done = cli("deploy", "--only-failed", "--yes")

    assert done.code == 0
    assert "run 1 left undone: nothing" in done.err
