"""Keys on a real terminal."""

from __future__ import annotations

import os

import pytest

from deployforge_tasks.cli import keys

pty = pytest.importorskip("pty", reason="only on systems with terminals of their own")


def test_a_key_that_is_pressed_before_anybody_listens_is_not_lost() -> None:
    person, terminal = pty.openpty()
    try:
        os.write(person, b"l")
        assert os.read(person, 1) == b"l"  # its echo: the terminal has it
        with keys._unbuffered(terminal):
            assert keys._on_posix(terminal, 5.0) == "l"
    finally:
        os.close(person)
        os.close(terminal)
