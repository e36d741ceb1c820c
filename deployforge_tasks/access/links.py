"""One-time links: whoever sees the terminal that the dashboard was started in may sign on."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable

from deployforge_tasks.access.tokens import digest

#: Seconds that a link holds.
LASTS = 600.0


class Link:
    """The one link that holds now (thread-safe): good once, and for some minutes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._digest = ""
        self._ends = 0.0

    def new(self) -> str:
        """A new value for the link; the one before holds no longer."""
        value = secrets.token_urlsafe(32)
        with self._lock:
            self._digest, self._ends = digest(value), self._clock() + LASTS
        return value

    def use(self, value: str) -> bool:
        """Whether the value is that of the link; it is used up then."""
        with self._lock:
            good = self._clock() < self._ends and hmac.compare_digest(self._digest, digest(value))
            if good:
                self._ends = 0.0
            return good
