"""No table is wider than the terminal, nothing is lost on a narrow one, and old code pages show the same columns."""

from __future__ import annotations

import io
from collections.abc import Callable
from unittest.mock import patch

import pytest

from deployforge_tasks.cli.table import Cell, columns, one_line, text_width
from deployforge_tasks.cli.terminal import Terminal
from tests.cli.conftest import Cli

Project = Callable[..., None]
WIDTHS = (60, 80, 120, 200)
LONG = "the licence of the package is not one that the store of this platform takes: " + "choose another one " * 8


COMMANDS = [
    ("deploy", "--yes", "-q"),
    ("status",),
    ("rollback", "--dry-run"),
    ("verify",),
    ("graph",),
    ("doctor",),
    ("config", "show", "--origin"),
    ("platforms", "list"),
    ("platforms", "show", "npm"),
]


def plain(text: str, _: str) -> str:
    return text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_table_keeps_to_the_width(
    cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch, width: int, command: tuple[str, ...]
) -> None:
    project({"npm": {}, "pypi": {"pieces": 3}, "snap": {"flaw": LONG}})
    if command[0] != "deploy":
        cli("deploy", "--yes", "-q")
    monkeypatch.setenv("COLUMNS", str(width))
    lines = cli(*command).out.splitlines()
    assert len(lines) > 2
    assert [line for line in lines if len(line) > width] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_reason_is_wrapped_and_not_lost(width: int) -> None:
    lines = columns([("✗", "npm", "failed", LONG), ("✓", "chocolatey", "ok", "short")], plain, width=width)
    assert max(text_width(line) for line in lines) <= width
    words = " ".join(" ".join(lines).split())
    assert " ".join(LONG.split()) in words.replace("✗ npm failed ", "")


def test_a_word_that_is_too_long_is_broken() -> None:
    lines = columns([("a", "x" * 100)], plain, width=40)
    assert "".join("".join(lines).split()) == "a" + "x" * 100


def test_where_only_one_line_fits_it_ends_with_an_ellipsis() -> None:
    (line,) = columns([("a", "word " * 30)], plain, width=40, wrap=False)
    assert len(line) <= 40
    assert line.endswith("…")


def test_the_columns_before_give_way_when_the_last_one_is_narrow_already() -> None:
    lines = columns([("x" * 90, "y" * 90)], plain, width=60)
    assert max(len(line) for line in lines) <= 60
    assert lines[0].lstrip().startswith("xxx")


def test_wide_characters_count_twice() -> None:
    lines = columns([("名前", "a"), ("name", "b")], plain)
    assert [text_width(line[: line.rindex(end)]) for line, end in zip(lines, "ab", strict=True)] == [8, 8]
    assert max(text_width(line) for line in columns([("n", "名前" * 40)], plain, width=60)) <= 60


def test_without_a_terminal_nothing_is_cut() -> None:
    assert columns([("a", "x" * 500)], plain) == ["  a  " + "x" * 500]
    assert Terminal("auto", {}, io.StringIO(), io.StringIO()).width is None


def test_a_style_does_not_count() -> None:
    bold = columns([(Cell("a", "bold"), "b")], lambda text, style: f"\x1b[1m{text}\x1b[0m" if style else text)
    assert bold == ["  \x1b[1ma\x1b[0m  b"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb\x1b[0m", "ab"), ("one\ntwo", "one two"), ("\x1b]0;title\x07x", "x"), ("  indented", "  indented")],
)
def test_text_from_outside_stays_on_its_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
@pytest.mark.parametrize("command", [("deploy", "--dry-run"), ("status",), ("runs",), ("logs",), ("diff", "--stat")])
def test_every_screen_is_readable_on_an_old_code_page(
    cli: Cli, project: Project, encoding: str, command: tuple[str, ...]
) -> None:
    project({"npm": {}, "snap": {"flaw": "no licence"}})
    cli("deploy", "--yes")
    expected = cli(*command).out
    page = io.TextIOWrapper(io.BytesIO(), encoding=encoding)

    class OldTerminal(Terminal):
        def out(self, text: str = "") -> None:
            self._write(page, text)

    with patch("deployforge_tasks.cli.invocation.Terminal", OldTerminal):
        cli(*command)
    page.seek(0)
    shown = page.read()
    assert len(shown.splitlines()) == len(expected.splitlines())
    assert [len(line) for line in shown.splitlines()] == [len(line) for line in expected.splitlines()]
    assert "?" not in shown.replace("? ", "")
