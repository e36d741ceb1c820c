"""Ctrl-C and SIGTERM: the first lets what runs finish and starts nothing new, the second kills."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

import psutil

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
        if self.stopped_by is not None:
            kill_family()
            os._exit(128 + number)
        self.stopped_by = number
        self._context.stop()


def kill_family() -> None:
    """Kill every program that we started: they have sessions of their own, and would outlive us."""
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.Error:
            continue
