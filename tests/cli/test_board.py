"""The live display's rows."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from deployforge_tasks.cli.board import Board
from deployforge_tasks.cli.terminal import encodable
from deployforge_tasks.core.events import Bus
from deployforge_tasks.operations.estimate import Estimate


def plain(text: str, _: str) -> str:
    return text


def board(*names: str) -> tuple[Board, Bus]:
    made = Board("hello v1.0.0", names, clock=lambda: 0.0)
    bus = Bus()
    bus.listen(made)
    return made, bus


def row(made: Board, name: str) -> str:
    return next(line for line in made.lines(plain) if name in line.split())


def test_a_platform_waits_for_its_turn_at_first() -> None:
    made, _ = board("npm")
    assert row(made, "npm").split() == ["○", "npm", "waits", "for", "its", "turn"]


def test_a_running_stage_shows_the_task_s_last_message() -> None:
    made, bus = board("npm")
    bus.emit("stage_started", "npm", "publish")
    bus.emit("log", "npm", "publish", level="info", text="piece 3 of 5")
    assert row(made, "npm").split() == ["●", "npm", "publish", "0.0s", "piece", "3", "of", "5", "▕████", "▏"]


def test_a_look_up_that_is_tried_again_says_so_before_any_stage_began() -> None:
    made, bus = board("npm")
    bus.emit("log", "npm", "presence", level="warning", text="look-up failed: no answer; again in 2 s")
    assert "no answer; again in 2 s" in row(made, "npm")


def test_a_failure_stays_and_what_follows_from_it_does_not_hide_it() -> None:
    made, bus = board("npm")
    bus.emit("stage_finished", "npm", "publish", outcome="failed", error={"id": "DF4000", "message": "refused"})
    bus.emit("stage_finished", "npm", "verify", outcome="blocked", reason="waits for publish:npm")
    assert row(made, "npm").split() == ["✗", "npm", "publish", "0.0s", "DF4000", "refused"]


def test_a_version_that_was_there_is_done() -> None:
    made, bus = board("npm")
    bus.emit("stage_finished", "npm", "publish", outcome="skipped", reason="already there")
    bus.emit("stage_finished", "npm", "verify", outcome="skipped", reason="proven before")
    assert "already there" in row(made, "npm")
    assert "5/5" in made.lines(plain)[0]


def test_a_small_terminal_keeps_what_is_not_done() -> None:
    made, bus = board("npm", "crates", "pypi", "brew")
    bus.emit("stage_finished", "npm", "verify", outcome="ok")
    bus.emit("stage_finished", "crates", "verify", outcome="ok")
    lines = made.lines(plain, height=6)
    assert len(lines) <= 6
    assert [line.split()[1] for line in lines[2:4]] == ["pypi", "brew"]
    assert "2 more" in lines[4]


def test_long_messages_are_cut() -> None:
    made, bus = board("npm")
    bus.emit("stage_started", "npm", "publish")
    bus.emit("log", "npm", "publish", level="info", text="x" * 300)
    assert max(len(line) for line in made.lines(plain, width=80)) <= 80


def a_full_board() -> Board:
    """Every kind of row, 30 seconds into a run that usually takes longer."""
    now = [0.0]
    names = ("github", "npm", "pypi", "homebrew", "chocolatey", "winget", "snap")
    needs = {"homebrew": ("npm",), "snap": ("chocolatey",)}
    usual = {(name, stage): 20.0 for name in names for stage in ("publish", "verify")}
    made = Board("contextlite v1.0.42", names, clock=lambda: now[0], estimate=Estimate(names, needs, usual))
    bus = Bus()
    bus.listen(made)
    bus.emit("run_started", project="contextlite", version="1.0.42", profile="", run=42)
    bus.emit("stage_finished", "github", "publish", outcome="skipped", reason="already there")
    bus.emit("stage_finished", "github", "verify", outcome="skipped", reason="proven before")
    bus.emit("stage_started", "npm", "publish")
    bus.emit("stage_started", "pypi", "publish")
    bus.emit("log", "pypi", "publish", level="info", text="wheel 3 of 4")
    for stage in ("render", "package", "preflight"):
        bus.emit("stage_finished", "homebrew", stage, outcome="ok", seconds=0.1)
    error = {"id": "DF3010", "message": "CHOCO-002 the checksum of the installer is missing in the nuspec", "hint": ""}
    bus.emit("stage_finished", "chocolatey", "preflight", outcome="failed", reason="", error=error)
    bus.emit("stage_finished", "winget", "publish", outcome="waiting", reason="pull request 21877 waits for a review")
    bus.emit("stage_started", None, "fetch", target="linux/amd64")
    now[0] = 30.0
    made.keys = "l log   q detach (the run goes on)   Ctrl-C stop"
    return made


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_whole_display_at_every_width(width: int, screen: Callable[[str, str], None]) -> None:
    lines = a_full_board().lines(plain, width=width)
    assert max(len(line) for line in lines) <= width
    screen(f"board-{width}", "\n".join(lines))


def test_the_log_is_shown_below_within_the_height() -> None:
    made = a_full_board()
    assert not any("wheel 3 of 4" in line for line in made.lines(plain)[9:])
    made.show_log = True
    lines = made.lines(plain, width=80, height=24)
    assert len(lines) <= 24
    assert any("pypi" in line and "wheel 3 of 4" in line for line in lines[9:])


def test_what_waits_says_for_whom() -> None:
    assert row(a_full_board(), "homebrew").endswith("waits for npm")


def test_the_rest_is_estimated_from_earlier_runs() -> None:
    assert "about 40s left" in a_full_board().lines(plain)[0]  # npm was begun 30 s ago, homebrew comes after it


def test_nothing_is_estimated_for_what_was_never_done_before() -> None:
    made, bus = board("npm")
    bus.emit("stage_started", "npm", "publish")
    assert "left" not in made.lines(plain)[0]


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_an_old_code_page_shows_the_same_columns(encoding: str) -> None:
    page = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    for line in a_full_board().lines(plain, width=80):
        shown = encodable(line, page)
        assert shown.encode(encoding).decode(encoding) == shown
        assert len(shown) == len(line)
