"""The server that drips."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.support.dripping import Dripping


def test_nobody_answers_at_its_address_when_it_is_over() -> None:
    with Dripping(b"HTTP/1.1 200 OK\r\n", b"x") as server:
        place = urlsplit(server.url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port), timeout=5)
