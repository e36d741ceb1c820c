"""The sessions of a project's dashboards: list and end them. Each end is kept in the trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.operations.trail import note

if TYPE_CHECKING:
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.access.roles import Role, Visitor
    from deployforge_tasks.access.sessions import Session
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class OpenSession:
    """A session with the role that it gives now (None: they may not even look), and whether it is the visitor's."""

    session: Session
    role: Role | None
    mine: bool
    here: bool
    """The visitor asks with it."""


def list_sessions(records: Records, loaded: Loaded, visitor: Visitor) -> list[OpenSession]:
    """The open sessions that a visitor may end, the newest first: an admin everybody's, all others their own."""
    rules = loaded.project.dashboard
    found = [
        OpenSession(
            one, one.role_by(rules.roles, rules.default_role), _is_theirs(one, visitor), one.id == visitor.session
        )
        for one in records.sessions.all(loaded.project.name)
    ]
    return [one for one in found if one.mine or visitor.can("tokens")]


def end_session(records: Records, loaded: Loaded, visitor: Visitor, session: str) -> Session:
    """End a session: whoever has it is out at once; who watches live, within seconds.

    Args:
        records: where sessions are.
        loaded: the project.
        visitor: who ends it: an admin, or whose it is.
        session: its id.

    Raises:
        AccessError: there is none that this visitor may end.
    """
    name = loaded.project.name
    found = next((one.session for one in list_sessions(records, loaded, visitor) if one.session.id == session), None)
    if found is None or not records.sessions.end_one(name, session):
        note(
            records,
            loaded,
            visitor,
            "session.end",
            outcome="refused",
            detail={"session": session[:40], "reason": "no such session of theirs"},
        )
        whose = "" if visitor.can("tokens") else " of yours"
        raise AccessError(
            f"no open session{whose} is called {session[:40]}",
            hint="it may have ended meanwhile; look at the list again",
            code="DF3508",
        )
    note(records, loaded, visitor, "session.end", subject=found.actor, detail={"session": session})
    return found


def end_sessions_of(records: Records, loaded: Loaded, visitor: Visitor, person: str) -> int:
    """End every session of a person, however they signed on; returns how many there were.

    Raises:
        AccessError: the visitor is not an admin.
    """
    if not visitor.can("tokens"):
        raise AccessError(
            f"your role, {visitor.role}, may not end sessions of others", hint="an admin may", code="DF3509"
        )
    ended = records.sessions.end_all(loaded.project.name, person)
    note(records, loaded, visitor, "session.end-all", subject=person, detail={"sessions": ended})
    return ended


def _is_theirs(session: Session, visitor: Visitor) -> bool:
    """Whether a session is a visitor's; who signs on otherwise, and has the same name, may be somebody else."""
    return (session.actor, session.method) == (visitor.name, visitor.method)
