"""Asking a platform what it has: every failure to answer is `unknown`, which is asked again and is never absent."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import DeployForgeError, NetworkError
from deployforge_tasks.core.events import stage_context
from deployforge_tasks.core.presence import Presence, State
from deployforge_tasks.core.redact import redactor

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job


#: Seconds that our own backoff never exceeds.
LONGEST_BACKOFF = 60.0
#: Seconds for which a run waits because the other side asks for it; who asks for more is asked again by the next run.
LONGEST_ASKED = 300.0


@dataclass(frozen=True)
class Answer:
    """A presence, and for `unknown` the error behind it."""

    presence: Presence
    error: DeployForgeError | None = None

    @property
    def unknown(self) -> bool:
        return self.presence.state is State.UNKNOWN


def look(context: RunContext, name: str, job: Job[Any]) -> Answer:
    """One look-up; never raises."""
    try:
        presence = context.platforms[name].presence(job)
    except DeployForgeError as error:
        return Answer(Presence.unknown(error.message), error)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a look-up, it says nothing about the version
        text = redactor.text(f"{type(error).__name__}: {error}")
        return Answer(Presence.unknown(text), unknown_error(text))
    return Answer(presence, unknown_error(presence.reason) if presence.state is State.UNKNOWN else None)


def look_patiently(context: RunContext, name: str, job: Job[Any], stage: str) -> Answer:
    """Look up, and for `unknown` again with backoff, as often and as long as the project's conditions say."""
    conditions = context.project.conditions
    tries, deadline = conditions.retry_on_failure, context.clock.monotonic() + conditions.look_patience
    for number in range(tries + 1):
        answer = look(context, name, job)
        if not answer.unknown or not _worth_retrying(answer.error) or number == tries:
            break
        wait = backoff(context, number, answer.error)
        if context.clock.monotonic() + wait > deadline:
            break
        text = f"look-up failed: {answer.presence.reason}; again in {wait:.2f} s"
        context.bus.emit("log", name, stage, level="warning", text=text)
        with stage_context(name, stage):
            context.log.waiting(wait, asked_wait(answer.error) > 0)
        if not context.pause(wait):
            break
    announce(context, name, stage, answer.presence)
    return answer


def with_rollbacks(context: RunContext, name: str, answer: Answer) -> Answer:
    """The answer, knowing that users were taken back from the version: then that it is there is not enough."""
    there = answer.presence.state is State.SAME and name not in context.force
    if not there or not context.ledger.is_left(context.key(name)):
        return answer
    reason = "it is there, and its users were taken back from it"
    return Answer(Presence(State.WITHDRAWN, reason, answer.presence.looks))


def announce(context: RunContext, name: str, stage: str, presence: Presence) -> None:
    """Tell the run what a platform said."""
    context.outcomes.of(name).presence = presence
    context.bus.emit("presence", name, stage, state=str(presence.state), reason=presence.reason, by=presence.by)


def backoff(context: RunContext, number: int, error: Exception | None) -> float:
    """Seconds before try `number + 1`: a random part of a time that doubles, and never less than what is asked for.

    Many runs that failed together must not come back together:
    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    longest = min(context.project.conditions.retry_delay * 2.0**number, LONGEST_BACKOFF)
    return max(random.uniform(0.0, longest), asked_wait(error))


def asked_wait(error: Exception | None) -> float:
    """Seconds that the other side asks to wait (``Retry-After``)."""
    return float(getattr(error, "retry_after", 0.0) or 0.0)


def unknown_error(reason: str) -> NetworkError:
    """The error of a platform that gives no clear answer."""
    return NetworkError(
        f"it cannot be told whether the version is there: {reason}",
        hint="nothing was sent; run again when the platform answers",
        code="DF4510",
    )


def _worth_retrying(error: DeployForgeError | None) -> bool:
    return error is None or error.retryable
