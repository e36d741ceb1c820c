"""Collecting download counts by itself, as often as ``analytics.every`` says, while the dashboard runs.

What it tells people is in the ledger: the event stream sees there that more is known, and pages why a source said
nothing.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from deployforge_tasks.dashboard.question import Question
from deployforge_tasks.operations.stats import collect, due

if TYPE_CHECKING:
    from deployforge_tasks.dashboard.desk import Desk

#: Seconds between two looks at what is due.
EVERY = 60.0


class Collecting:
    """One thread, which nobody waits for: not pages, and not the end of the dashboard.

    Fields: `by_itself` lets it begin; `now` asks every platform that may be asked, because somebody wants it.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._stop = threading.Event()
        self.by_itself = True
        self.now = Question(desk, lambda: collect(desk.loaded, ledger_url=desk.ledger_url, force=True))

    def start(self) -> None:
        """Collect what is due now, and from now on."""
        if self.by_itself:
            threading.Thread(target=self._work, name="collecting", daemon=True).start()

    def stop(self) -> None:
        """Ask nobody any more; what is being asked now is kept if the process lives so long."""
        self._stop.set()

    def _work(self) -> None:
        while not self._stop.is_set():
            # Whatever goes wrong (a ledger that is away, a fault in a plugin), the next look is another try. What a
            # source did wrong is in the ledger.
            with contextlib.suppress(Exception):
                self._look()
            self._stop.wait(EVERY)

    def _look(self) -> None:
        desk = self._desk
        loaded = desk.loaded
        if names := due(loaded, ledger_url=desk.ledger_url):
            collect(loaded, platforms=names, ledger_url=desk.ledger_url)
