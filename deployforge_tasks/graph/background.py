"""A listener that works behind the run: twenty uploads must not wait in turn for the ledger to note each event."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable

from deployforge_tasks.core.events import Event, Listener

#: Seconds for which the end of a run waits for a listener.
_LONGEST = 120.0


class Background:
    """Hands events to a listener in a thread of its own, in their order.

    A run that is killed loses the last events; intents and receipts do not come this way.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def close(self) -> None:
        """Wait until every event was handed over, or for two minutes: the release is over, and its end is told."""
        self._events.put(None)
        self._thread.join(_LONGEST)

    def _work(self) -> None:
        listen: Callable[[Event], None] = self._listener
        while (event := self._events.get()) is not None:
            with contextlib.suppress(Exception):  # a ledger that is busy for long loses an event, never the run
                listen(event)
