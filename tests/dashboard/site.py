"""A dashboard under test: over a project with runs in its ledger, in this process or behind a real port."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from starlette.testclient import TestClient

from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.core.events import Event
from deployforge_tasks.dashboard.app import create_app
from deployforge_tasks.dashboard.binding import listen
from deployforge_tasks.dashboard.desk import Desk, open_desk
from deployforge_tasks.dashboard.door import Door
from deployforge_tasks.dashboard.server import Server
from deployforge_tasks.ledger.model import Scope as Counted
from deployforge_tasks.ledger.model import Try
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.settings import Settings
from tests.operations.remembering import noon, remember_run
from tests.support.cases import sample_project

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

ADDRESS = "http://127.0.0.1"
#: What a stage says when it ends: platform, stage, outcome, seconds, reason.
Stage = tuple[str, str, str, float, str]


@dataclass
class Site:
    """The application with a client in this process."""

    desk: Desk
    app: FastAPI
    client: TestClient

    @property
    def door(self) -> Door:
        found: Door = self.app.state.door
        return found

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


def keep_first_day(site: Site, platform: str = "github", version: str = "0.9.0") -> None:
    """A release of three days ago, and a total of it that was read every hour since: ten downloads an hour."""
    day = site.desk.now().date() - timedelta(days=3)
    remember_run(site.desk.loaded, version, day, [(platform, "publish", "ok", 1.0)], seconds=1.0)
    moments = [noon(day) + timedelta(hours=hour) for hour in range(27)]
    readings = tuple(Reading(at, 10 * hour) for hour, at in enumerate(moments))
    counter = Counter(platform, "hello.zip", Kind.TOTAL, version=version, headline=True)
    keep_downloads(site, platform, Series(counter, readings, "downloads of that file", ""))


def keep_downloads(site: Site, platform: str, *told: Series) -> None:
    """Store what a platform told about downloads, as a collection does."""
    ledger, now = Ledger.open(site.desk.ledger_url), site.desk.now()
    store, here = ledger.downloads(), Counted(site.desk.project, site.desk.loaded.profile)
    store.keep(here, platform, told, now)
    store.record(here, Try(platform, now, "collected", "", None))
    ledger.close()


@contextmanager
def open_site(folder: Path, environ: Mapping[str, str] | None = None, **sections: Any) -> Iterator[Site]:
    """A dashboard over the sample project in a folder, with an empty ledger."""
    project = sample_project(folder, **sections)
    with open_desk(Settings(file=project / "deployforge.yml", environ=environ or {})) as desk:
        app = create_app(desk)
        # The sample project's platforms are the public ones.
        app.state.last_look.by_itself = app.state.collecting.by_itself = False
        app.state.known_insights.by_itself = False  # a test that is about it waits for its end
        with TestClient(app, base_url=ADDRESS) as client:
            if desk.loaded.project.dashboard.auth == "local":
                sign_on(client)
            yield Site(desk, app, client)


def sign_on(client: TestClient) -> None:
    """Sign on as somebody who sees the terminal does; `served` lets everybody in with that session."""
    app: Any = client.app
    assert client.get(app.state.door.new_link()).status_code == 200
    app.state.cookies = dict(client.cookies)


class _SignedOn:
    """Brings the session of the site's own client with every request that has none."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookies = getattr(self.state, "cookies", {})
        if scope["type"] == "http" and cookies:
            headers = [header for header in scope["headers"] if header[0] != b"cookie"]
            sent = [value.decode() for name, value in scope["headers"] if name == b"cookie"]
            missing = [f"{name}={value}" for name, value in cookies.items() if name not in "; ".join(sent)]
            scope = {**scope, "headers": [*headers, (b"cookie", "; ".join([*sent, *missing]).encode())]}
        await self._app(scope, receive, send)


@contextmanager
def served(app: FastAPI, port: int = 0, *, signed_on: bool = True) -> Iterator[str]:
    """The application behind a real port of this machine; yields its address.

    Args:
        app: the application.
        port: the port; 0 takes a free one.
        signed_on: whoever comes has the session of the site's own client.
    """
    with listen("127.0.0.1", port) as socket:
        answers = threading.Event()
        server = Server(cast("FastAPI", _SignedOn(app)) if signed_on else app, answers.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
        thread.start()
        try:
            assert answers.wait(10)
            yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
