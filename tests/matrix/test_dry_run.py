"""A dry run and a diff send nothing, to any platform: whatever could write meets a proxy that refuses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployforge_tasks.platforms.registry import platforms
from tests.support.faults import status
from tests.support.worlds import WRITES, world


@pytest.mark.parametrize("platform", sorted(platforms()))
def test_nothing_is_sent(platform: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        write = made.proxy.when(*WRITES, do=status(403), times=None)
        plan = made.run("deploy", "--dry-run", "--platforms", platform, "--json")
        assert plan.returncode == 0, plan.stdout + plan.stderr
        (change,) = json.loads(plan.stdout)["changes"]
        assert change["error"] is None
        assert change["pieces"]
        diff = made.run("diff", "--platforms", platform, "--stat")
        assert diff.returncode == 0, diff.stdout + diff.stderr
        assert not write.met
        assert made.writes() == 0
