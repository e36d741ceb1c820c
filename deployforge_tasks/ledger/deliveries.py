"""What was told to whom: the ledger's deliveries, through a connection of their own (they outlive the run's)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Row, insert, select

from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger.database import open_engine, writing
from deployforge_tasks.ledger.tables import deliveries

DELIVERED, FAILED, QUIET = "delivered", "failed", "quiet"


@dataclass(frozen=True)
class Delivery:
    """One message on one channel.

    `platform` names the platforms that it is about, with commas; `same` is equal for two messages that say the same;
    `outcome` is ``delivered failed quiet`` (a duplicate that was not sent); `tries` is 0 for what was never sent;
    `reason` is what the service answered, or why not.
    """

    project: str
    profile: str
    version: str
    event: str
    platform: str
    channel: str
    same: str
    at: datetime
    tries: int
    outcome: str
    reason: str = ""
    run: int | None = None


class Deliveries:
    """The deliveries of a ledger. Safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Deliveries:
        """Open the ledger behind a URL.

        Raises:
            ConfigError: it cannot be opened.
        """
        return cls(open_engine(url))

    def close(self) -> None:
        self._engine.dispose()

    def record(self, delivery: Delivery) -> None:
        row = {field.name: getattr(delivery, field.name) for field in fields(delivery)}
        with writing(self._engine, durable=False) as connection:
            connection.execute(insert(deliveries).values({**redactor.data(row), "at": delivery.at}))

    def told_since(self, delivery: Delivery, since: datetime) -> bool:
        """Whether the same was delivered on the same channel since a moment."""
        table = deliveries.c
        query = select(table.id).where(
            table.same == delivery.same,
            table.channel == delivery.channel,
            table.outcome == DELIVERED,
            table.at > since,
        )
        with self._engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def newest(self, project: str, profile: str, limit: int = 20) -> list[Delivery]:
        """The newest first."""
        table = deliveries.c
        query = select(*_columns()).where(table.project == project, table.profile == profile)
        with self._engine.connect() as connection:
            return [_delivery(row) for row in connection.execute(query.order_by(table.id.desc()).limit(limit))]

    def last(self, project: str, profile: str, channel: str) -> Delivery | None:
        """The last one on a channel, duplicates left out."""
        table = deliveries.c
        query = select(*_columns()).where(
            table.project == project, table.profile == profile, table.channel == channel, table.outcome != QUIET
        )
        with self._engine.connect() as connection:
            row = connection.execute(query.order_by(table.id.desc()).limit(1)).first()
        return _delivery(row) if row else None


@contextmanager
def opened(url: str) -> Iterator[Deliveries]:
    """The deliveries of a ledger, closed at the end."""
    book = Deliveries.open(url)
    try:
        yield book
    finally:
        book.close()


def _columns() -> list[Column[Any]]:
    return [deliveries.c[field.name] for field in fields(Delivery)]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**row._asdict())
