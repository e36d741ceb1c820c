"""One request on its way through the fault proxy, and how it is forwarded."""

from __future__ import annotations

import contextlib
import http.client
import threading
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Protocol
from urllib.parse import urlsplit

#: Headers that belong to one connection only (RFC 9110, section 7.6.1), and those that the proxy writes itself.
_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})
_OWN = _HOP | {"content-length", "expect"}
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Dropped(Exception):  # noqa: N818 - what happened to the client, not an error of the test
    """The client's connection is to be reset."""


@dataclass
class Answer:
    """An HTTP answer. With `cut`, only that many bytes of the body are sent before the connection is closed."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    cut: int | None = None


@dataclass
class Entry:
    """A line of the journal: `forwarded` once the whole request was sent on, `status` as the client got it."""

    method: str
    path: str
    forwarded: bool = False
    status: int | None = None


class Held(Protocol):
    """What a fault may ask of the rule that called it."""

    def reach(self) -> None: ...
    def hold(self) -> None: ...


@dataclass
class Upstream:
    """Where requests go: `host` is ``127.0.0.1:port``, `prefix` the base URL's path, `back` the proxy's own host."""

    url: str
    back: str
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def prefix(self) -> str:
        return urlsplit(self.url).path.rstrip("/")

    def pointing_back(self, header: str, value: str) -> str:
        """A `Location` that names the upstream itself leads around the proxy: point it back."""
        if header.lower() in ("location", "content-location"):
            return value.replace(f"//{self.host}/", f"//{self.back}/")
        return value


class Exchange:
    """One request on its way; a fault makes it an `Answer` or raises `Dropped`."""

    def __init__(self, upstream: Upstream, rule: Held | None, request: BaseHTTPRequestHandler) -> None:
        self.upstream = upstream
        self.rule = rule
        self.method = request.command
        self.path = origin_form(request.path)
        self.headers: Message = request.headers
        self.entry = Entry(self.method, self.path)
        self._body = _Body(request)

    def body(self) -> bytes:
        """The whole request body."""
        return self._body.all()

    def forward(self) -> Answer:
        """Send the request on and read the answer."""
        connection = self.open(self.body())
        return self.finish(connection)

    def forward_half(self) -> http.client.HTTPConnection:
        """Send the head and half of the body on; the client may still be sending the other half."""
        half, total = self._body.half()
        return self.open(half, total)

    def open(self, data: bytes, total: int | None = None) -> http.client.HTTPConnection:
        """Begin a request upstream with the first bytes of a body of `total` bytes."""
        connection = http.client.HTTPConnection(self.upstream.host, timeout=120)
        connection.connect()
        connection.putrequest(self.method, self.upstream.prefix + self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _OWN:
                connection.putheader(name, value)
        if self._body.present:
            connection.putheader("Content-Length", str(len(data) if total is None else total))
        connection.putheader("Connection", "close")
        with contextlib.suppress(ConnectionError):  # an early answer (401) may come before the body is read
            connection.endheaders(data or None)
        return connection

    def finish(self, connection: http.client.HTTPConnection) -> Answer:
        """Send what is left of the body, and read the answer."""
        with contextlib.suppress(ConnectionError):
            rest = self._body.rest()
            if rest:
                connection.send(rest)
        self.entry.forwarded = True
        response = connection.getresponse()
        try:
            headers = [
                (k, self.upstream.pointing_back(k, v)) for k, v in response.getheaders() if k.lower() not in _HOP
            ]
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()


class _Body:
    """The body of a request, read from the client no earlier than needed."""

    def __init__(self, request: BaseHTTPRequestHandler) -> None:
        self._from = request.rfile
        self._chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
        self._length = int(request.headers.get("Content-Length") or 0)
        self.present = self._chunked or "Content-Length" in request.headers
        self._sent = 0
        self._data: bytes | None = None

    def all(self) -> bytes:
        if self._data is None:
            self._data = self._read_chunks() if self._chunked else self._exactly(self._length)
        self._sent = len(self._data)
        return self._data

    def half(self) -> tuple[bytes, int]:
        """The first half, and the size of the whole."""
        if self._chunked:
            self._data = self._read_chunks()
            self._length = len(self._data)
        self._sent = self._length // 2
        first = self._data[: self._sent] if self._data is not None else self._exactly(self._sent)
        return first, self._length

    def rest(self) -> bytes:
        """What was not handed out yet."""
        if self._data is not None:
            return self._data[self._sent :]
        return self._exactly(self._length - self._sent)

    def _exactly(self, size: int) -> bytes:
        data = self._from.read(size) if size else b""
        if len(data) != size:
            raise Dropped  # the client is gone: nothing is forwarded
        return data

    def _read_chunks(self) -> bytes:
        data = b""
        while True:
            size = self._from.readline().split(b";")[0].strip()
            if not size:
                raise Dropped
            count = int(size, 16)
            if count:
                data += self._exactly(count)
            ending = self._from.readline()
            if count == 0:
                while ending not in (b"\r\n", b"\n", b""):  # trailers
                    ending = self._from.readline()
                return data


def origin_form(path: str) -> str:
    """The path of a request; a client that takes this for a forward proxy sends the whole URL."""
    if path.startswith(("http://", "https://")):
        parts = urlsplit(path)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return path
