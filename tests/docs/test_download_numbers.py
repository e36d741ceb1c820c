"""The page about download numbers says of each platform and place what it says of itself."""

from __future__ import annotations

import pytest

from deployforge_tasks.platforms.places.registry import NAMES, kind
from deployforge_tasks.platforms.registry import platforms
from tests.docs.walk import ROOT

PAGE = ROOT / "docs" / "how-to" / "read-download-numbers.md"


@pytest.mark.parametrize("name", [*sorted(platforms()), *NAMES])
def test_each_platform_and_place_has_its_line(name: str) -> None:
    counting = kind(name) if name in NAMES else platforms()[name]
    lines = [line.strip("|").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    told = {line[0].strip(): line[-1].strip() for line in lines if len(line) == 3}
    assert told.get(counting.title) == counting.counts
