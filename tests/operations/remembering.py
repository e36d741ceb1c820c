"""A project with a past: counted downloads, releases and runs of earlier days, in its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import insert

from deployforge_tasks.graph.context import ledger_url
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import open_engine, writing
from deployforge_tasks.project.load import Loaded


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def remember_run(
    loaded: Loaded,
    version: str,
    day: date,
    stages: Sequence[tuple[str, str, str, float]],
    *,
    seconds: float,
    packaged: tuple[int, int] = (1, 1_000_000),
) -> None:
    """A run on that day at noon.

    Args:
        loaded: the project.
        version: its version.
        day: when.
        stages: platform, stage, outcome and seconds of each attempt; a publication that went well leaves a receipt.
        seconds: how long the run took.
        packaged: files and bytes of each platform's package.
    """
    engine, at = open_engine(ledger_url(loaded)), noon(day)
    scope = {"project": loaded.project.name, "profile": loaded.profile, "version": version}
    with writing(engine) as connection:
        run = connection.execute(
            insert(tables.runs)
            .values(**scope, command="deployforge deploy", started_at=at, finished_at=at + timedelta(seconds=seconds))
            .returning(tables.runs.c.id)
        ).scalar_one()
        for number, (platform, stage, outcome, took) in enumerate(stages):
            tried = {"run": run, "platform": platform, "stage": stage, "number": number, "started_at": at}
            connection.execute(insert(tables.attempts).values(**tried, outcome=outcome, seconds=took, reason=""))
            if stage != "publish" or outcome != "ok":
                continue
            key = {**scope, "platform": platform, "kind": "ours", "piece": platform, "digest": "x", "at": at}
            connection.execute(insert(tables.receipts).values(**key))
            data = dict(zip(("pieces", "bytes"), packaged, strict=True))
            event = {"run": run, "at": at, "kind": "packaged", "platform": platform, "stage": "package", "data": data}
            connection.execute(insert(tables.events).values(**event))
    engine.dispose()
