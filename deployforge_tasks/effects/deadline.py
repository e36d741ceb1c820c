"""A request that never ends: what goes over its connection must keep up a slowest speed, or the connection is shut.

A socket's own timeout bounds each silence only: a server that sends a byte now and then would be waited for for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager, pool_classes_by_scheme

#: Bytes a second, on average after the first `seconds`: slower than any line on which somebody would wait.
SLOWEST = 1024
_current: ContextVar[Deadline | None] = ContextVar("deployforge_deadline", default=None)


class Deadline:
    """The time of one request, redirects included; a context manager in the thread that makes it.

    The request must be sent within `seconds` and what its body takes at the slowest speed, and answered within
    `seconds` and what the bytes that have come take at that speed.

    Args:
        seconds: see above.
        until: the moment (`time.monotonic`) at which it is over anyway.
    """

    def __init__(self, seconds: float, until: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._until = until
        self._end = 0.0
        self._connection: HTTPConnection | None = None
        self._sock: Any = None
        self._over = False
        self._wake = threading.Event()
        self.allow(0)

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)
        self._over = True
        self._wake.set()

    def allow(self, size: int) -> None:
        """Begin to count anew, with the time that so many bytes may take."""
        self._end = min(time.monotonic() + self.seconds + size / SLOWEST, self._until)
        self._wake.set()

    def moved(self, size: int) -> None:
        """So many bytes have come."""
        self._end = min(self._end + size / SLOWEST, self._until)

    def over(self, connection: HTTPConnection) -> None:
        """The request goes over this connection now.

        Raises:
            TimeoutError: it is too late.
        """
        self._connection = connection
        if self.passed:
            raise TimeoutError("there is no time left")

    def sent(self, connection: HTTPConnection) -> None:
        """The whole request is sent. An answer may take the socket from the connection, and still be read from it."""
        self._sock = connection.sock
        self.allow(0)

    def _watch(self) -> None:
        while not self._over:
            left = self._end - time.monotonic()
            if left <= 0:
                self.passed = True
                _shut(self._sock or (self._connection and self._connection.sock))
                return
            self._wake.wait(left)
            self._wake.clear()


def _shut(sock: Any) -> None:
    """Wake the thread that waits on a socket: it finds it ended."""
    with contextlib.suppress(OSError):
        if isinstance(sock, socket.socket):
            # Not the method of a TLS socket: that one takes the encryption off first, while others may be sending.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Watched(HTTPConnection):
    """A connection that tells the request's deadline what it does."""

    def connect(self) -> None:
        if deadline := _current.get():
            deadline.over(self)
        super().connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        deadline = _current.get()
        if deadline is None:
            super().request(*args, **kwargs)
            return
        deadline.over(self)
        deadline.allow(_length(kwargs.get("headers")))
        try:
            super().request(*args, **kwargs)
        finally:
            deadline.sent(self)


class _WatchedTls(_Watched, HTTPSConnection):
    """The same with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class Adapter(HTTPAdapter):
    """Requests' adapter with connections that can be shut, through a proxy as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _use_watched(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        _use_watched(manager)
        return manager


def _use_watched(manager: PoolManager) -> None:
    if manager.pool_classes_by_scheme is pool_classes_by_scheme:  # a SOCKS proxy has its own
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def _length(headers: Any) -> int:
    return int((headers or {}).get("Content-Length") or 0)
