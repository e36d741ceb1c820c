"""Sessions of browsers: the cookie holds a random value, the ledger its digest. A session ends after a fixed time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, delete, func, insert, or_, select, update

from deployforge_tasks.access.roles import Role, role_of
from deployforge_tasks.access.tokens import digest
from deployforge_tasks.ledger.database import writing
from deployforge_tasks.ledger.tables import access_tokens, sessions

#: A working day: whoever lost their account at the provider is out on the next one, whatever they do meanwhile.
LASTS = timedelta(hours=12)
#: As often it is written down that a session is used.
_SEEN_EVERY = timedelta(minutes=1)
#: Characters of the digest that name a session to people: nobody gets in with them.
_ID = 12


@dataclass(frozen=True)
class Place:
    """The dashboard that a session is good for, and no other: `method` is how people sign on there."""

    project: str
    profile: str
    method: str


@dataclass(frozen=True)
class Session:
    """Somebody who has signed on; with `role` None their `groups` decide.

    Fields: `id` names it to people; `profile` and `method` are those of the dashboard (`Place`); `maker` is that of
    their token, or their account at the provider (`Visitor.maker`); `seen_at` tells when it was used last, to the
    minute, and `origin` from which address (None and "": not known).
    """

    id: str
    actor: str
    profile: str
    method: str
    role: Role | None
    groups: tuple[str, ...]
    maker: str
    began_at: datetime
    ends_at: datetime
    seen_at: datetime | None
    origin: str

    def role_by(self, roles: Mapping[str, Role], default: Role | None) -> Role | None:
        """The role now, by what the configuration says now."""
        return self.role or role_of(self.groups, roles, default)


class Sessions:
    """The sessions in a ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        place: Place,
        actor: str,
        *,
        role: Role | None = None,
        groups: Iterable[str] = (),
        account: str | None = None,
        token: int | None = None,
        origin: str = "",
        lasts: timedelta = LASTS,
    ) -> str:
        """Begin a session and forget those that are over; returns the value for the cookie.

        Args:
            place: the dashboard.
            actor: who.
            role: their role for the whole session; None: what the groups give at each request.
            groups: theirs at the provider.
            account: theirs at the provider, which stays the same under another name.
            token: the number of the token that they signed on with.
            origin: the address that they come from.
            lasts: how long.
        """
        value, now = secrets.token_urlsafe(32), datetime.now(UTC)
        row = {"project": place.project, "profile": place.profile, "method": place.method, "actor": actor}
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.ends_at <= now))
            connection.execute(
                insert(sessions).values(
                    **row,
                    digest=digest(value),
                    role=role,
                    groups=list(groups),
                    token=token,
                    account=account,
                    began_at=now,
                    ends_at=now + lasts,
                    seen_at=now,
                    origin=origin,
                )
            )
        return value

    def find(self, place: Place, value: str) -> Session | None:
        """The session of a cookie, unless it is over, or the token that it began with is; its role is the token's."""
        query = (
            _open(place.project)
            .where(sessions.c.digest == digest(value), sessions.c.profile == place.profile)
            .where(sessions.c.method == place.method)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else _session(row)

    def all(self, project: str) -> list[Session]:
        """Every session that is open, of every dashboard of the project; the newest first."""
        with self._engine.connect() as connection:
            return [_session(row) for row in connection.execute(_open(project).order_by(sessions.c.began_at.desc()))]

    def seen(self, session: Session, origin: str) -> None:
        """Write down that a session is used, and from where; not more often than needed."""
        now = datetime.now(UTC)
        if session.seen_at is not None and session.seen_at + _SEEN_EVERY > now:
            return
        with writing(self._engine, durable=False) as connection:
            connection.execute(update(sessions).where(_named(session.id)).values(seen_at=now, origin=origin))

    def end(self, value: str) -> None:
        """Sign out."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest(value)))

    def end_one(self, project: str, session: str) -> bool:
        """End a session by its id; says whether it was there."""
        with writing(self._engine) as connection:
            chosen = _named(session) & (sessions.c.project == project)
            return connection.execute(delete(sessions).where(chosen)).rowcount > 0

    def end_all(self, project: str, actor: str, method: str = "") -> int:
        """Sign somebody out everywhere; returns how many sessions that ended.

        Args:
            project: the project, with all its dashboards.
            actor: who.
            method: only where people sign on so: somebody else may have the same name elsewhere. "": everywhere.
        """
        chosen = (sessions.c.project == project) & (sessions.c.actor == actor)
        if method:
            chosen &= sessions.c.method == method
        with writing(self._engine) as connection:
            return connection.execute(delete(sessions).where(chosen)).rowcount


def _open(project: str) -> Select[Any]:
    """The sessions that are not over, and whose token is not either."""
    now, token = datetime.now(UTC), access_tokens.c
    holds = token.revoked_at.is_(None) & (token.ends_at > now)
    return (
        select(sessions, token.maker, token.role.label("token_role"))
        .join(access_tokens, token.id == sessions.c.token, isouter=True)
        .where(sessions.c.project == project, sessions.c.ends_at > now)
        .where(or_(sessions.c.token.is_(None), holds))
    )


def _named(session: str) -> ColumnElement[bool]:
    return func.substr(sessions.c.digest, 1, _ID) == session


def _session(row: Any) -> Session:
    return Session(
        row.digest[:_ID],
        row.actor,
        row.profile,
        row.method,
        row.token_role or row.role,
        tuple(row.groups),
        row.maker or row.account or "",
        row.began_at,
        row.ends_at,
        row.seen_at,
        row.origin or "",
    )
