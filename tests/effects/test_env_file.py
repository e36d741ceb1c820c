"""Env-files: what they may hold, that only their owner can read them, and that nothing of others is touched."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.env_file import parse, remove, write

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA=\nBBBB==\n-----END OPENSSH PRIVATE KEY-----\n"
posix = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: it has no modes")


def variables(file: Path) -> dict[str, str]:
    return parse(file.read_text("utf-8"), file.name)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    values = {"TOKEN": "a b#c", "SPACE": "x # y", "KEY": KEY, "QUOTE": 'a"b', "EMPTY": "", "UNICODE": "ä€"}
    write(tmp_path / ".env", values)
    assert variables(tmp_path / ".env") == values


def test_a_value_may_go_over_several_lines() -> None:
    assert parse(f'A=1\nKEY="{KEY}"\nexport B=2\n', ".env") == {"A": "1", "KEY": KEY, "B": "2"}


def test_a_quote_that_is_never_closed_is_a_part_of_the_value() -> None:
    assert parse('A="one\nB=two\n', ".env") == {"A": '"one', "B": "two"}


@posix
@pytest.mark.parametrize("before", [None, 0o644])
def test_only_the_owner_can_read_it(tmp_path: Path, before: int | None) -> None:
    file = tmp_path / ".env"
    if before is not None:
        file.write_text("OTHER=1\n", "utf-8")
        file.chmod(before)
    write(file, {"TOKEN": "secret"})
    assert file.stat().st_mode & 0o777 == 0o600


@posix
def test_it_is_private_before_the_secret_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    fdopen = os.fdopen

    def watched(handle: int, mode: str) -> object:
        seen.append(os.fstat(handle).st_mode & 0o777)
        return fdopen(handle, mode)

    monkeypatch.setattr(os, "fdopen", watched)
    previous = os.umask(0)
    try:
        write(tmp_path / ".env", {"TOKEN": "secret"})
    finally:
        os.umask(previous)
    assert seen == [0o600]


def test_every_other_line_is_kept(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nA=1\n\nTOKEN=old\nexport B='2'", "utf-8")
    write(file, {"TOKEN": "new"})
    assert file.read_text("utf-8").startswith("# mine\nA=1\n\nexport B='2'\n")
    assert variables(file) == {"A": "1", "B": "2", "TOKEN": "new"}


def test_a_variable_stands_in_it_once_however_often_it_is_set(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    for value in ("one", "two", KEY, "three"):
        write(file, {"TOKEN": value})
    assert file.read_text("utf-8").count("TOKEN") == 1
    assert file.read_text("utf-8").count("#") == 1
    assert variables(file) == {"TOKEN": "three"}


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n", "utf-8")
    (tmp_path / ".env").symlink_to(tmp_path / "real")
    write(tmp_path / ".env", {"TOKEN": "x"})
    assert (tmp_path / ".env").is_symlink()
    assert variables(tmp_path / "real") == {"A": "1", "TOKEN": "x"}


def test_only_what_was_written_here_is_removed(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("BY_HAND=1\n", "utf-8")
    write(file, {"OURS": KEY, "OTHER": "2"})
    assert remove(file, ["OURS", "BY_HAND"]) == ["OURS"]
    assert variables(file) == {"BY_HAND": "1", "OTHER": "2"}


def test_nothing_is_removed_from_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert remove(tmp_path / ".env", ["A"]) == []
    assert not (tmp_path / ".env").exists()


def test_a_value_with_both_kinds_of_quotes_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TOKEN has both kinds of quotes") as caught:
        write(tmp_path / ".env", {"TOKEN": "canary'\""})
    assert "canary" not in str(caught.value)
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize("make", ["folder", "bytes"])
def test_a_file_that_cannot_be_one_is_an_error(tmp_path: Path, make: str) -> None:
    file = tmp_path / ".env"
    file.mkdir() if make == "folder" else file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        write(file, {"TOKEN": "x"})
    assert "--env-file" in caught.value.hint
