"""A fault proxy: a plain HTTP/1.1 reverse proxy on loopback that breaks chosen requests on their way.

It stands between a client and a registry (stand-in or real). The client's ``Host`` header is passed through, so
that absolute URLs in answers point back at the proxy. Rules decide which request meets which fault
(`tests.support.faults`); everything else passes unchanged. Both directions are kept in memory.

    with FaultProxy(registry.url) as proxy:
        rule = proxy.when("PUT", r"/hello", do=hold_after)
        ...                    # start the client
        assert rule.wait()     # the registry has accepted, the client does not know yet
        rule.drop()            # or rule.release()
"""

from __future__ import annotations

import http.client
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from tests.support.exchange import Answer, Dropped, Entry, Exchange, Upstream, origin_form


class Rule:
    """Which requests meet a fault: the `nth` match and those after it, `times` in all (None: for ever)."""

    def __init__(
        self, method: str, path: str, do: Callable[[Exchange], Answer], nth: int = 1, times: int | None = 1
    ) -> None:
        self._method = re.compile(method)
        self._path = re.compile(path)
        self._first = nth
        self._last = None if times is None else nth + times - 1
        self._seen = 0
        self._lock = threading.Lock()
        self._reached = threading.Event()
        self._go = threading.Event()
        self._dropping = False
        self.do = do

    def applies(self, method: str, path: str) -> bool:
        """Count a request; whether it meets the fault."""
        if not (self._method.fullmatch(method) and self._path.search(path)):
            return False
        with self._lock:
            self._seen += 1
            return self._first <= self._seen and (self._last is None or self._seen <= self._last)

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until a request has met the fault (a held one: is being held)."""
        return self._reached.wait(seconds)

    @property
    def met(self) -> bool:
        return self._reached.is_set()

    def release(self) -> None:
        """Let held requests go on."""
        self._go.set()

    def drop(self) -> None:
        """Reset the connections of held requests."""
        self._dropping = True
        self._go.set()

    def reach(self) -> None:
        self._reached.set()

    def hold(self) -> None:
        """Called by a fault: wait for the test's word.

        Raises:
            Dropped: the word was `drop`.
        """
        self.reach()
        self._go.wait()
        if self._dropping:
            raise Dropped


class FaultProxy:
    """The proxy; a context manager. `url` is where clients go, `journal` what they asked."""

    def __init__(self, upstream: str) -> None:
        self.journal: list[Entry] = []
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("_Bound", (_Handler,), {"proxy": self}))
        self.upstream = Upstream(upstream.rstrip("/"), urlsplit(self.url).netloc)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self.upstream.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def when(
        self,
        method: str = ".*",
        path: str = "",
        *,
        do: Callable[[Exchange], Answer],
        nth: int = 1,
        times: int | None = 1,
    ) -> Rule:
        """Let requests meet a fault.

        Args:
            method: regular expression for the whole method (``PUT|POST``).
            path: regular expression that is searched in the path with its query, as sent.
            do: the fault.
            nth: the first match that meets it, counted from 1.
            times: how many matches in a row meet it; None for every one from there on.
        """
        rule = Rule(method, path, do, nth, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove all rules; held requests are dropped."""
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            rule.drop()

    def through(self, value: Any) -> Any:
        """The value (options of a platform, for example) with every URL of the upstream replaced by the proxy's."""
        if isinstance(value, str):
            return value.replace(self.upstream.url, self.url).replace(self.upstream.host, self.upstream.back)
        if isinstance(value, dict):
            return {key: self.through(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.through(item) for item in value)
        return value

    def forwarded(self, method: str = ".*", path: str = "") -> list[Entry]:
        """The journal's entries of requests that reached the upstream whole."""
        return [e for e in self.journal if e.forwarded and re.fullmatch(method, e.method) and re.search(path, e.path)]

    def rule_for(self, method: str, path: str) -> Rule | None:
        """The first rule that takes the request (every rule counts it)."""
        with self._lock:
            return next((r for r in [r for r in self._rules if r.applies(method, path)]), None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that vanish in mid-request are what this proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[FaultProxy]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        proxy = self.proxy
        rule = proxy.rule_for(self.command, origin_form(self.path))
        exchange = Exchange(proxy.upstream, rule, self)
        proxy.journal.append(exchange.entry)
        try:
            answer = rule.do(exchange) if rule else exchange.forward()
        except Dropped:
            self._reset()
            return
        except (OSError, http.client.HTTPException) as error:
            answer = Answer(502, [("Content-Type", "text/plain")], f"upstream: {error}".encode())
            self.close_connection = True
        if answer.cut is not None:
            self.close_connection = True
        exchange.entry.status = answer.status
        if rule:
            rule.reach()
        self._reply(answer)

    def _reply(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        names = {name.lower() for name, _ in answer.headers}
        keeps_length = self.command == "HEAD" and "content-length" in names
        for name, value in answer.headers:
            if name.lower() != "content-length" or keeps_length:
                self.send_header(name, value)
        bodiless = answer.status in (204, 304)
        if not keeps_length and not bodiless:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(answer.body[: answer.cut])

    def _reset(self) -> None:
        """Close with a reset, as a crashed peer would."""
        self.close_connection = True
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        socket.close(self.connection.detach())

    def log_message(self, *args: object) -> None:
        """Silent: the journal has it."""
