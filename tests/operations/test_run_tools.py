"""The version of a client, read from what a verification noted as its client."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.run_tools import Tools, used_tools


def tools(folder: Path, client: str, method: str = "install") -> Tools:
    """What is known after a run in which a platform was tried with a client."""
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    run = ledger.start_run("hello", "", "1.0.0", "deployforge verify")
    journal = ledger.listener(run)
    journal(Event("evidence", "here", "verify", {"method": method, "client": client, "said": "", "reason": ""}))
    journal.flush()
    found = used_tools(ledger.reader(), run)
    ledger.close()
    return found


@pytest.mark.parametrize(
    ("client", "name", "version"),
    [
        ("npm 11.19.1", "npm", "11.19.1"),
        ("pip 25.1", "pip", "25.1"),
        ("cargo 1.85.0", "cargo", "1.85.0"),
        ("Docker Engine 27.1.0~rc1", "Docker Engine", "27.1.0~rc1"),
        ("VS Code 1.95.3", "VS Code", "1.95.3"),
        ("Homebrew 4.5.2-12-gabc123", "Homebrew", "4.5.2-12-gabc123"),
        ("makepkg (pacman) 6.1.0", "makepkg (pacman)", "6.1.0"),
        ("snapd 2.63+ubuntu", "snapd", "2.63+ubuntu"),
    ],
)
def test_a_client_is_its_name_and_its_version(tmp_path: Path, client: str, name: str, version: str) -> None:
    assert dict(tools(tmp_path, client).versions) == {name: version}


def test_a_client_that_did_a_part_of_it_counts(tmp_path: Path) -> None:
    found = tools(tmp_path, "cargo 1.85.0 and the release file", "download")
    assert dict(found.versions) == {"cargo": "1.85.0"}


@pytest.mark.parametrize("client", ["the registry's API", "the gallery's package for linux-x64 1.0.0", "DeployForge"])
def test_what_downloads_is_no_tool(tmp_path: Path, client: str) -> None:
    found = tools(tmp_path, client, "download")
    assert found.used == ()
    assert found.without == {"here": "verified by download"}


def test_a_client_that_tells_no_version_is_named_without_one(tmp_path: Path) -> None:
    assert tools(tmp_path, "https download").without == {"here": "tried by https download, which told no version"}
