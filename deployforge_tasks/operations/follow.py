"""Following a run by what its ledger says: also one of another process, or of another machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from deployforge_tasks.ledger.liveness import state_of

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.reading import Reader

#: Seconds between two looks into the ledger.
EVERY = 0.2


def follow(
    reader: Reader,
    run: int,
    pause: Callable[[float], bool],
    *,
    platform: str | None = None,
    stage: str | None = None,
) -> Iterator[Event]:
    """The events of a run from its beginning, and the new ones as they come, until it ends or is killed.

    Args:
        reader: the ledger.
        run: the run's number.
        pause: waits some seconds; False ends the following.
        platform: only this platform's events.
        stage: only this stage's events.
    """
    seen = 0
    while True:
        stored = reader.run(run)
        # Looked at before the events: whatever an ended run has to say is there by then.
        ended = stored is None or state_of(stored) in ("finished", "killed")
        for entry in reader.events(run, after=seen, platform=platform, stage=stage):
            seen = entry.number
            yield entry.event
        if ended or not pause(EVERY):
            return
