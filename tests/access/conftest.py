"""What is kept about people, on the real databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployforge_tasks.access.records import Records
from tests.ledger.conftest import ledger_url, postgresql

__all__ = ["ledger_url", "postgresql"]


@pytest.fixture
def records(ledger_url: str) -> Iterator[Records]:
    opened = Records.open(ledger_url)
    yield opened
    opened.close()
