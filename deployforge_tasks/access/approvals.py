"""A second person's approval: asked for, decided by somebody else, and used once for exactly what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Select, insert, or_, select, update

from deployforge_tasks.access.roles import Visitor
from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.ledger.database import alone, writing
from deployforge_tasks.ledger.tables import approvals

Action = Literal["deploy", "rollback"]


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to do; `platforms` are sorted, and all of them by name. Anything else is another request.

    A rollback goes from `version` back `to` another ("": the one before).
    """

    project: str
    profile: str
    action: Action
    version: str
    platforms: tuple[str, ...]
    to: str = ""

    @classmethod
    def of(
        cls, project: str, profile: str, action: Action, version: str, platforms: Sequence[str], *, to: str = ""
    ) -> Wanted:
        """The same wish is always equal, in whatever order its platforms are named."""
        return cls(project, profile, action, version, tuple(sorted(set(platforms))), to)


@dataclass(frozen=True)
class Approval:
    """A request for approval.

    Fields: `state` is ``waiting approved refused used`` or ``over`` (nobody decided, or used it, in time); `ends_at`
    is until when it waits, or holds; `used_for` names what was started with it, while it is used.
    """

    number: int
    wanted: Wanted
    asked_by: str
    asked_maker: str
    asked_at: datetime
    ends_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    state: str
    used_for: str | None = None

    def why_not(self, visitor: Visitor, *, tokens_are_people: bool) -> str:
        """Why this visitor may not decide about it; "" if they may.

        Args:
            visitor: who.
            tokens_are_people: people sign on with tokens here, and have no other name.
        """
        if self.state != "waiting":
            return f"it is {self.state} already"
        if not visitor.can("approve"):
            return f"your role, {visitor.role}, may not approve; a releaser may"
        if visitor.bearer and not tokens_are_people:
            return "a person has to decide, and this is an API token"
        theirs, asker = _behind(visitor.name, visitor.maker), _behind(self.asked_by, self.asked_maker)
        # Where tokens are people, one admin may have made those of both.
        same = set() if tokens_are_people else theirs & asker
        if same or _bare(visitor.name) in asker or _bare(self.asked_by) in theirs:
            return "whoever asked cannot approve; a second person has to"
        return ""


