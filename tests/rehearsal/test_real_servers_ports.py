"""Ports of real servers."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.rehearsal.real_servers.npm import Verdaccio


def test_a_port_is_none_that_the_system_gives_to_others_while_the_server_starts(tmp_path: Path) -> None:
    assert all(Verdaccio(tmp_path).new_port() < 32_768 for _ in range(50))
