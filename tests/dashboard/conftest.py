"""Sites under test, and a real browser to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.site import Site, open_site
from tests.support.databases import ledger_url, postgresql

__all__ = ["ledger_url", "postgresql"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made
