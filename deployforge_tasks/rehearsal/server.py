"""The HTTP server under every stand-in: loopback only, a thread a connection, a journal of what was asked."""

from __future__ import annotations

import json
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from deployforge_tasks.core.model import Publication


@dataclass(frozen=True)
class Request:
    """A request: `headers` ignore case, `path` is unquoted, `raw_path` as sent, `base` the URL the client used."""

    method: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    base: str

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass
class Reply:
    """An answer; a body that is not bytes is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        if isinstance(self.body, bytes):
            return self.body, self.headers.pop("Content-Type", "application/octet-stream")
        if isinstance(self.body, str):
            return self.body.encode(), self.headers.pop("Content-Type", "text/plain; charset=utf-8")
        return json.dumps(self.body).encode(), self.headers.pop("Content-Type", "application/json")


Handler = Callable[..., Reply]


def route(method: str, pattern: str) -> Callable[[Handler], Handler]:
    """Mark a method of a stand-in as the answer to requests whose whole (unquoted) path matches the pattern.

    Named groups of the pattern become keyword arguments after the request.
    """

    def mark(function: Handler) -> Handler:
        routes = getattr(function, "_routes", [])
        setattr(function, "_routes", [*routes, (method, re.compile(pattern))])  # noqa: B010 - a function has no such field
        return function

    return mark


class StandIn(ABC):
    """A small registry that speaks one protocol well enough for the real clients.

    Subclass it in ``rehearsal/stand_ins/<protocol>.py``; the folder is scanned. State lives in memory and below `root`.
    """

    name: ClassVar[str]
    serves: ClassVar[tuple[str, ...]]
    """Platforms that can be rehearsed against it."""
    title = "stand-in"
    """What it is, for reports."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.journal: list[tuple[str, str, int]] = []
        self._routes = [
            (method, pattern, getattr(self, attribute))
            for attribute in dir(type(self))
            for method, pattern in getattr(getattr(type(self), attribute), "_routes", ())
        ]
        self._server: _Server | None = None

    @abstractmethod
    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """For each platform that is served: the options that point it here (`platforms` are the user's own options)."""

    @abstractmethod
    def secrets(self) -> dict[str, dict[str, str]]:
        """For each platform that is served: its credentials here, by the credential's name."""

    @abstractmethod
    def publications(self) -> list[Publication]:
        """Everything that is published here now."""

    def usage(self) -> dict[str, str]:
        """For each platform that is served: the command with which a person gets what is published here now."""
        return {}

    @property
    def url(self) -> str:
        """Base URL without a slash at the end; only while it runs."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self._server = _Server(("127.0.0.1", 0), _make_handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def cut_off(self, request: Request) -> None:  # noqa: B027 - most registries forget what broke off
        """A request whose body broke off (it is empty here): nothing was accepted, unless a stand-in says otherwise."""

    def answer(self, request: Request) -> Reply:
        """The reply to a request: the first route that matches, else 404."""
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and (method == request.method or (method == "GET" and request.method == "HEAD")):
                with self.lock:
                    reply: Reply = handler(request, **match.groupdict())
                return reply
        return Reply(404, {"message": "Not Found"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-request is what the tests are about; it is no news."""


def _make_handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            request = self._request()
            if request is None:
                return
            reply = _answer(stand_in, request)
            data, content_type = reply.encoded()
            stand_in.journal.append((self.command, self.path, reply.status))
            self.send_response(reply.status)
            self.send_header("Content-Type", content_type)
            for key, value in reply.headers.items():
                self.send_header(key, value)
            if "Content-Length" not in reply.headers and reply.status not in (204, 304):
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD" and reply.status not in (204, 304):
                self.wfile.write(data)

        def _request(self) -> Request | None:
            try:
                body = _read_body(self)
            except ConnectionError:
                body = None
            parts = urlsplit(self.path)
            query = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
            base = f"http://{self.headers.get('Host', '')}"
            request = Request(self.command, unquote(parts.path), self.path, query, self.headers, body or b"", base)
            if body is None:
                self.close_connection = True
                with stand_in.lock:
                    stand_in.cut_off(request)
                return None
            return request

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - given names

        def log_message(self, *args: object) -> None:
            """Silent: the journal has it."""

    return _Handler


def _answer(stand_in: StandIn, request: Request) -> Reply:
    """The reply; a fault of the stand-in itself is an answer that says so, not a lost connection."""
    try:
        return stand_in.answer(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client has to hear of it
        return Reply(500, {"message": f"the {stand_in.name} stand-in failed: {type(error).__name__}: {error}"})


def _read_body(handler: BaseHTTPRequestHandler) -> bytes | None:
    if "chunked" in handler.headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(handler)
    length = int(handler.headers.get("Content-Length") or 0)
    body = handler.rfile.read(length)
    return body if len(body) == length else None


def _read_chunks(handler: BaseHTTPRequestHandler) -> bytes | None:
    body = b""
    while True:
        size = handler.rfile.readline().split(b";")[0].strip()
        if not size:
            return None
        count = int(size, 16)
        chunk = handler.rfile.read(count)
        if len(chunk) != count or not handler.rfile.readline():
            return None
        if count == 0:
            return body
        body += chunk
