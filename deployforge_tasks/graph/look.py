"""Asking a platform what it has: every failure to answer is `unknown`, which is asked again and is never absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import DeployForgeError, NetworkError
from deployforge_tasks.core.presence import Presence, State
from deployforge_tasks.core.redact import redactor

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job


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
        text = f"look-up failed: {answer.presence.reason}; again in {wait:g} s"
        context.bus.emit("log", name, stage, level="warning", text=text)
        if not context.pause(wait):
            break
    announce(context, name, stage, answer.presence)
    return answer


def announce(context: RunContext, name: str, stage: str, presence: Presence) -> None:
    """Tell the run what a platform said."""
    context.outcomes.of(name).presence = presence
    context.bus.emit("presence", name, stage, state=str(presence.state), reason=presence.reason, by=presence.by)


def backoff(context: RunContext, number: int, error: Exception | None) -> float:
    """Seconds before try `number + 1`: doubling, and never less than the other side asks for."""
    asked = float(getattr(error, "retry_after", 0.0) or 0.0)
    return max(context.project.conditions.retry_delay * 2.0**number, asked)


def unknown_error(reason: str) -> NetworkError:
    """The error of a platform that gives no clear answer."""
    return NetworkError(
        f"it cannot be told whether the version is there: {reason}",
        hint="nothing was sent; run again when the platform answers",
        code="DF4510",
    )


def _worth_retrying(error: DeployForgeError | None) -> bool:
    return error is None or error.retryable
