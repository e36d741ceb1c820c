"""Ctrl-C and SIGTERM: the first lets what runs finish and starts nothing new, the second kills."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

from deployforge_tasks.effects.process import kill_descendants

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext


class Signals:
    """Handles both signals while a graph runs (only the main thread can; elsewhere the caller stops the context)."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._before: dict[int, Any] = {}
        self.stopped_by: int | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.stopped_by is not None:  # what we started has sessions of its own, and would outlive us
            kill_descendants(os.getpid())
            os._exit(128 + number)
        self.stopped_by = number
        self._context.stop()
