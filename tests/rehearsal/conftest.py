"""Projects to rehearse: the sample program, and whatever a test lays over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.operations.settings import Settings
from tests.support.cases import sample_project

MakeProject = Callable[..., Settings]


@pytest.fixture
def project(tmp_path: Path) -> MakeProject:
    """Write the sample project with other sections; `environ` is all that it knows."""

    def make(environ: dict[str, str] | None = None, **sections: Any) -> Settings:
        folder = sample_project(tmp_path / "project", **sections)
        return Settings(folder / "deployforge.yml", environ=environ or {})

    return make
