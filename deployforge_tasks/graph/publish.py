"""Publishing so that it converges: look, decide, send what is missing, look again; an exit code decides nothing."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import (
    ArtifactError,
    ConflictError,
    DeployForgeError,
    InternalError,
    ProgramError,
    PublishError,
    StatusError,
)
from deployforge_tasks.core.presence import Action, Decision, Presence, State, decide
from deployforge_tasks.graph.jobs import Intents, make_job
from deployforge_tasks.graph.links import check_links
from deployforge_tasks.graph.look import (
    LONGEST_ASKED,
    Answer,
    announce,
    asked_wait,
    backoff,
    look_patiently,
    unknown_error,
    with_rollbacks,
)
from deployforge_tasks.graph.outcomes import OK, SKIPPED, WAITING
from deployforge_tasks.graph.settle import arrived, await_receipts, settle_intents, stopped, wait_for
from deployforge_tasks.graph.stage import End

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.ledger.model import Intent

_ALREADY = re.compile(
    r"already (exist|been (published|uploaded)|published|uploaded)|publish over|duplicate", re.IGNORECASE
)


def publish(context: RunContext, name: str) -> End:
    """Bring one platform to the wanted version, exactly once.

    Raises:
        ConflictError: the version is there with other content, and the place is not ours to edit.
        DeployForgeError: why it is not published.
    """
    with context.lock(name):
        return _Publisher(context, name).run()


class _Publisher:
    def __init__(self, context: RunContext, name: str) -> None:
        self._context = context
        self._name = name
        self._platform = context.platforms[name]
        self._intents = Intents(context, name)
        self._job = make_job(context, name, "publish", intents=self._intents)

    def run(self) -> End:
        context, name = self._context, self._name
        answer = settle_intents(context, name, self._job) or self._await_receipts()
        if answer is not None and answer.unknown:
            raise answer.error or unknown_error(answer.presence.reason)
        self._check_frozen()
        tries = context.project.conditions.retry_on_failure
        for number in range(tries + 1):
            answer = with_rollbacks(context, name, look_patiently(context, name, self._job, "publish"))
            decision = self._decide(answer)
            if decision.action is Action.SKIP:
                return self._done(answer.presence)
            self._note_fresh(answer.presence, first=number == 0)
            todo = [piece for piece in decision.missing if piece not in self._intents.accepted]
            if todo and context.stopping:
                raise stopped()
            error = self._send(todo, decision.action) if todo else None
            if error is None:
                return self._await(decision.missing)
            settled = self._after(error, last=number == tries)
            if not settled and not self._pause(number, error):
                raise error
        raise AssertionError("the last try either returns or raises")

    def _await_receipts(self) -> Answer | None:
        """Wait out what a registry may lag; from then on every receipt counts."""
        context, name = self._context, self._name
        answer = await_receipts(context, name, self._job)
        if answer is not None and not context.stopping:
            self._job = replace(
                self._job, receipts=partial(context.ledger.receipts, context.key(name), before=context.clock.now())
            )
        return answer

    def _decide(self, answer: Answer) -> Decision:
        """What to do about a presence; raises what nobody can do anything about in this run."""
        presence = answer.presence
        force = self._name in self._context.force
        decision = decide(presence, editable=self._platform.traits.editable, force=force)
        if decision.action is Action.RETRY:
            raise answer.error or unknown_error(presence.reason)
        if decision.action is Action.REFUSE:
            raise refusal(self._name, presence)
        return decision

    def _note_fresh(self, presence: Presence, *, first: bool) -> None:
        """Remember a platform that has nothing of the version, and accepted nothing of it in an earlier run."""
        context, name = self._context, self._name
        if first and presence.state is State.ABSENT and not context.ledger.receipts(context.key(name)):
            context.fresh.add(name)

    def _check_frozen(self) -> None:
        known = self._context.ledger.frozen(self._context.project.name, str(self._context.version))
        for artifact in self._job.load_artifacts():
            frozen = known.get(artifact.name, artifact.sha256)
            if frozen != artifact.sha256:
                raise ArtifactError(
                    f"{artifact.name} has sha256 {artifact.sha256}, and {frozen} is frozen",
                    hint="the file changed after it was first released: restore it, or release a new version",
                    code="DF3110",
                )

    def _send(self, todo: Sequence[str], action: Action) -> Exception | None:
        """Publish what is missing; the error instead of raising it, because only a look-up tells what happened."""
        self._intents.begun.clear()
        if self._context.hubs(self._name):
            check_links(self._context, self._job)
        if self._job.package is None:
            raise PublishError("there is no package to publish", hint=f"run `doit package:{self._name}` first")
        if action is Action.UPDATE:
            self._context.ledger.forget_evidence(self._context.key(self._name))
        try:
            self._platform.publish(self._job, todo)
        except Exception as error:  # noqa: BLE001 - whatever was raised, the call may have been carried out
            return error
        return None

    def _await(self, missing: Sequence[str]) -> End:
        """After an accepted write: look until it is shown. It is never sent again in this run."""
        context, name = self._context, self._name
        presence = wait_for(context, name, self._job, missing, context.patience).presence
        announce(context, name, "publish", presence)
        if presence.state is State.PENDING:
            return self._waiting(f"submitted: {presence.reason}")
        if presence.state is State.SAME:
            return self._done(presence)
        conflict = presence.state is State.DIFFERENT and not self._platform.traits.editable
        if conflict or presence.state in (State.REJECTED, State.WITHDRAWN):
            raise refusal(name, presence)
        lost = [p for p in presence.missing if p not in self._intents.accepted]
        if lost and presence.state is not State.UNKNOWN:
            raise PublishError(
                f"publishing ended without an error, and {', '.join(lost)} is not there",
                hint="`-vv` shows the log of this stage; run again to send what is missing",
                code="DF4011",
            )
        return self._waiting(f"accepted, but not shown within {context.patience.total:g} s: {presence.reason}")

    def _waiting(self, reason: str) -> End:
        self._context.waited_out[self._name] = reason
        return End(WAITING, reason)

    def _after(self, error: Exception, *, last: bool) -> bool:
        """After a failed write: whether everything is there after all; raises when another try is of no use.

        A call that may have been carried out is looked for as long as the registry may lag; a clear refusal is not.
        """
        context, name = self._context, self._name
        open_intents = context.ledger.open_intents(context.key(name))
        if not maybe_done(error):
            for intent in open_intents:
                context.ledger.settle(intent.id, "void")
            if last or not is_retryable(error):
                raise error
            return False
        context.log.warning(f"{_text(error)}; looking up what became of it")
        begun = [intent.piece for intent in open_intents]
        answer = wait_for(context, name, self._job, begun, context.patience)
        if answer.unknown:
            raise error
        for intent in open_intents:
            if arrived(answer.presence, intent.piece):
                self._settle_published(intent)
            elif context.stopping:  # the time to lag was cut short: the intent stays, and the next run looks again
                raise error
            else:
                context.ledger.settle(intent.id, "void")
        if answer.presence.settled:
            return True
        progressed = bool(begun) and all(arrived(answer.presence, piece) for piece in begun)
        if last or not (is_retryable(error) or progressed):
            raise error
        return False

    def _pause(self, number: int, error: Exception) -> bool:
        """Wait before the next try; False when the run is being stopped, or the other side asks for too long a wait."""
        if asked_wait(error) > LONGEST_ASKED:
            return False
        wait = backoff(self._context, number, error)
        self._context.log.warning(f"{_text(error)}; again in {wait:.2f} s")
        self._context.log.waiting(wait, asked_wait(error) > 0)
        return self._context.pause(wait)

    def _settle_published(self, intent: Intent) -> None:
        """The answer was lost, the write was not."""
        self._context.ledger.settle(intent.id, "published")
        self._intents.accepted.add(intent.piece)
        self._context.bus.emit("receipt", self._name, "publish", piece=intent.piece, digest=intent.digest)

    def _done(self, presence: Presence) -> End:
        if self._intents.accepted:
            return End(OK)
        self._context.ledger.record_presence(self._context.key(self._name), presence)
        return End(SKIPPED, presence.reason)


def maybe_done(error: Exception) -> bool:
    """Whether a failed call may have been carried out (or was carried out before): then only a look-up can tell.

    A 4xx answer is a clear no, unless it says that the version is there; so is a 503 that names a time to come back,
    a refusal in the platform's own words, and a connection that was never made. Everything else is open.
    """
    status = getattr(error, "status", 0)
    if status == 409 or _ALREADY.search(f"{error} {getattr(error, 'body', '')}"):
        return True
    if isinstance(error, StatusError):
        refused = 400 <= error.status < 500 and error.status not in (408, 425)
        return not (refused or (error.status == 503 and error.retry_after > 0))
    if isinstance(error, DeployForgeError) and not error.retryable:
        return isinstance(error, ProgramError | InternalError)
    return not _never_connected(error)


def is_retryable(error: Exception) -> bool:
    """Whether another try may help; a foreign exception (a dropped connection in a library) may well go away."""
    return bool(getattr(error, "retryable", not isinstance(error, DeployForgeError)))


def refusal(name: str, presence: Presence) -> DeployForgeError:
    """The error for a presence that forbids publishing."""
    if presence.state is State.DIFFERENT:
        return ConflictError(
            f"the version is already there with other content: {presence.reason}",
            hint="a published version is never overwritten: restore what it was made from, or release a new version",
            platform=name,
        )
    return PublishError(
        f"the version was {presence.state}: {presence.reason}",
        hint=f"solve it there and release a new version, or publish it again with `--force-platform {name}`",
        code="DF4012",
        platform=name,
    )


def _never_connected(error: BaseException) -> bool:
    """Whether the connection itself was refused: no byte was sent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError | socket.gaierror):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _text(error: Exception) -> str:
    return error.message if isinstance(error, DeployForgeError) else f"{type(error).__name__}: {error}"
