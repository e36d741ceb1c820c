"""The trail: who did what, and what was refused. Entries are only ever added; the database refuses every change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Engine, Select, insert, select

from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.database import writing
from deployforge_tasks.ledger.tables import trail

Outcome = Literal["done", "refused", "failed"]
#: Characters that are kept of what a request says: strangers can be refused too, and choose what they send.
_LONGEST = 500
#: Entries that are in memory at once while the whole trail is read.
_CHUNK = 500


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did, or was refused to do.

    Fields: `actor` is who ("" for a stranger) and `role` their role then; `method` is how they had signed on (``local
    token oidc proxy``, or ``command line``) and `origin` the address they came from; `action` is a verb (``deploy``,
    ``sign-on``, ``token.new``), `subject` what it was done to (``run 12``) and `outcome` ``done refused failed``.
    """

    number: int
    at: datetime
    actor: str
    role: str
    method: str
    origin: str
    action: str
    project: str
    profile: str
    subject: str
    outcome: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Filter:
    """Which entries; what is None or "" does not narrow them. `before` is a number, for the next page."""

    actor: str = ""
    action: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


EVERYTHING = Filter()


class Trail:
    """The trail in a ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        *,
        actor: str,
        action: str,
        outcome: Outcome,
        project: str,
        profile: str = "",
        role: str = "",
        method: str = "",
        origin: str = "",
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry; secrets in it are masked."""
        texts = {
            "actor": actor,
            "role": role,
            "method": method,
            "origin": origin,
            "action": action,
            "project": project,
            "profile": profile,
            "subject": subject,
            "outcome": outcome,
        }
        row = {name: redactor.text(text)[:_LONGEST] for name, text in texts.items()}
        with writing(self._engine) as connection:
            connection.execute(
                insert(trail).values(**row, at=datetime.now(UTC), detail=redactor.data(dict(detail or {})))
            )

    def entries(self, project: str, chosen: Filter = EVERYTHING, *, limit: int = 100) -> list[Entry]:
        """The newest entries of a project first."""
        with self._engine.connect() as connection:
            return [Entry(*row) for row in connection.execute(_query(project, chosen).limit(limit))]

    def everything(self, project: str, chosen: Filter = EVERYTHING) -> Iterator[Entry]:
        """Every entry that a filter lets through, the newest first, read piece by piece."""
        before = chosen.before
        while True:
            page = Filter(chosen.actor, chosen.action, chosen.outcome, chosen.since, chosen.until, before)
            found = self.entries(project, page, limit=_CHUNK)
            yield from found
            if len(found) < _CHUNK:
                return
            before = found[-1].number

    def actors(self, project: str) -> list[str]:
        """Everybody who is in it, by name."""
        return self._different(project, "actor")

    def actions(self, project: str) -> list[str]:
        """Every action that is in it, by name."""
        return self._different(project, "action")

    def _different(self, project: str, column: str) -> list[str]:
        query = select(trail.c[column]).where(trail.c.project == project).distinct().order_by(trail.c[column])
        with self._engine.connect() as connection:
            return [text for text in connection.scalars(query) if text]


def _query(project: str, chosen: Filter) -> Select[Any]:
    names = ["id", *list(Entry.__dataclass_fields__)[1:]]
    query = select(*(trail.c[name] for name in names)).where(trail.c.project == project).order_by(trail.c.id.desc())
    for name in ("actor", "action", "outcome"):
        wanted = getattr(chosen, name)
        query = query.where(trail.c[name] == wanted) if wanted else query
    if chosen.since is not None:
        query = query.where(trail.c.at >= chosen.since)
    if chosen.until is not None:
        query = query.where(trail.c.at < chosen.until)
    return query if chosen.before is None else query.where(trail.c.id < chosen.before)
