"""Ledgers on the real databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployforge_tasks.ledger.reading import Reader
from deployforge_tasks.ledger.store import Ledger
from tests.support.databases import ledger_url, postgresql

__all__ = ["ledger_url", "postgresql"]


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger.open(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def reader(ledger: Ledger, ledger_url: str) -> Iterator[Reader]:
    """Reads the ledger as another process would."""
    made = Reader.open(ledger_url)
    yield made
    made.close()
