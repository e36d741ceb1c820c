"""A server that is never silent and never ends: the beginning of an answer, then a little of it again and again."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

#: Seconds between two drips.
PAUSE = 0.02


class Dripping:
    """Answers each connection with `head`, then with `drip` for ever, or `times` times; a context manager."""

    def __init__(self, head: bytes, drip: bytes, times: int | None = None) -> None:
        self._head, self._drip, self._times = head, drip, times
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(PAUSE)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that still waits for a connection would keep the port, and after the next signal take one of whatever
        # socket has the same number by then: the system begins its call anew.
        self._stopped.set()
        self._thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.requests.append(connection.recv(65536))
            connection.sendall(self._head)
            sent = 0
            while sent != self._times and not self._stopped.wait(PAUSE):
                connection.sendall(self._drip)
                sent += 1
