"""A server that runs for one test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import StandIn

Server = TypeVar("Server", bound=StandIn)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Start it, and stop it by its own handle."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Bare(StandIn):
    """A server that is no platform's registry: a subclass has only routes."""

    serves = ()

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {}

    def publications(self) -> list[Publication]:
        return []
