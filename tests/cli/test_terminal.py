"""On a real terminal (a pseudo terminal): the live display, and the question before what cannot be undone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from deployforge_tasks.cli.main import main
from tests.cli.conftest import Cli

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals on this system")

Project = Callable[..., None]


class Person:
    """A person at a terminal: types lines, and sees what is written."""

    def __init__(self, screen: Path) -> None:
        import pty
        import tty

        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.terminal = os.fdopen(slave, "r+b", buffering=0)
        self._screen = screen

    def types(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def runs(self, *words: str) -> int:
        """Run the program with stdin and stderr on the terminal; what stderr got is kept for `seen`."""
        with (
            open(self.terminal.fileno(), encoding="utf-8", closefd=False) as stdin,
            _Teed(self.terminal.fileno(), self._screen) as stderr,
            patch.object(sys, "stdin", stdin),
            patch.object(sys, "stderr", stderr),
        ):
            return main(words)

    @property
    def seen(self) -> str:
        return self._screen.read_text(encoding="utf-8")

    def close(self) -> None:
        self.terminal.close()
        os.close(self._master)


class _Teed:
    """A text stream that is a terminal, and is written to a file (a full terminal buffer would block)."""

    encoding = "utf-8"

    def __init__(self, terminal: int, file: Path) -> None:
        self._terminal = terminal
        self._file = file.open("w", encoding="utf-8")

    def __enter__(self) -> _Teed:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, text: str) -> int:
        return self._file.write(text)

    def flush(self) -> None:
        self._file.flush()

    def isatty(self) -> bool:
        return os.isatty(self._terminal)

    def fileno(self) -> int:
        return self._file.fileno()


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    made = Person(tmp_path / "screen.txt")
    yield made
    made.close()


def published(cli: Cli) -> bool:
    return bool(cli("status", "--json").json["platforms"][0]["state"] == "same")


def test_the_typed_version_publishes(cli: Cli, project: Project, person: Person) -> None:
    project({"npm": {}})
    person.types("1.0.0")
    assert person.runs("deploy") == 0
    assert "Type 1.0.0 to publish" in person.seen
    assert published(cli)


def test_anything_else_publishes_nothing(cli: Cli, project: Project, person: Person) -> None:
    project({"npm": {}})
    person.types("yes")
    assert person.runs("deploy") == 130
    assert "nothing was published" in person.seen
    assert not published(cli)


def test_nobody_is_asked_when_there_is_nothing_final_to_publish(cli: Cli, project: Project, person: Person) -> None:
    project({"npm": {}})
    cli("deploy", "--yes")
    assert person.runs("deploy") == 0
    assert "Type" not in person.seen


def test_no_input_asks_nothing(cli: Cli, project: Project, person: Person) -> None:
    project({"npm": {}})
    assert person.runs("deploy", "--no-input") == 2
    assert not published(cli)


def test_the_display_redraws_itself_and_shows_each_platform(cli: Cli, project: Project, person: Person) -> None:
    project({"npm": {}, "pypi": {}})
    assert person.runs("deploy", "--yes") == 0
    assert "10/10" in person.seen
    assert "published, verified" in person.seen
    assert "\x1b[1A\x1b[2K" in person.seen  # up a line, and clear it


@pytest.mark.parametrize("words", [("--no-progress",), ("-v",)])
def test_lines_where_no_display_is_wanted(cli: Cli, project: Project, person: Person, words: tuple[str, ...]) -> None:
    project({"npm": {}})
    assert person.runs("deploy", "--yes", *words) == 0
    assert "\x1b[2K" not in person.seen
    assert "publish    started" in person.seen
