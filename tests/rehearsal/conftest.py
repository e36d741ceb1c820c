"""Projects to rehearse: the sample program, and whatever a test lays over it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.operations.settings import Settings
from tests.support.cases import ROOT
from tests.support.hello import release_files

TARGETS = ["linux/amd64", "windows/amd64"]
MakeProject = Callable[..., Settings]


@pytest.fixture
def project(tmp_path: Path) -> MakeProject:
    """Write the sample project (release files in ``dist``) with other sections; `environ` is all that it knows."""

    def make(environ: dict[str, str] | None = None, **sections: Any) -> Settings:
        folder = tmp_path / "project"
        release_files(folder / "dist", "1.0.0", TARGETS)
        config = yaml.safe_load((ROOT / "deployforge.yml").read_text("utf-8"))
        del config["credentials"]
        config["artifacts"] = {"from": "directory", "directory": "dist", "targets": TARGETS}
        config["conditions"] = {"settle": 5, "settle_interval": 0.05, "read_patience": 1.0}
        (folder / "deployforge.yml").write_text(yaml.safe_dump({**config, **sections}), "utf-8")
        return Settings(folder / "deployforge.yml", environ=environ or {})

    return make
