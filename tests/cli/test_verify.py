"""`deployforge verify`: a clean client tries again what is published, and nothing is published by it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.ledger.store import Key, Ledger
from deployforge_tasks.platforms.base import Job
from tests.cli.conftest import Cli
from tests.graph.shelf import Shelf, ShelfOptions, ShelfServer

Project = Callable[..., None]


def evidence(cli: Cli, platform: str) -> Evidence | None:
    ledger = Ledger.open(f"sqlite:///{cli.folder}/.deployforge/ledger.db")
    try:
        return ledger.evidence(Key("hello-forge", "", platform, "1.0.0"))
    finally:
        ledger.close()


def test_it_installs_again_what_was_proven_before(
    cli: Cli, project: Project, server: ShelfServer, screen: Callable[[str, str], None]
) -> None:
    project({"npm": {}, "pypi": {}})
    cli("deploy", "--yes")
    fetched = len([path for _, path, _ in server.journal if path.endswith("-0")])
    done = cli("verify")

    assert done.code == 0
    assert len([path for _, path, _ in server.journal if path.endswith("-0")]) == fetched + 2
    screen("verify", done.out)


def test_the_new_evidence_replaces_the_old(cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"npm": {}})
    cli("deploy", "--yes")
    monkeypatch.setattr(Shelf, "verify", lambda self, job: Evidence("install", "shelf 2", "hello 1.0.0"))
    cli("verify")

    assert evidence(cli, "npm") == Evidence("install", "shelf 2", "hello 1.0.0")


def test_a_failure_ends_with_7_and_the_old_evidence_counts_no_longer(
    cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Shelf, job: Job[ShelfOptions]) -> Evidence:
        raise VerifyError("the program says 0.9.0", hint="look at the package", code="DF5001")

    project({"npm": {}, "pypi": {}})
    cli("deploy", "--yes")
    monkeypatch.setattr(Shelf, "verify", broken)
    done = cli("verify", "--platforms", "npm", "--json")

    assert done.code == done.json["exit_code"] == 7
    assert done.json["platforms"][0]["error"]["id"] == "DF5001"
    assert evidence(cli, "npm") is None
    assert evidence(cli, "pypi") is not None


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 9)])
def test_what_is_not_public_waits(
    cli: Cli, project: Project, server: ShelfServer, words: tuple[str, ...], code: int
) -> None:
    project({"npm": {}})
    server.hidden = {"npm"}
    cli("deploy", "--yes")
    done = cli("verify", "--json", *words)

    assert (done.code, done.json["outcome"]) == (code, "waiting")
    assert done.json["platforms"][0]["outcome"] == "waiting"


def test_it_publishes_nothing(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}})
    done = cli("verify", "--json")

    assert server.accepted == []
    assert done.json["platforms"][0]["reason"] == "not public yet: not there"


def test_verifying_by_hand_works_where_a_deploy_does_not_verify(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    with (cli.folder / "deployforge.yml").open("a") as file:
        file.write("verify: {install: false}\n")
    cli("deploy", "--yes")
    done = cli("verify", "--json")

    assert done.json["platforms"][0]["evidence"]["method"] == "install"
