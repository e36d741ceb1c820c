"""Time: now, sleeping, and polling until something holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Patience:
    """How long to wait for something: seconds between tries (doubling up to `longest`) and in all."""

    first: float = 1.0
    longest: float = 15.0
    total: float = 300.0


def poll(clock: Clock, look: Callable[[], T], done: Callable[[T], bool], patience: Patience) -> T:
    """Look until `done` says yes or patience ends; the last answer either way."""
    deadline = clock.monotonic() + patience.total
    delay = patience.first
    while True:
        answer = look()
        left = deadline - clock.monotonic()
        if done(answer) or left <= 0:
            return answer
        clock.sleep(min(delay, left))
        delay = min(delay * 2, patience.longest)
