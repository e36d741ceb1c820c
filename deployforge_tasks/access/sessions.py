"""Sessions of browsers: the cookie holds a random value, the ledger its digest. A session ends after a fixed time."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, or_, select

from deployforge_tasks.access.roles import Role, role_of
from deployforge_tasks.access.tokens import digest
from deployforge_tasks.ledger.database import writing
from deployforge_tasks.ledger.tables import access_tokens, sessions

#: A working day: whoever lost their account at the provider is out on the next one, whatever they do meanwhile.
LASTS = timedelta(hours=12)


@dataclass(frozen=True)
class Place:
    """The dashboard that a session is good for, and no other: `method` is how people sign on there."""

    project: str
    profile: str
    method: str


@dataclass(frozen=True)
class Session:
    """Somebody who has signed on; with `role` None their `groups` decide. `maker` is that of their token."""

    actor: str
    role: Role | None
    groups: tuple[str, ...]
    maker: str
    began_at: datetime
    ends_at: datetime

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
        token: int | None = None,
        lasts: timedelta = LASTS,
    ) -> str:
        """Begin a session and forget those that are over; returns the value for the cookie.

        Args:
            place: the dashboard.
            actor: who.
            role: their role for the whole session; None: what the groups give at each request.
            groups: theirs at the provider.
            token: the number of the token that they signed on with.
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
                    began_at=now,
                    ends_at=now + lasts,
                )
            )
        return value

    def find(self, place: Place, value: str) -> Session | None:
        """The session of a cookie, unless it is over, or the token that it began with is; its role is the token's."""
        now = datetime.now(UTC)
        token = access_tokens.c
        holds = (token.revoked_at.is_(None)) & (token.ends_at > now)
        query = (
            select(sessions, token.maker, token.role.label("token_role"))
            .join(access_tokens, token.id == sessions.c.token, isouter=True)
            .where(sessions.c.digest == digest(value), sessions.c.ends_at > now)
            .where(sessions.c.project == place.project, sessions.c.profile == place.profile)
            .where(sessions.c.method == place.method, or_(sessions.c.token.is_(None), holds))
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Session(
            row.actor, row.token_role or row.role, tuple(row.groups), row.maker or "", row.began_at, row.ends_at
        )

    def end(self, value: str) -> None:
        """Sign out."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest(value)))

    def end_all(self, place: Place, actor: str) -> int:
        """Sign somebody out everywhere; returns how many sessions that ended."""
        chosen = (sessions.c.project == place.project) & (sessions.c.actor == actor)
        with writing(self._engine) as connection:
            return connection.execute(delete(sessions).where(chosen)).rowcount
