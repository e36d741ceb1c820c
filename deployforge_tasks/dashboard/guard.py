"""Who a request comes from and whether they may do what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, Request

from deployforge_tasks.access.roles import DOES, Permission, Role, Visitor, lowest_role
from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.operations import trail

if TYPE_CHECKING:
    from deployforge_tasks.access.trail import Outcome

__all__ = ["NotAllowedError", "Visitor", "needs", "not_allowed", "note", "note_sign_on", "note_stranger", "visitor"]


class NotAllowedError(AccessError):
    """The role of a visitor lacks a permission; `needed` is the least role that has it."""

    def __init__(self, message: str, *, hint: str, code: str, needed: Role) -> None:
        super().__init__(message, hint=hint, code=code)
        self.needed = needed


def not_allowed(visitor: Visitor, permission: Permission) -> NotAllowedError:
    """The error for somebody whose role lacks a permission."""
    needed = lowest_role(permission)
    article = "an" if needed[0] in "aeio" else "a"
    return NotAllowedError(
        f"your role, {visitor.role}, may not {DOES[permission]}",
        hint=f"{article} {needed} may; roles come from `dashboard.roles:`, or from the token in your hands",
        code="DF3502",
        needed=needed,
    )


def visitor(request: Request) -> Visitor:
    """The visitor that the middleware has found."""
    found: Visitor = request.state.visitor
    return found


def needs(permission: Permission) -> Any:
    """A dependency of a route: whoever lacks the permission gets 403 and hears which role has it.

    The try is kept in the trail.
    """

    def check(request: Request) -> Visitor:
        found = visitor(request)
        if found.can(permission):
            return found
        note(request, permission, subject=request.url.path, outcome="refused", reason="the role has no such permission")
        raise not_allowed(found, permission)

    return Depends(check)


def note_sign_on(request: Request, who: Visitor) -> None:
    """Keep in the trail that somebody has signed on."""
    desk = request.app.state.desk
    trail.note(desk.records, desk.loaded, who, "sign-on")


def note_stranger(request: Request, origin: str, reason: str) -> None:
    """Keep in the trail that somebody who has not signed on was refused."""
    desk, door = request.app.state.desk, request.app.state.door
    desk.records.trail.add(
        actor="",
        origin=origin,
        method=door.section.auth,
        action="sign-on",
        outcome="refused",
        project=desk.project,
        profile=desk.loaded.profile,
        subject=request.url.path,
        detail={"reason": reason},
    )


def note(request: Request, action: str, *, subject: str = "", outcome: Outcome = "done", **detail: Any) -> None:
    """Keep in the trail what the visitor of a request did, or was refused to do.

    Args:
        request: the request.
        action: a verb (``deploy``, ``token.new``).
        subject: what it was done to (``run 12``).
        outcome: ``done refused failed``.
        detail: what else is worth knowing later; secrets in it are masked.
    """
    desk = request.app.state.desk
    trail.note(
        desk.records, desk.loaded, visitor(request), action, subject=subject, outcome=outcome, detail=detail or None
    )
