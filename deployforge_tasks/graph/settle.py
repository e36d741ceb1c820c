"""Settling what an interrupted run left: an intent without a receipt is looked up until it is known what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import PublishError
from deployforge_tasks.core.presence import Presence, State
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.graph.look import Answer, look, look_patiently

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.ledger.model import Intent
    from deployforge_tasks.platforms.base import Job


def settle_intents(context: RunContext, name: str, job: Job[Any]) -> Answer | None:
    """Close the dangling intents of a platform by what it has.

    A platform that does not show a piece is believed only when the time in which a registry may lag behind has passed
    since the call: what was accepted a second ago may not be shown yet.

    Returns:
        None when no intent dangled, else the last answer; when that is unknown, the intents still dangle.
    """
    dangling = context.ledger.open_intents(context.key(name))
    if not dangling:
        return None
    context.log.info(f"an earlier call was interrupted ({', '.join(i.piece for i in dangling)}): looking it up")
    # The digests that were sent then are the ones to look for, whatever the package would hold now.
    asking = replace(job, digests={**job.digests, **{i.piece: i.digest for i in dangling if i.digest}})
    answer = wait_for(context, name, asking, [i.piece for i in dangling], _lag_left(context, dangling))
    if answer.unknown:
        return answer
    for intent in dangling:
        if arrived(answer.presence, intent.piece):
            context.ledger.settle(intent.id, "published")
        elif context.stopping:  # the time to lag was cut short: nobody knows yet, and the next run looks again
            return Answer(Presence.unknown("the run was stopped"), stopped())
        else:
            context.ledger.settle(intent.id, "void")
    return answer


def await_receipts(context: RunContext, name: str, job: Job[Any]) -> Answer | None:
    """When the platform does not show what an earlier run's receipts say it accepted: look until it may no longer lag.

    Returns:
        None when there is no such receipt, else the last answer.
    """
    receipts = context.ledger.receipts(context.key(name))
    immutable = context.platforms[name].traits.immutable  # then it is waited for even if the package is another one now
    sent = [piece for piece, digest in receipts.items() if digest and (immutable or job.digests.get(piece) == digest)]
    return wait_for(context, name, job, sent, context.patience) if sent else None


def wait_for(context: RunContext, name: str, job: Job[Any], pieces: Sequence[str], patience: Patience) -> Answer:
    """Look until the platform shows all the pieces, or patience ends; the last answer.

    A place without reviews is pending for seconds only: that is waited out too.
    """
    moderated = context.platforms[name].traits.moderated
    answer = look_patiently(context, name, job, "publish")

    def shown() -> bool:
        pending = answer.presence.state is State.PENDING and not moderated
        return not pending and all(arrived(answer.presence, piece) for piece in pieces)

    def look_again() -> bool:
        nonlocal answer
        newer = look(context, name, job)
        answer = newer if not newer.unknown else answer
        return shown()

    if not answer.unknown and not shown():
        context.wait_until(look_again, patience)
    return answer


def stopped() -> PublishError:
    """The error of a platform whose publishing was cut short by a stop."""
    return PublishError(
        "the run was stopped before it was done", hint="run again: what was sent is looked up first", code="DF4030"
    )


def arrived(presence: Presence, piece: str) -> bool:
    """Whether the platform has the piece as it was sent, or at least accepted it."""
    if presence.state is State.ABSENT:
        return False
    if presence.state in (State.PARTIAL, State.DIFFERENT):
        return piece not in presence.missing
    return presence.state is not State.UNKNOWN


def _lag_left(context: RunContext, dangling: Sequence[Intent]) -> Patience:
    """What is left of the time in which a registry may lag behind the newest of the calls."""
    patience = context.patience
    newest = max(intent.at.timestamp() for intent in dangling)
    passed = max(0.0, context.clock.now().timestamp() - newest)
    return Patience(patience.first, patience.longest, max(0.0, patience.total - passed))
