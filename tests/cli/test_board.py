"""The live display's rows."""

from __future__ import annotations

from deployforge_tasks.cli.board import Board
from deployforge_tasks.core.events import Bus


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
    assert row(made, "npm").split() == ["●", "npm", "publish", "0.0s", "piece", "3", "of", "5"]


def test_a_look_up_that_is_tried_again_says_so_before_any_stage_began() -> None:
    made, bus = board("npm")
    bus.emit("log", "npm", "presence", level="warning", text="look-up failed: no answer; again in 2 s")
    assert "no answer; again in 2 s" in row(made, "npm")


def test_a_failure_stays_and_what_follows_from_it_does_not_hide_it() -> None:
    made, bus = board("npm")
    bus.emit("stage_finished", "npm", "publish", outcome="failed", error={"id": "DF4000", "message": "refused"})
    bus.emit("stage_finished", "npm", "verify", outcome="blocked", reason="waits for publish:npm")
    assert row(made, "npm").split() == ["✗", "npm", "publish", "0.0s", "refused"]


def test_a_version_that_was_there_is_done() -> None:
    made, bus = board("npm")
    bus.emit("stage_finished", "npm", "publish", outcome="skipped", reason="already there")
    bus.emit("stage_finished", "npm", "verify", outcome="skipped", reason="proven before")
    assert "already there" in row(made, "npm")
    assert "1/1" in made.lines(plain)[0]


def test_a_small_terminal_keeps_what_is_not_done() -> None:
    made, bus = board("npm", "pypi", "brew")
    bus.emit("stage_finished", "npm", "verify", outcome="ok")
    lines = made.lines(plain, height=6)
    assert [line.split()[1] for line in lines[2:4]] == ["pypi", "brew"]
    assert "1 more" in lines[4]


def test_long_messages_are_cut() -> None:
    made, bus = board("npm")
    bus.emit("stage_started", "npm", "publish")
    bus.emit("log", "npm", "publish", level="info", text="x" * 300)
    assert max(len(line) for line in made.lines(plain, width=80)) <= 80
