"""API tokens: made, listed and revoked. The ledger has only their digests; the value is shown once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, insert, select, update

from deployforge_tasks.access.roles import Role
from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.database import alone, writing
from deployforge_tasks.ledger.tables import access_tokens

#: Begins every token, so that secret scanners know one when they see it: ``dfd_[A-Za-z0-9_-]{43}``.
PREFIX = "dfd_"
_BYTES = 32
LONGEST_DAYS = 366
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Token:
    """A token without its value.

    Fields: `made_by` says who made it; `maker` too, and who stands behind them (`Visitor.maker`), if they did it in the
    dashboard, else "" (the command line).
    """

    id: int
    name: str
    role: Role
    made_by: str
    maker: str
    made_at: datetime
    ends_at: datetime
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """``active expired revoked``."""
        return "revoked" if self.revoked_at else "expired" if self.ends_at <= now else "active"


def digest(value: str) -> str:
    """What the ledger keeps of a random value. It is random enough that no salt or slow hash adds anything."""
    return hashlib.sha256(value.encode()).hexdigest()


class Tokens:
    """The tokens in a ledger, each of one project."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._masked: set[int] = set()

    def new(
        self, project: str, name: str, role: Role, *, days: int, made_by: str, maker: str = ""
    ) -> tuple[Token, str]:
        """Make a token; returns it with its value, which nothing can show again.

        Raises:
            AccessError: the name is none, or an active token has it; or the days are not between 1 and 366.
        """
        _check(name, days)
        value, now = f"{PREFIX}{secrets.token_urlsafe(_BYTES)}", datetime.now(UTC)
        redactor.add(value)
        row = {"name": name, "role": role, "made_by": made_by, "maker": maker}
        times = {"made_at": now, "ends_at": now + timedelta(days=days)}
        with writing(self._engine) as connection:
            alone(connection, f"tokens {project}")
            taken = _query(project).where(access_tokens.c.name == name, access_tokens.c.revoked_at.is_(None))
            if connection.execute(taken.where(access_tokens.c.ends_at > now)).first() is not None:
                raise AccessError(
                    f"an active token is called {name}",
                    hint="choose another name, or revoke that one first",
                    code="DF3505",
                )
            made = connection.execute(
                insert(access_tokens)
                .values(project=project, **row, **times, digest=digest(value))
                .returning(*_columns())
            ).one()
        return Token(*made), value

    def all(self, project: str) -> list[Token]:
        """Every token that was ever made, the newest first."""
        return self._found(_query(project).order_by(access_tokens.c.id.desc()))

    def active(self, project: str) -> list[Token]:
        now = datetime.now(UTC)
        return [token for token in self.all(project) if token.state(now) == "active"]

    def revoke(self, project: str, name: str) -> Token:
        """Revoke the active token of a name: it and every session that began with it end at once.

        Raises:
            AccessError: no active token has the name.
        """
        found = next((token for token in self.active(project) if token.name == name), None)
        if found is None:
            raise AccessError(
                f"no active token is called {name}",
                hint="`deployforge dashboard token list` shows them all",
                code="DF3506",
            )
        with writing(self._engine) as connection:
            connection.execute(
                update(access_tokens).where(access_tokens.c.id == found.id).values(revoked_at=datetime.now(UTC))
            )
        return found

    def find(self, project: str, value: str) -> Token | None:
        """The active token with this value."""
        if not value.startswith(PREFIX):
            return None
        wanted = digest(value)
        with self._engine.connect() as connection:
            query = _query(project).add_columns(access_tokens.c.digest).where(access_tokens.c.digest == wanted)
            row = connection.execute(query).first()
        if row is None or not hmac.compare_digest(row[-1], wanted):
            return None
        token = Token(*row[:-1])
        if token.id not in self._masked:
            redactor.add(value)
            self._masked.add(token.id)
        return token if token.state(datetime.now(UTC)) == "active" else None

    def _found(self, query: Select[Any]) -> list[Token]:
        with self._engine.connect() as connection:
            return [Token(*row) for row in connection.execute(query)]


def _columns() -> list[Any]:
    return [access_tokens.c[name] for name in Token.__dataclass_fields__]


def _query(project: str) -> Select[Any]:
    return select(*_columns()).where(access_tokens.c.project == project)


def _check(name: str, days: int) -> None:
    if not _NAME.fullmatch(name):
        raise AccessError(
            f"`{name[:70]}` cannot be the name of a token",
            hint="write up to 64 letters, digits, dots, underscores and hyphens, and begin with a letter or digit",
            code="DF3503",
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise AccessError(
            f"a token cannot hold for {days} days",
            hint=f"choose 1 to {LONGEST_DAYS} days; a new one is made in a moment",
            code="DF3504",
        )
