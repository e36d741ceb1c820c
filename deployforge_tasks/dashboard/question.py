"""A question whose answer takes seconds: it is asked in the background, and pages show the last answer with its age."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.redact import redactor

if TYPE_CHECKING:
    from deployforge_tasks.dashboard.desk import Desk

T = TypeVar("T")


class Question(Generic[T]):
    """Asked once at a time.

    Fields: `answer` the last one, None before the first; `at` when it came; `problem` why the last try had none;
    `begun` when it was asked last, None if never; `ended` how often that came to an end.
    """

    def __init__(self, desk: Desk, ask: Callable[[], T]) -> None:
        self._desk = desk
        self._ask = ask
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.answer: T | None = None
        self.at: datetime | None = None
        self.begun: datetime | None = None
        self.problem = ""
        self.ended = 0

    @property
    def asking(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self) -> None:
        """Ask, in a thread of its own; nothing to do while it is being asked."""
        with self._lock:
            if not self.asking:
                self.begun, self.problem = self._desk.now(), ""
                self._thread = threading.Thread(target=self._work, name="question", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until what is being asked has been answered."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _work(self) -> None:
        try:
            found = self._ask()
        except DeployForgeError as error:
            self.problem = redactor.text(f"{error.message}; {error.hint}")
        except Exception as error:  # noqa: BLE001 - a fault in a plugin must not end the dashboard
            self.problem = redactor.text(f"{type(error).__name__}: {error}")
        else:
            self.answer, self.at = found, self._desk.now()
        self.ended += 1
