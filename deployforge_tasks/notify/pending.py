"""Messages that are under way when a command has its result: whoever ends the process waits for them, for a while.

Standard library only, because every command asks whether there are any.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from deployforge_tasks.ledger.deliveries import Delivery


class UnderWay(Protocol):
    """Something that delivers in the background."""

    def wait(self) -> tuple[Delivery, ...]: ...


_under_way: list[UnderWay] = []


def remember(courier: UnderWay) -> None:
    """Have whoever ends the process wait for it."""
    _under_way.append(courier)


def wait_for_all() -> list[Delivery]:
    """Wait until everything is delivered or given up, each within its own limit; what was not delivered.

    Ctrl-C gives up what is still under way; it never changes what became of the release.
    """
    lost: list[Delivery] = []
    while _under_way:
        lost += [d for d in _under_way.pop(0).wait() if d.outcome == "failed"]
    return lost


# For a program that calls operations and knows nothing of this; the commands ask before, to say what was lost.
atexit.register(wait_for_all)


def lines(lost: list[Delivery]) -> list[str]:
    """What to say about messages that did not arrive, one line a channel."""
    told = {delivery.channel: delivery.reason for delivery in lost}
    return [f"{name} was not told: {why} (`deployforge notify test {name}` tries it)" for name, why in told.items()]
