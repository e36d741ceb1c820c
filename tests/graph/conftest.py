"""Fixtures for the graph's tests: a shelf server, alone or behind a fault proxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph.shelf import ShelfServer
from tests.support.proxy import FaultProxy
from tests.support.running import running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShelfServer]:
    with running(ShelfServer(tmp_path / "server")) as made:
        yield made


@pytest.fixture
def proxy(server: ShelfServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as made:
        yield made
