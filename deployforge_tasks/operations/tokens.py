"""API tokens of a project's dashboard: make, list, revoke. Each is kept in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.operations.trail import note

if TYPE_CHECKING:
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.access.roles import Role, Visitor
    from deployforge_tasks.access.tokens import Token
    from deployforge_tasks.project.load import Loaded

#: How somebody came who called a command: they can reach the ledger, and need no role.
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class NewToken:
    """A token with its value: nothing can show it again."""

    token: Token
    value: str


@contextmanager
def records_of(loaded: Loaded, ledger_url: str | None = None) -> Iterator[Records]:
    """What the project's ledger keeps about people.

    Raises:
        ConfigError: it cannot be opened.
    """
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.graph.context import ledger_url as own_ledger

    opened = Records.open(ledger_url or own_ledger(loaded))
    try:
        yield opened
    finally:
        opened.close()


def at_the_command_line(loaded: Loaded) -> Visitor:
    """Who calls a command."""
    from deployforge_tasks.access.roles import Visitor
    from deployforge_tasks.graph.surroundings import actor

    return Visitor(actor(loaded.environ) or "", "admin", COMMAND_LINE)


def new_token(records: Records, loaded: Loaded, visitor: Visitor, *, name: str, role: Role, days: int) -> NewToken:
    """Make a token; nobody makes one that may do more than they may.

    Raises:
        AccessError: the name or the days are not allowed, an active token has the name, or the visitor is not an admin.
    """
    _only_admins(visitor)
    by_hand = visitor.method == COMMAND_LINE
    made_by = f"{visitor.name}, {COMMAND_LINE}" if by_hand else visitor.name
    token, value = records.tokens.new(
        loaded.project.name,
        name,
        role,
        days=days,
        made_by=made_by,
        maker="" if by_hand else f"{visitor.name}\n{visitor.maker}".strip(),
    )
    note(records, loaded, visitor, "token.new", subject=name, detail={"role": role, "days": days})
    return NewToken(token, value)


def list_tokens(records: Records, loaded: Loaded) -> list[tuple[Token, str]]:
    """Every token with its state (``active expired revoked``), the newest first."""
    now = datetime.now(UTC)
    return [(token, token.state(now)) for token in records.tokens.all(loaded.project.name)]


def revoke_token(records: Records, loaded: Loaded, visitor: Visitor, name: str) -> Token:
    """Revoke the active token of a name, and end the sessions that began with it.

    Raises:
        AccessError: no active token has the name, or the visitor is not an admin.
    """
    _only_admins(visitor)
    found = records.tokens.revoke(loaded.project.name, name)
    note(records, loaded, visitor, "token.revoke", subject=name)
    return found


def _only_admins(visitor: Visitor) -> None:
    if not visitor.can("tokens"):
        raise AccessError(
            f"your role, {visitor.role}, may not make or revoke tokens", hint="an admin may", code="DF3507"
        )