class Approvals:
    """The requests in a ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, wanted: Wanted, visitor: Visitor, within: timedelta) -> Approval:
        """Ask for approval; the same request of the same person that still waits, or holds, is not made twice."""
        with writing(self._engine) as connection:
            alone(connection, f"approvals {wanted.project}")
            open_one = _open(connection, wanted, visitor)
            if open_one is not None:
                return open_one
            now = datetime.now(UTC)
            row = {"project": wanted.project, "profile": wanted.profile, "version": wanted.version}
            number = connection.execute(
                insert(approvals)
                .values(
                    **row,
                    action=wanted.action,
                    request=_request(wanted),
                    asked_by=visitor.name,
                    asked_maker=visitor.maker,
                    asked_at=now,
                    ends_at=now + within,
                )
                .returning(approvals.c.id)
            ).scalar_one()
            return _one(connection, wanted.project, wanted.profile, number)

    def get(self, project: str, profile: str, number: int) -> Approval:
        """A request by its number.

        Raises:
            AccessError: there is none.
        """
        with self._engine.connect() as connection:
            return _one(connection, project, profile, number)

    def all(self, project: str, profile: str, limit: int = 100) -> list[Approval]:
        """The newest first."""
        query = _query(project, profile).order_by(approvals.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_approval(row) for row in connection.execute(query)]

    def decide(
        self,
        project: str,
        profile: str,
        number: int,
        visitor: Visitor,
        *,
        approve: bool,
        within: timedelta,
        tokens_are_people: bool,
    ) -> Approval:
        """Approve or refuse; an approval holds for `within` from now.

        Raises:
            AccessError: there is no such request, it does not wait any more, or this visitor may not decide about it.
        """
        with writing(self._engine) as connection:
            found = _one(connection, project, profile, number)
            reason = found.why_not(visitor, tokens_are_people=tokens_are_people)
            if reason:
                raise AccessError(
                    f"request {number} cannot be decided by {visitor.name}: {reason}",
                    hint="somebody else with the role releaser or admin can",
                    code="DF3522",
                )
            now = datetime.now(UTC)
            changed = connection.execute(
                update(approvals)
                .where(approvals.c.id == number, approvals.c.outcome.is_(None), approvals.c.ends_at > now)
                .values(
                    decided_by=visitor.name,
                    decided_at=now,
                    outcome="approved" if approve else "refused",
                    ends_at=now + within if approve else found.ends_at,
                )
            )
            if changed.rowcount != 1:
                raise AccessError(
                    f"request {number} was decided meanwhile", hint="look at the list again", code="DF3523"
                )
            return _one(connection, project, profile, number)

    def use(self, wanted: Wanted, visitor: Visitor, used_for: str) -> Approval | None:
        """Use up the approval of exactly this, asked for by this person; None where there is none that holds.

        Args:
            wanted: what they want.
            visitor: who.
            used_for: the name of what is started with it.
        """
        with writing(self._engine) as connection:
            found = _open(connection, wanted, visitor)
            if found is None or found.state != "approved":
                return None
            changed = connection.execute(
                update(approvals)
                .where(approvals.c.id == found.number, approvals.c.outcome == "approved")
                .values(outcome="used", used_for=used_for)
            )
            return _one(connection, wanted.project, wanted.profile, found.number) if changed.rowcount == 1 else None

    def give_back(self, number: int, used_for: str) -> bool:
        """Make an approval good again; says whether it was: however often it is given back, what uses it next keeps it.

        Args:
            number: the approval.
            used_for: what was started with it, and never began.
        """
        with writing(self._engine) as connection:
            changed = connection.execute(
                update(approvals)
                .where(approvals.c.id == number, approvals.c.outcome == "used", approvals.c.used_for == used_for)
                .values(outcome="approved", used_for=None)
            )
        return changed.rowcount == 1

    def used(self, wanted: Wanted, visitor: Visitor) -> list[Approval]:
        """The approvals of exactly this that this person has used, and that would hold still."""
        with self._engine.connect() as connection:
            return _of(connection, wanted, visitor, approvals.c.outcome == "used")


def _open(connection: Connection, wanted: Wanted, visitor: Visitor) -> Approval | None:
    """The newest request of this person for exactly this that waits, or is approved, and is not over."""
    state = or_(approvals.c.outcome.is_(None), approvals.c.outcome == "approved")
    return next(iter(_of(connection, wanted, visitor, state)), None)


def _of(connection: Connection, wanted: Wanted, visitor: Visitor, state: ColumnElement[bool]) -> list[Approval]:
    """The requests of this person for exactly this that are in a state, and not over; the newest first."""
    table = approvals.c
    query = (
        _query(wanted.project, wanted.profile)
        .where(table.version == wanted.version, table.action == wanted.action)
        .where(table.asked_by == visitor.name, table.ends_at > datetime.now(UTC))
        .where(state)
        .order_by(table.id.desc())
    )
    found = (_approval(row) for row in connection.execute(query))
    return [approval for approval in found if approval.wanted == wanted]


def _one(connection: Connection, project: str, profile: str, number: int) -> Approval:
    row = connection.execute(_query(project, profile).where(approvals.c.id == number)).first()
    if row is None:
        raise AccessError(f"there is no request {number}", hint="look at the list of requests", code="DF3521")
    return _approval(row)


def _query(project: str, profile: str) -> Select[Any]:
    return select(approvals).where(approvals.c.project == project, approvals.c.profile == profile)


def _request(wanted: Wanted) -> dict[str, Any]:
    return {**asdict(wanted), "platforms": list(wanted.platforms)}


def _approval(row: Any) -> Approval:
    wanted = Wanted(**{**row.request, "platforms": tuple(row.request["platforms"])})
    open_ended = row.outcome in (None, "approved")
    over = open_ended and row.ends_at <= datetime.now(UTC)
    return Approval(
        row.id,
        wanted,
        row.asked_by,
        row.asked_maker,
        row.asked_at,
        row.ends_at,
        row.decided_by,
        row.decided_at,
        "over" if over else row.outcome or "waiting",
        row.used_for,
    )


def _behind(name: str, makers: str) -> set[str]:
    """Everybody who is, or stands behind, somebody (`Visitor.maker`)."""
    return {_bare(one) for one in (name, *makers.split("\n"))} - {""}


def _bare(name: str) -> str:
    return name.strip().casefold()
