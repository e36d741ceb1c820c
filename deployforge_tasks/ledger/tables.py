"""The tables. A change of them needs a new `SCHEMA_VERSION` and a step in `migrations` that brings older ledgers up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from deployforge_tasks.ledger.append_only import append_only

SCHEMA_VERSION = 5

metadata = MetaData()

#: What makes two counters different, besides the length of their window.
COUNTER = ("source", "subject", "kind", "unit", "audience", "version", "target", "country")


class UtcTime(TypeDecorator[datetime]):
    """A time with its zone: SQLite forgets the zone, so that every time is stored as UTC and read back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _key() -> list[Column[Any]]:
    return [Column(name, String, nullable=False) for name in ("project", "profile", "platform", "version")]


ledger_schema = Table("ledger_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("project", String, nullable=False),
    Column("profile", String, nullable=False),
    Column("version", String, nullable=False),
    _text("command"),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    _text("outcome", null=True),
    Column("exit_code", Integer),
    # Where it runs: tells a run that goes on from one that was killed.
    Column("host", Text),
    Column("pid", Integer),
    # Who or what started it, where that is known.
    Column("actor", Text),
    Index("runs_of_project", "project", "profile", "id"),
)

attempts = Table(
    "attempts",
    metadata,
    _id(),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False),
    Column("platform", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    _text("outcome", null=True),
    Column("seconds", Float),
    _text("reason"),
    UniqueConstraint("run", "platform", "stage", "number"),
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("run", Integer, ForeignKey("runs.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("platform", String),
    Column("stage", String),
    Column("data", JSON, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("project", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("name", String, primary_key=True),
    _text("sha256"),
    Column("at", UtcTime, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    _id(),
    *_key(),
    _text("piece"),
    _text("digest"),
    Column("at", UtcTime, nullable=False),
    # NULL while it dangles, then: received | published | void
    Column("outcome", String),
    Index("intents_of_key", "project", "profile", "platform", "version"),
)

receipts = Table(
    "receipts",
    metadata,
    _id(),
    *_key(),
    _text("piece"),
    _text("digest"),
    # "ours": the call returned, or a later look-up found it; "seen": somebody else published it; "left": users were
    # taken back from the version
    Column("kind", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("project", "profile", "platform", "version", "kind", "piece"),
)

evidence = Table(
    "evidence",
    metadata,
    *(Column(name, String, primary_key=True) for name in ("project", "profile", "platform", "version")),
    _text("method"),
    _text("client"),
    _text("said"),
    _text("reason"),
    Column("at", UtcTime, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("run", Integer, ForeignKey("runs.id"), nullable=True, index=True),
    *(Column(name, String, nullable=False) for name in ("project", "profile", "version", "event")),
    Column("platform", String),
    _text("channel"),
    # What makes two notifications the same: the second one is not sent again for a while.
    Column("same", String, nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    # delivered | failed | quiet (a duplicate)
    Column("outcome", String, nullable=False),
    _text("reason"),
)

counters = Table(
    "counters",
    metadata,
    _id(),
    *(Column(name, String, nullable=False) for name in ("project", "profile", "platform", *COUNTER)),
    Column("window_days", Integer, nullable=False),
    Column("headline", Boolean, nullable=False),
    _text("meaning"),
    _text("url"),
    # Daily counters: later days may still change; NULL: none will.
    Column("settled", Date),
    # The first and the last day that is known.
    Column("began", Date),
    Column("told_to", Date),
    # When the source told this counter last, and what it said then (not for daily counters).
    Column("read_at", UtcTime),
    Column("newest", BigInteger),
    UniqueConstraint("project", "profile", "platform", *COUNTER, "window_days"),
)

# Every day of every counter that can be told by days: a year a row (`day_blocks` packs it), because years of days of
# every version of every platform are read for one page.
days = Table(
    "days",
    metadata,
    Column("counter", Integer, ForeignKey("counters.id"), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("counts", LargeBinary, nullable=False),
)

# Readings of totals, windows and levels with their moments; the days of a total are made from them.
counts = Table(
    "counts",
    metadata,
    Column("counter", Integer, ForeignKey("counters.id"), primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

gaps = Table(
    "gaps",
    metadata,
    _id(),
    Column("counter", Integer, ForeignKey("counters.id"), nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    # What is known of all these days together.
    Column("count", BigInteger),
    _text("reason"),
)

collections = Table(
    "collections",
    metadata,
    _id(),
    *(Column(name, String, nullable=False) for name in ("project", "profile", "platform")),
    Column("at", UtcTime, nullable=False),
    # collected | unchanged | none (the platform publishes no counts) | failed
    Column("outcome", String, nullable=False),
    _text("reason"),
    # The source asked not to be asked again before.
    Column("not_before", UtcTime),
    Index("collections_of_platform", "project", "profile", "platform", "id"),
)

# What people did, and were refused to do.
trail = append_only(
    Table(
        "trail",
        metadata,
        _id(),
        Column("at", UtcTime, nullable=False),
        *(_text(name) for name in ("actor", "role", "method", "origin", "action")),
        *(_text(name) for name in ("project", "profile", "subject", "outcome")),
        Column("detail", JSON, nullable=False),
        Index("trail_of_project", "project", "id"),
    )
)

approvals = Table(
    "approvals",
    metadata,
    _id(),
    *(Column(name, String, nullable=False) for name in ("project", "profile", "version", "action")),
    # Exactly what was asked for: an approval holds for nothing else.
    Column("request", JSON, nullable=False),
    _text("asked_by"),
    # Who made the token that asked, "" where there is none: they may not approve either.
    _text("asked_maker"),
    Column("asked_at", UtcTime, nullable=False),
    # Of a request that waits: until when; of an approved one: how long it holds.
    Column("ends_at", UtcTime, nullable=False),
    _text("decided_by", null=True),
    Column("decided_at", UtcTime),
    # NULL while it waits, then: approved | refused | used
    Column("outcome", String),
    # The name of what was started with it, so that exactly that can give it back.
    _text("used_for", null=True),
    Index("approvals_of_project", "project", "profile", "id"),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    _id(),
    *(Column(name, String, nullable=False) for name in ("project", "name")),
    # SHA-256 of the value, which is nowhere.
    Column("digest", String, nullable=False, unique=True),
    *(_text(name) for name in ("role", "made_by", "maker")),
    Column("made_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
)

sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of what the browser's cookie holds.
    Column("digest", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("project", "profile", "actor", "method")),
    # NULL: the groups decide, by the roles that the configuration gives them now.
    _text("role", null=True),
    Column("groups", JSON, nullable=False),
    # The token that was signed on with: once that is revoked or over, the session is over too.
    Column("token", Integer, ForeignKey("access_tokens.id")),
    Column("began_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    # Theirs at the provider, which stays the same under another name; NULL where there is none.
    _text("account", null=True),
    # When it was used last, to the minute, and the address that it was used from; NULL where that is not known.
    Column("seen_at", UtcTime),
    _text("origin", null=True),
    Index("sessions_of_actor", "project", "actor"),
)
