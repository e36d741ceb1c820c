"""Every platform with its registry, a project that releases to it, and a folder for temporary files of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.real_servers.aur import AurOverSsh
from deployforge_tasks.rehearsal.registries import stand_ins
from tests.support import sshd
from tests.support.worlds import World, world


@pytest.fixture
def temporary(tmp_path: Path) -> dict[str, str]:
    """The variable that points at the folder."""
    (tmp_path / "temporary").mkdir()
    return {"TMPDIR": str(tmp_path / "temporary")}


@pytest.fixture(params=sorted(platforms()))
def made(request: pytest.FixtureRequest, tmp_path: Path, temporary: dict[str, str]) -> Iterator[World]:
    with world(request.param, tmp_path) as made:
        made.environ |= temporary
        yield made


@pytest.fixture
def over_ssh(tmp_path: Path, temporary: dict[str, str]) -> Iterator[World]:
    """The AUR, on a real sshd."""
    if not sshd.available():
        pytest.skip("sshd is not on this machine")
    with world("aur", tmp_path, {**stand_ins(), "aur": AurOverSsh}) as made:
        made.environ |= temporary
        yield made
