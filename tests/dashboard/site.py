"""A dashboard under test: over a project with runs in its ledger, in this process or behind a real port."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from deployforge_tasks.core.events import Event
from deployforge_tasks.dashboard.app import create_app
from deployforge_tasks.dashboard.binding import listen
from deployforge_tasks.dashboard.desk import Desk, open_desk
from deployforge_tasks.dashboard.server import Server
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.settings import Settings
from tests.support.cases import sample_project

#: What a stage says when it ends: platform, stage, outcome, seconds, reason.
Stage = tuple[str, str, str, float, str]


@dataclass
class Site:
    """The application with a client in this process."""

    desk: Desk
    app: FastAPI
    client: TestClient

    def record(
        self, stages: Sequence[Stage], *, version: str = "1.0.0", outcome: str | None = "done", logs: int = 0
    ) -> int:
        """A run as the graph writes it, event by event; without an outcome it goes on. Returns its number."""
        return record(self.desk.ledger_url, self.desk.project, stages, version=version, outcome=outcome, logs=logs)


def record(
    url: str,
    project: str,
    stages: Sequence[Stage],
    *,
    version: str = "1.0.0",
    outcome: str | None = "done",
    logs: int = 0,
) -> int:
    """Write a run into a ledger, event by event, as the graph does."""
    ledger = Ledger.open(url)
    run = ledger.start_run(project, "", version, f"deployforge deploy v{version}")
    journal = ledger.listener(run)
    aims = list(dict.fromkeys(platform for platform, *_ in stages))
    journal(Event("run_started", data={"project": project, "version": version, "run": run, "platforms": aims}))
    for platform, stage, end, seconds, reason in stages:
        journal(Event("stage_started", platform, stage))
        for number in range(logs):
            journal(Event("log", platform, stage, {"level": "info", "text": f"line {number} of {stage}"}))
        data: dict[str, Any] = {"outcome": end, "seconds": seconds, "reason": reason}
        journal(Event("stage_finished", platform, stage, data))
    if outcome is not None:
        code = 0 if outcome == "done" else 7
        journal(Event("run_finished", data={"outcome": outcome, "exit_code": code}))
        journal.flush()
        ledger.finish_run(run, outcome, code)
    journal.flush()
    ledger.close()
    return run


@contextmanager
def open_site(folder: Path, **sections: Any) -> Iterator[Site]:
    """A dashboard over the sample project in a folder, with an empty ledger."""
    project = sample_project(folder, **sections)
    with open_desk(Settings(file=project / "deployforge.yml", environ={})) as desk:
        app = create_app(desk)
        with TestClient(app, base_url="http://127.0.0.1") as client:
            yield Site(desk, app, client)


@contextmanager
def served(app: FastAPI, port: int = 0) -> Iterator[str]:
    """The application behind a real port of this machine; yields its address."""
    with listen("127.0.0.1", port) as socket:
        answers = threading.Event()
        server = Server(app, answers.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
        thread.start()
        try:
            assert answers.wait(10)
            yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
