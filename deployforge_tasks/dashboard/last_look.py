"""What the platforms told when they were asked last: asking takes seconds, and no page waits for it."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.operations.status import status

if TYPE_CHECKING:
    from deployforge_tasks.dashboard.desk import Desk
    from deployforge_tasks.operations.status import Status

#: While somebody watches, the platforms are asked again after this time.
EVERY = timedelta(minutes=5)


class LastLook:
    """The last answer with its age, and at most one question at a time.

    Fields: `by_itself` lets it ask while somebody watches; `problem` is why the last question had no answer.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._begun: datetime | None = None
        self.by_itself = True
        self.status: Status | None = None
        self.at: datetime | None = None
        self.problem = ""
        self.count = 0
        """How many questions have ended."""

    @property
    def looking(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def look(self) -> None:
        """Ask the platforms, in a thread of its own; nothing to do while they are being asked."""
        with self._lock:
            if not self.looking:
                self._begun = self._desk.now()
                self._thread = threading.Thread(target=self._ask, name="last-look", daemon=True)
                self._thread.start()

    def look_when_old(self) -> None:
        """Ask them when that was long ago; for whoever watches."""
        if self.by_itself and (self._begun is None or self._desk.now() - self._begun > EVERY):
            self.look()

    def wait(self, seconds: float) -> None:
        """Until the question that is being asked has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _ask(self) -> None:
        try:
            found = status(self._desk.loaded, ledger_url=self._desk.ledger_url)
        except DeployForgeError as error:
            self.problem = redactor.text(error.message)
        except Exception as error:  # noqa: BLE001 - a fault in a plugin must not end the dashboard's looks
            self.problem = redactor.text(f"{type(error).__name__}: {error}")
        else:
            self.status, self.at, self.problem = found, self._desk.now(), ""
        self.count += 1
