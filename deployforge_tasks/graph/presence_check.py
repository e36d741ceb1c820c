"""The `uptodate` callables: is the version there already, and was it proven already.

The answers are fetched in a pool of their own (`fetch`), kept for the run, and never raise into doit: there an
exception would end the whole run.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.events import stage_context
from deployforge_tasks.core.presence import Action, Presence, State, decide
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.graph.jobs import make_job
from deployforge_tasks.graph.look import Answer, look_patiently, unknown_error, with_rollbacks
from deployforge_tasks.graph.output import output_to
from deployforge_tasks.graph.package_file import fingerprint, read_package
from deployforge_tasks.graph.publish import refusal

if TYPE_CHECKING:
    from deployforge_tasks.core.model import Evidence
    from deployforge_tasks.graph.context import RunContext


class PresenceCheck:
    """Whether a platform already has the wanted version. Asked once a run, from any thread."""

    def __init__(self, context: RunContext, name: str) -> None:
        self._context = context
        self.name = name
        self._lock = threading.Lock()
        self._answer: Answer | None = None
        self._stale = False

    def __call__(self) -> bool:
        return self.answer.presence.settled and not self._stale

    def __repr__(self) -> str:
        if self._answer is None:
            return f"presence on {self.name}"
        presence = self._answer.presence
        return f"presence on {self.name}: {presence.state} ({presence.reason})"

    @property
    def fetched(self) -> bool:
        return self._answer is not None

    @property
    def answer(self) -> Answer:
        self.fetch()
        assert self._answer is not None
        return self._answer

    @property
    def presence(self) -> Presence:
        return self.answer.presence

    def fetch(self) -> None:
        """Ask the platform, unless it was asked before; never raises."""
        with self._lock:
            if self._answer is None:
                self._answer = self._ask()

    def failure(self) -> DeployForgeError | None:
        """Why this platform cannot be deployed, when the answer already tells: nothing needs to be packaged then."""
        answer = self.answer
        if answer.unknown:
            return answer.error or unknown_error(answer.presence.reason)
        decision = decide(answer.presence, editable=True, force=self.name in self._context.force)
        return refusal(self.name, answer.presence) if decision.action is Action.REFUSE else None

    def _ask(self) -> Answer:
        context, name = self._context, self.name

        def printed(line: str) -> None:
            context.bus.emit("log", name, "presence", level="debug", text=line)

        try:
            with stage_context(name, "presence"), output_to(printed):
                # An interrupted call may have been carried out: what was sent then is what to compare with.
                sent = {i.piece: i.digest for i in context.ledger.open_intents(context.key(name)) if i.digest}
                job = make_job(context, name, "presence", digests={**self._digests(), **sent})
                return with_rollbacks(context, name, look_patiently(context, name, job, "presence"))
        except DeployForgeError as error:
            return Answer(Presence.unknown(error.message), error)
        except Exception as error:  # noqa: BLE001 - see the module: doit must not see it
            text = redactor.text(f"{type(error).__name__}: {error}")
            return Answer(Presence.unknown(text), unknown_error(text))

    def _digests(self) -> Mapping[str, str]:
        """What was published, by the receipts; before that, what is packaged here, as long as it is current.

        A place that is ours to edit is compared with the package: when that must be made again, it is not up to date.
        """
        context, name = self._context, self.name
        receipts = context.ledger.receipts(context.key(name))
        packaged = read_package(context.workdir(name))
        if packaged is None:
            return receipts
        package, made_from = packaged
        editable = context.platforms[name].traits.editable
        current = made_from == fingerprint(context, make_job(context, name, "presence"), name)
        if editable:
            self._stale = not current
        if receipts and not (editable and current):
            return receipts
        return package.digests if current else {}


class EvidenceCheck:
    """Whether an earlier run proved the version by an install, or verifying is switched off."""

    def __init__(self, context: RunContext, presence: PresenceCheck) -> None:
        self._context = context
        self._presence = presence
        self.name = presence.name

    def __call__(self) -> bool:
        if self._context.again("verify"):
            return False
        return self.evidence() is not None or not self._context.project.verify.install

    def __repr__(self) -> str:
        return f"evidence for {self.name}"

    def evidence(self) -> Evidence | None:
        """The evidence; None when there is none or the ledger cannot tell (the stage itself then says why)."""
        try:
            return self._context.ledger.evidence(self._context.key(self.name))
        except Exception:  # noqa: BLE001 - see the module: doit must not see it
            return None


def announce_seen(context: RunContext, check: PresenceCheck) -> None:
    """Remember a version that is there: what an interrupted call of ours did, and what somebody else published.

    A later rollback can name it.
    """
    ledger, key = context.ledger, context.key(check.name)
    for intent in ledger.open_intents(key) if check.presence.settled else ():
        ledger.settle(intent.id, "published")
    if check.presence.state is State.SAME:
        ledger.record_presence(key, check.presence)
        if check.name in context.force and ledger.is_left(key):
            ledger.forget_left(key)
            context.log.warning(f"{key} was taken back before: what that rollback changed is changed back by hand")
