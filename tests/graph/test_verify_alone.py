"""Two runs verify one version in one folder: each has the sandbox to itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployforge_tasks.core.events import Event
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.verify import verify
from deployforge_tasks.platforms.base import Job
from tests.graph.shelf import Shelf, ShelfOptions, ShelfServer, load_project, shelves, write_project

INSTALLED, GO_ON = threading.Event(), threading.Event()


class SlowShelf(Shelf):
    """Installs into the sandbox, and runs what lies there when it may go on."""

    def verify(self, job: Job[ShelfOptions]) -> Evidence:
        program = job.sandbox().root / "program"
        program.write_text(str(job.version))
        INSTALLED.set()
        assert GO_ON.wait(30)
        return Evidence("install", "shelf 1", program.read_text())


def test_a_second_run_waits_until_the_sandbox_is_free(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path / "project", {"one": {"url": server.url}})
    with shelves("one"):
        deploy(load_project(project))

    def hear(event: Event) -> None:
        if event.kind == "log" and "another run works on" in str(event.data["text"]):
            GO_ON.set()

    with shelves("one", kind=SlowShelf), ThreadPoolExecutor() as pool:
        first = pool.submit(verify, load_project(project))
        assert INSTALLED.wait(30)
        second = pool.submit(verify, load_project(project), listeners=[hear])
        assert [first.result().outcome, second.result().outcome] == ["ok", "ok"]
