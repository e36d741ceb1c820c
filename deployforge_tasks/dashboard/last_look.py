"""What the platforms told when they were asked last: asking takes seconds, and no page waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.dashboard.question import Question
from deployforge_tasks.operations.status import Status, status

if TYPE_CHECKING:
    from deployforge_tasks.dashboard.desk import Desk

#: While somebody watches, the platforms are asked again after this time.
EVERY = timedelta(minutes=5)


class LastLook(Question[Status]):
    """What every platform has. `by_itself` lets it ask while somebody watches."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, lambda: status(desk.loaded, ledger_url=desk.ledger_url))
        self.by_itself = True

    def begin_when_old(self) -> None:
        """Ask them when that was long ago; for whoever watches."""
        if self.by_itself and (self.begun is None or self._desk.now() - self.begun > EVERY):
            self.begin()
