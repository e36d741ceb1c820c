"""A rehearsal that does not end is given up, and takes along what it started."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.operations.rehearse import rehearse
from tests.rehearsal.conftest import MakeProject
from tests.support.cases import SAMPLE_TARGETS
from tests.support.dripping import Dripping

#: Seconds; long enough to come to what hangs.
SOON = 4.0


def listening() -> set[int]:
    """The ports on which this process listens."""
    return {c.laddr.port for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN}


@pytest.fixture
def hanging(tmp_path: Path) -> dict[str, Any]:
    """Release files from a build that writes its number and never ends."""
    pid = tmp_path / "pid"
    told = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))"
    code = f"{told}; import threading; threading.Event().wait()"
    return {"from": "build", "targets": SAMPLE_TARGETS[:1], "build": {"command": [sys.executable, "-c", code]}}


@pytest.mark.parametrize(
    ("platforms", "told"),
    [(("pypi",), "the release files were not here yet"), (("github", "pypi"), "not done: github, pypi")],
)
def test_a_program_that_hangs_is_ended_with_the_rehearsal(
    project: MakeProject, tmp_path: Path, hanging: dict[str, Any], platforms: tuple[str, ...], told: str
) -> None:
    before = listening()
    with pytest.raises(VerifyError, match=f"did not end within 4 s .{told}") as caught:
        rehearse(project(artifacts=hanging, platforms={name: {} for name in platforms}), timeout=SOON)
    assert caught.value.code == "DF5302"
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert listening() == before


def test_a_release_file_that_drips_is_not_waited_for(project: MakeProject) -> None:
    with Dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x") as server:
        artifacts = {"from": "urls", "targets": SAMPLE_TARGETS, "urls": {"default": f"{server.url}/{{target}}"}}
        with pytest.raises(VerifyError, match="the release files were not here yet"):
            rehearse(project(artifacts=artifacts, platforms={"pypi": {}}), timeout=1.0)
        assert server.requests
