"""Whether git would take a file, and keeping it from doing so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deployforge_tasks.effects.gitignore import ignore, state
from deployforge_tasks.effects.process import Processes


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def test_a_folder_that_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert state(tmp_path / ".env", Processes()) == "no checkout"


def test_a_file_is_open_until_it_is_ignored(checkout: Path) -> None:
    (checkout / ".gitignore").write_text("*.log", "utf-8")
    assert state(checkout / ".env", Processes()) == "open"
    assert ignore(checkout / ".env") == checkout / ".gitignore"
    assert state(checkout / ".env", Processes()) == "ignored"
    assert (checkout / ".gitignore").read_text("utf-8") == "*.log\n/.env\n"


def test_what_stands_there_is_kept_whatever_its_encoding_is(checkout: Path) -> None:
    (checkout / ".gitignore").write_bytes("café".encode("latin-1"))
    ignore(checkout / ".env")
    assert (checkout / ".gitignore").read_bytes() == "café\n/.env\n".encode("latin-1")


def test_a_file_that_git_has(checkout: Path) -> None:
    (checkout / ".env").write_text("A=1\n", "utf-8")
    subprocess.run(["git", "add", ".env"], cwd=checkout, check=True)
    assert state(checkout / ".env", Processes()) == "tracked"
