"""A second person's approval: what needs one, asking for it, deciding, and using it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.access.approvals import Action, Approval, Wanted
from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.operations.detach import find_launched
from deployforge_tasks.operations.trail import note

if TYPE_CHECKING:
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.access.roles import Visitor
    from deployforge_tasks.project.load import Loaded

_DEFAULT_WITHIN = 86400.0


class ApprovalNeededError(AccessError):
    """A second person must approve first; `approval` is the request, which waits now."""

    def __init__(self, message: str, *, hint: str, code: str, approval: Approval) -> None:
        super().__init__(message, hint=hint, code=code)
        self.approval = approval


@dataclass(frozen=True)
class Choice:
    """A request with why the visitor may not decide about it ("" if they may)."""

    approval: Approval
    why_not: str


def needs_approval(loaded: Loaded, action: Action) -> bool:
    """Whether the configuration asks for a second person for this action in this profile."""
    found = loaded.project.dashboard.approvals.get(loaded.profile)
    return found is not None and action in found.actions


def permit(
    records: Records,
    loaded: Loaded,
    visitor: Visitor,
    *,
    action: Action,
    version: str,
    platforms: Sequence[str],
    form: str,
    to: str = "",
) -> Approval | None:
    """Let somebody begin what may need a second person, right before it begins.

    An approval of exactly this is used up, until `give_back` undoes that. Where there is none, the request is stored
    and waits.

    Args:
        records: where requests are.
        loaded: the project.
        visitor: who wants it.
        action: ``deploy`` or ``rollback``.
        version: the version that is deployed, or that users are taken back from.
        platforms: every platform that it is about, by name.
        form: the name that it is started by (`launching.start`).
        to: of a rollback: the version that users are taken back to, "" for the one before.

    Returns:
        The approval that was used; None where none is needed.

    Raises:
        ApprovalNeededError: a second person has to approve first.
    """
    if not needs_approval(loaded, action):
        return None
    wanted = Wanted.of(loaded.project.name, loaded.profile, action, version, platforms, to=to)
    used = records.approvals.use(wanted, visitor, form)
    if used is None and _never_began(records, loaded, visitor, wanted):
        used = records.approvals.use(wanted, visitor, form)
    if used is not None:
        note(records, loaded, visitor, "approval.use", subject=f"request {used.number}", detail=_detail(used))
        return used
    asked = records.approvals.ask(wanted, visitor, _within(loaded))
    note(records, loaded, visitor, "approval.ask", subject=f"request {asked.number}", detail=_detail(asked))
    raise ApprovalNeededError(
        f"to {_words(wanted)} needs the approval of a second person: request {asked.number} waits for it",
        hint="a releaser or admin decides under Approvals; ask them, and start it again then",
        code="DF3520",
        approval=asked,
    )


def give_back(records: Records, loaded: Loaded, visitor: Visitor, approval: Approval) -> bool:
    """Make a used approval good again, since what it was used for never began; says whether it was, which is once."""
    back = records.approvals.give_back(approval.number, approval.used_for or "")
    if back:
        subject = f"request {approval.number}"
        note(records, loaded, visitor, "approval.return", subject=subject, detail=_detail(approval))
    return back


def _never_began(records: Records, loaded: Loaded, visitor: Visitor, wanted: Wanted) -> bool:
    """Give back what was used for a process that ended before its run began, and that nobody was there to see."""
    back = False
    for approval in records.approvals.used(wanted, visitor):
        seen = find_launched(loaded.root, approval.used_for or "")
        if seen is not None and seen.ended and seen.run is None:
            back = give_back(records, loaded, visitor, approval) or back
    return back


def list_approvals(records: Records, loaded: Loaded, visitor: Visitor, *, limit: int = 100) -> list[Choice]:
    """The newest requests first, each with whether this visitor may decide about it."""
    people = _tokens_are_people(loaded)
    found = records.approvals.all(loaded.project.name, loaded.profile, limit)
    return [Choice(approval, approval.why_not(visitor, tokens_are_people=people)) for approval in found]


def decide(records: Records, loaded: Loaded, visitor: Visitor, number: int, *, approve: bool) -> Approval:
    """Approve or refuse a request of somebody else.

    Raises:
        AccessError: there is no such request, it does not wait, or this visitor may not decide about it.
    """
    verb = "approval.approve" if approve else "approval.refuse"
    try:
        decided = records.approvals.decide(
            loaded.project.name,
            loaded.profile,
            number,
            visitor,
            approve=approve,
            within=_within(loaded),
            tokens_are_people=_tokens_are_people(loaded),
        )
    except AccessError as error:
        note(
            records,
            loaded,
            visitor,
            verb,
            subject=f"request {number}",
            outcome="refused",
            detail={"reason": error.message},
        )
        raise
    note(records, loaded, visitor, verb, subject=f"request {number}", detail=_detail(decided))
    return decided


def _tokens_are_people(loaded: Loaded) -> bool:
    return loaded.project.dashboard.auth == "token"


def _within(loaded: Loaded) -> timedelta:
    found = loaded.project.dashboard.approvals.get(loaded.profile)
    return timedelta(seconds=found.within if found else _DEFAULT_WITHIN)


def _detail(approval: Approval) -> dict[str, object]:
    wanted = approval.wanted
    return {
        "action": wanted.action,
        "version": wanted.version,
        **({"to": wanted.to} if wanted.to else {}),
        "platforms": list(wanted.platforms),
        "asked_by": approval.asked_by,
    }


def _words(wanted: Wanted) -> str:
    back = f" to {wanted.to or 'the version before'}"
    what = f"deploy {wanted.version}" if wanted.action == "deploy" else f"roll back {wanted.version}{back}"
    return f"{what} in {wanted.profile or 'the default profile'}"
