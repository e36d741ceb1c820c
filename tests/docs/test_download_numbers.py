"""The page about download numbers says of each platform what the platform says of itself."""

from __future__ import annotations

import pytest

from deployforge_tasks.platforms.registry import platforms
from tests.docs.walk import ROOT

PAGE = ROOT / "docs" / "how-to" / "read-download-numbers.md"


@pytest.mark.parametrize("name", sorted(platforms()))
def test_each_platform_has_its_line(name: str) -> None:
    platform = platforms()[name]
    lines = [line.strip("|").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    told = {line[0].strip(): line[-1].strip() for line in lines if len(line) == 3}
    assert told.get(platform.title) == platform.counts
