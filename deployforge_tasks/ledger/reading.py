"""Reading what runs left in the ledger: for lists, logs, displays that follow a run, and estimates. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Engine, Select, func, select

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.counted import Counted
from deployforge_tasks.ledger.database import open_engine
from deployforge_tasks.ledger.model import Attempt, Run
from deployforge_tasks.ledger.tables import attempts, events, receipts, runs

if TYPE_CHECKING:
    from deployforge_tasks.ledger.run_log import RunLog

#: Rows that are in memory at once while events are read.
_CHUNK = 500
#: Earlier tries of a stage that a typical time is made from.
_SAMPLE = 200


@dataclass(frozen=True)
class StoredEvent:
    """An event with its number, which grows in the order of the run."""

    number: int
    event: Event


class Reader:
    """Reads a ledger that other processes write meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a ledger (`Ledger.open` tells which URLs there are).

        Raises:
            ConfigError: it cannot be opened.
        """
        return cls(open_engine(url))

    def close(self) -> None:
        self._engine.dispose()

    def counted(self) -> Counted:
        """The download counters, through the same connections."""
        return Counted(self._engine)

    def log(self, run: int) -> RunLog:
        """The events of a run as a log, through the same connections."""
        from deployforge_tasks.ledger.run_log import RunLog

        return RunLog(self._engine, run)

    def runs(self, project: str, profile: str | None, limit: int) -> list[Run]:
        """The newest runs first; those of every profile for None."""
        chosen = [runs.c.project == project, *([] if profile is None else [runs.c.profile == profile])]
        return self._runs(run_query().where(*chosen).order_by(runs.c.id.desc()).limit(limit))

    def run(self, number: int) -> Run | None:
        return next(iter(self._runs(run_query().where(runs.c.id == number))), None)

    def events(
        self,
        run: int,
        *,
        after: int = 0,
        platform: str | None = None,
        stage: str | None = None,
        kinds: Sequence[str] = (),
    ) -> Iterator[StoredEvent]:
        """The events of a run in their order, read piece by piece.

        Args:
            run: its number.
            after: only those with a larger number.
            platform: only this platform's.
            stage: only this stage's.
            kinds: only these (default: all).
        """
        wanted = [events.c.run == run]
        wanted += [events.c.platform == platform] if platform is not None else []
        wanted += [events.c.stage == stage] if stage is not None else []
        wanted += [events.c.kind.in_(list(kinds))] if kinds else []
        while True:
            query = select(events).where(*wanted, events.c.id > after).order_by(events.c.id).limit(_CHUNK)
            with self._engine.connect() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield StoredEvent(row.id, Event(row.kind, row.platform, row.stage, dict(row.data), row.at))
            if len(rows) < _CHUNK:
                return
            after = rows[-1].id

    def neighbours(self, run: Run) -> tuple[int | None, int | None]:
        """The numbers of the run before and the run after one, of the same project and profile."""
        same = [runs.c.project == run.project, runs.c.profile == run.profile]
        before = select(runs.c.id).where(*same, runs.c.id < run.id).order_by(runs.c.id.desc()).limit(1)
        after = select(runs.c.id).where(*same, runs.c.id > run.id).order_by(runs.c.id).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(before), connection.scalar(after)

    def runs_of_version(self, project: str, profile: str, version: str, limit: int) -> list[Run]:
        """The newest runs of one version first."""
        chosen = (runs.c.project == project, runs.c.profile == profile, runs.c.version == version)
        return self._runs(run_query().where(*chosen).order_by(runs.c.id.desc()).limit(limit))

    def aims(self, run: int) -> list[str]:
        """The platforms that a run was to publish to."""
        query = select(events.c.data).where(events.c.run == run, events.c.kind == "run_started")
        with self._engine.connect() as connection:
            data = connection.scalar(query) or {}
        if "platforms" in data:
            return [str(name) for name in data["platforms"]]
        # An older DeployForge did not note them.
        return list(dict.fromkeys(a.platform for a in self.attempts([run])[run] if a.stage == "publish"))

    def last_event(self, run: int) -> int:
        """The number of the run's last event, 0 if it has none."""
        query = select(events.c.id).where(events.c.run == run).order_by(events.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def last_event_at(self, run: int) -> datetime | None:
        """When the run was heard of last."""
        query = select(events.c.at).where(events.c.run == run).order_by(events.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def tasks(self, run: int) -> list[tuple[str | None, str | None]]:
        """Platform and stage of everything that the run tells something about."""
        query = select(events.c.platform, events.c.stage).where(events.c.run == run).distinct()
        with self._engine.connect() as connection:
            return [(row.platform, row.stage) for row in connection.execute(query)]

    def attempts(self, chosen: Sequence[int]) -> dict[int, list[Attempt]]:
        """Every try of every stage of some runs, by the run's number, in the order they began."""
        columns = [attempts.c[name] for name in ("run", *Attempt.__dataclass_fields__)]
        query = select(*columns).where(attempts.c.run.in_(list(chosen))).order_by(attempts.c.id)
        found: dict[int, list[Attempt]] = {number: [] for number in chosen}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                found[row.run].append(Attempt(*row[1:]))
        return found

    def usual_seconds(
        self, project: str, profile: str, *, before: int | None = None
    ) -> Mapping[tuple[str, str], float]:
        """How long each stage of each platform took when it last went well (the median of up to five).

        before: only what earlier runs than this one took.
        """
        earlier = [] if before is None else [attempts.c.run < before]
        query = (
            select(attempts.c.platform, attempts.c.stage, attempts.c.seconds)
            .join(runs, runs.c.id == attempts.c.run)
            .where(runs.c.project == project, runs.c.profile == profile)
            .where(attempts.c.outcome == "ok", attempts.c.seconds.is_not(None), *earlier)
            .order_by(attempts.c.id.desc())
            .limit(_SAMPLE)
        )
        times: dict[tuple[str, str], list[float]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                times.setdefault((row.platform, row.stage), []).append(row.seconds)
        return {task: median(seconds[:5]) for task, seconds in times.items()}

    def packaged(self, project: str, profile: str) -> dict[tuple[str, str], tuple[int, int]]:
        """Files and bytes of the newest package of each version, by platform and version."""
        query = (
            select(events.c.platform, runs.c.version, events.c.data)
            .join(runs, runs.c.id == events.c.run)
            .where(runs.c.project == project, runs.c.profile == profile, events.c.kind == "packaged")
            .order_by(events.c.id)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {(row.platform, row.version): (int(row.data["pieces"]), int(row.data["bytes"])) for row in rows}

    def released(self, project: str, profile: str) -> list[tuple[str, str, datetime]]:
        """Version, platform and the moment of the first receipt of each version that a platform has, oldest first."""
        first = func.min(receipts.c.at).label("at")
        query = (
            select(receipts.c.version, receipts.c.platform, first)
            .where(receipts.c.project == project, receipts.c.profile == profile, receipts.c.kind != "left")
            .group_by(receipts.c.version, receipts.c.platform)
            .order_by(first)
        )
        with self._engine.connect() as connection:
            return [(row.version, row.platform, row.at) for row in connection.execute(query)]

    def launched(self, project: str, profile: str) -> list[tuple[str, str, datetime]]:
        """Of `released`, the versions that we published: of others nobody knows since when they had been there."""
        query = select(receipts.c.version, receipts.c.platform, func.min(receipts.c.at)).where(
            receipts.c.project == project, receipts.c.profile == profile, receipts.c.kind == "ours"
        )
        with self._engine.connect() as connection:
            ours = {tuple(row) for row in connection.execute(query.group_by(receipts.c.version, receipts.c.platform))}
        return [one for one in self.released(project, profile) if one in ours]

    def median_seconds(
        self, project: str, profile: str, *, before: int, last: int = 10
    ) -> Mapping[tuple[str, str], float]:
        """How long each stage of each platform took in the last runs before one: the median where it went well."""
        numbers = (
            select(runs.c.id)
            .where(runs.c.project == project, runs.c.profile == profile, runs.c.id < before)
            .order_by(runs.c.id.desc())
            .limit(last)
        )
        query = select(attempts.c.platform, attempts.c.stage, attempts.c.seconds).where(
            attempts.c.run.in_(numbers), attempts.c.outcome == "ok", attempts.c.seconds.is_not(None)
        )
        times: dict[tuple[str, str], list[float]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                times.setdefault((row.platform, row.stage), []).append(row.seconds)
        return {task: median(seconds) for task, seconds in times.items()}

    def _runs(self, query: Select[Any]) -> list[Run]:
        with self._engine.connect() as connection:
            return [Run(*row) for row in connection.execute(query)]


def run_query() -> Select[Any]:
    """The columns of a `Run`."""
    return select(*(runs.c[name] for name in Run.__dataclass_fields__))
