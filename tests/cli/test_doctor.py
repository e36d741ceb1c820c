"""Doctor: everything that a release needs on this machine, and what to do about what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Cli
from tests.graph.shelf import ShelfServer
from tests.support.hello import release_files
from tests.support.jobs import PROJECT

Project = Callable[..., None]
Screen = Callable[[str, str], None]


def write(folder: Path, **changes: object) -> None:
    """A project with a crate from a folder: cargo is needed for it, and a token."""
    config = {
        **PROJECT,
        "version": "1.0.0",
        "artifacts": {"from": "directory", "targets": ["linux/amd64"]},
        "conditions": {"retry_on_failure": 0, "read_patience": 0},
        "platforms": {"crates": {"path": "crate", "api": "http://127.0.0.1:9", "index": "http://127.0.0.1:9"}},
        **changes,
    }
    (folder / "deployforge.yml").write_text(yaml.safe_dump(config))


def checks(cli: Cli, section: str) -> dict[str, str]:
    """State by text of one section."""
    found = cli("doctor", "--json").json["checks"]
    return {check["text"]: check["state"] for check in found if check["section"] == section}


def test_a_machine_that_has_everything(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {}})
    done = cli("doctor")
    assert done.code == 0
    screen("doctor", done.out)


def test_what_is_wrong_comes_with_what_to_do(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "brew": {"url": "http://127.0.0.1:9"}}, retry_on_failure=0)
    done = cli("doctor")
    assert done.code == 6
    screen("doctor-network", done.out)


def test_a_broken_configuration_is_told_like_everything_else(cli: Cli) -> None:
    (cli.folder / "deployforge.yml").write_text("name: [")
    done = cli("doctor")
    assert done.code == 3
    assert "✗" in done.out
    assert "Traceback" not in done.out + done.err


def test_a_program_that_is_needed_is_an_error_and_one_that_only_proves_is_not(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(cli.folder)
    monkeypatch.setenv("PATH", str(cli.folder))
    assert checks(cli, "Tools")["cargo is not on this machine (crates)"] == "error"
    write(cli.folder, platforms={"crates": {"api": "http://127.0.0.1:9", "index": "http://127.0.0.1:9"}})
    assert checks(cli, "Tools")["cargo is not on this machine (crates: verified by download)"] == "skipped"


def test_a_missing_credential_names_its_variable(cli: Cli) -> None:
    write(cli.folder)
    (text,) = checks(cli, "Credentials")
    assert "CARGO_REGISTRY_TOKEN" in text


def test_release_files_that_are_not_there_are_named(cli: Cli) -> None:
    write(cli.folder)
    assert checks(cli, "Release") == {"not there: hello-forge-1.0.0-linux-amd64.tar.gz": "error"}
    release_files(cli.folder / "dist", "1.0.0", ["linux/amd64"])
    assert checks(cli, "Release") == {"v1.0.0, 1 of 1 release files are here": "ok"}


def test_doctor_sends_nothing(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}})
    cli("doctor")
    assert [method for method, _, _ in server.journal if method != "GET"] == []
