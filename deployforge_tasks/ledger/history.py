"""Many runs at once: a page of them by what is searched for, and what is known of one version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, exists, select

from deployforge_tasks.ledger.database import open_engine
from deployforge_tasks.ledger.model import Run
from deployforge_tasks.ledger.tables import artifacts, attempts, events, evidence, receipts, runs


@dataclass(frozen=True)
class Search:
    """Which runs; what is "" or None does not narrow them.

    `outcome` is that of the run, or ``open`` (it has not said how it ended); `before` is a number, for the next page.
    """

    version: str = ""
    outcome: str = ""
    platform: str = ""
    actor: str = ""
    since: datetime | None = None
    before: int | None = None


@dataclass(frozen=True)
class Ending:
    """How a stage of a run ended last."""

    run: int
    platform: str
    stage: str
    outcome: str | None
    seconds: float | None


@dataclass(frozen=True)
class Receipt:
    """Something that a platform has: `kind` is ``ours``, ``seen`` (somebody else published it) or ``left``."""

    platform: str
    piece: str
    digest: str
    kind: str
    at: datetime


@dataclass(frozen=True)
class Proof:
    """The newest evidence for a version on a platform."""

    platform: str
    method: str
    client: str
    said: str
    reason: str
    at: datetime


class History:
    """Reads a ledger; safe to use from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> History:
        """Open a ledger (`Ledger.open` tells which URLs there are).

        Raises:
            ConfigError: it cannot be opened.
        """
        return cls(open_engine(url))

    def close(self) -> None:
        self._engine.dispose()

    def runs(self, project: str, profile: str, search: Search, limit: int) -> list[Run]:
        """The newest runs first."""
        columns = [runs.c[name] for name in Run.__dataclass_fields__]
        query = _narrowed(select(*columns), project, profile, search).order_by(runs.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [Run(*row) for row in connection.execute(query)]

    def endings(self, chosen: Sequence[int]) -> list[Ending]:
        """The stages of some runs in the order they began."""
        columns = [attempts.c[name] for name in Ending.__dataclass_fields__]
        query = select(*columns).where(attempts.c.run.in_(list(chosen))).order_by(attempts.c.id)
        with self._engine.connect() as connection:
            return [Ending(*row) for row in connection.execute(query)]

    def aims(self, chosen: Sequence[int]) -> dict[int, list[str]]:
        """The platforms that each of some runs was to publish to, where it noted them."""
        query = select(events.c.run, events.c.data).where(
            events.c.run.in_(list(chosen)), events.c.kind == "run_started"
        )
        with self._engine.connect() as connection:
            return {row.run: [str(name) for name in row.data.get("platforms", ())] for row in connection.execute(query)}

    def troubles(self, run: int) -> list[tuple[str, str, str]]:
        """Platform, stage and text of each failure and warning of a run, in their order."""
        said = events.c.data
        failed = (events.c.kind == "stage_finished") & (said["outcome"].as_string() == "failed")
        warned = (events.c.kind == "log") & (said["level"].as_string() == "warning")
        query = select(events).where(events.c.run == run, failed | warned).order_by(events.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        texts = [str(row.data.get("reason" if row.kind == "stage_finished" else "text", "")) for row in rows]
        return [(row.platform or "", row.stage or "", text) for row, text in zip(rows, texts, strict=True)]

    def different(self, project: str, profile: str, column: str) -> list[str]:
        """Every value of a column of the runs (``version actor outcome``), the newest first."""
        wanted = runs.c[column]
        query = select(wanted).where(runs.c.project == project, runs.c.profile == profile).order_by(runs.c.id.desc())
        with self._engine.connect() as connection:
            return [text for text in dict.fromkeys(connection.scalars(query)) if text]

    def frozen(self, project: str, version: str) -> list[tuple[str, str, datetime]]:
        """Name, sha256 and the moment of freezing of each release file."""
        columns = (artifacts.c.name, artifacts.c.sha256, artifacts.c.at)
        query = select(*columns).where(artifacts.c.project == project, artifacts.c.version == version)
        with self._engine.connect() as connection:
            return [(row.name, row.sha256, row.at) for row in connection.execute(query.order_by(artifacts.c.name))]

    def receipts(self, project: str, profile: str, version: str) -> list[Receipt]:
        """What platforms have of a version, oldest first."""
        columns = [receipts.c[name] for name in Receipt.__dataclass_fields__]
        query = select(*columns).where(*_version(receipts, project, profile, version)).order_by(receipts.c.id)
        with self._engine.connect() as connection:
            return [Receipt(*row) for row in connection.execute(query)]

    def proofs(self, project: str, profile: str, version: str) -> list[Proof]:
        """The evidence for a version, by platform."""
        columns = [evidence.c[name] for name in Proof.__dataclass_fields__]
        query = select(*columns).where(*_version(evidence, project, profile, version)).order_by(evidence.c.platform)
        with self._engine.connect() as connection:
            return [Proof(*row) for row in connection.execute(query)]


def _version(table: Any, project: str, profile: str, version: str) -> tuple[Any, ...]:
    return (table.c.project == project, table.c.profile == profile, table.c.version == version)


def _narrowed(query: Select[Any], project: str, profile: str, search: Search) -> Select[Any]:
    query = query.where(runs.c.project == project, runs.c.profile == profile)
    if search.version:
        query = query.where(runs.c.version == search.version.removeprefix("v"))
    if search.outcome:
        open_end = runs.c.outcome.is_(None)
        query = query.where(open_end if search.outcome == "open" else runs.c.outcome == search.outcome)
    if search.actor:
        query = query.where(runs.c.actor == search.actor)
    if search.platform:
        query = query.where(exists().where(attempts.c.run == runs.c.id, attempts.c.platform == search.platform))
    if search.since is not None:
        query = query.where(runs.c.started_at >= search.since)
    return query if search.before is None else query.where(runs.c.id < search.before)
