"""Progress lines."""

from __future__ import annotations

import queue

from deployforge_tasks.cli.lines import Lines
from deployforge_tasks.core.events import Bus


def test_a_long_silence_is_broken_by_a_sign_of_life() -> None:
    written: queue.Queue[str] = queue.Queue()
    bus = Bus()
    with Lines(written.put, lambda text, _: text, ["npm"], heartbeat=0.01) as lines:
        bus.listen(lines)
        bus.emit("stage_started", "npm", "verify")
        assert "still running 1 task: npm verify" in written.get(timeout=10)


def heard(verbose: int) -> list[str]:
    written: list[str] = []
    bus = Bus()
    bus.listen(Lines(written.append, lambda text, _: text, ["npm"], verbose=verbose))
    bus.emit("log", "npm", "publish", level="debug", text="a request")
    bus.emit("log", "npm", "publish", level="info", text="a message")
    bus.emit("log", "npm", "publish", level="warning", text="a warning")
    return [line.rpartition("  ")[2] for line in written]


def test_warnings_are_always_shown_messages_with_v_and_the_log_with_vv() -> None:
    assert heard(0) == ["a warning"]
    assert heard(1) == ["a message", "a warning"]
    assert heard(2) == ["a request", "a message", "a warning"]
