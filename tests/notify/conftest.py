"""A project whose platforms are shelves and whose channels are services on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.notify import pending
from deployforge_tasks.platforms import registry
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import ShelfServer, shelves, write_project
from tests.notify.services import Services

NAMES = ("npm", "pypi", "snap")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services(tmp_path / "services")
    made.start()
    yield made
    made.held.set()
    pending.wait_for_all()
    made.stop()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ShelfServer]:
    made = ShelfServer(tmp_path / "shelf")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project"


Load = Callable[..., Loaded]


@pytest.fixture
def write(folder: Path, shelf: ShelfServer) -> Callable[..., Path]:
    """Writes a project with this ``monitoring:`` section; its platforms are three shelves."""

    def made(
        monitoring: dict[str, Any], *, platforms: dict[str, dict[str, Any]] | None = None, **sections: Any
    ) -> Path:
        options = {name: {"url": shelf.url, **(platforms or {}).get(name, {})} for name in NAMES}
        write_project(folder, options)
        file = folder / "deployforge.yml"
        config = {**yaml.safe_load(file.read_text("utf-8")), "monitoring": {"limit": 10, **monitoring}, **sections}
        file.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
        return file

    return made


@pytest.fixture
def load(write: Callable[..., Path], services: Services) -> Iterator[Load]:
    """Loads such a project, with the variables of every service and `environ` on top."""
    with shelves(*NAMES):

        def made(monitoring: dict[str, Any], *, environ: dict[str, str] | None = None, **more: Any) -> Loaded:
            file = write(monitoring, **more)
            return registry.load(file, environ={**services.environ, **(environ or {})})

        yield made


@pytest.fixture
def kept_environ() -> dict[str, str]:
    """What programs need to start at all, on every system."""
    return {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ}
