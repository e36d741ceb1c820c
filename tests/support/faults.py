"""What can go wrong between a client and a registry: the faults of `tests.support.proxy`.

A fault is a function from an exchange to the answer for the client, or one that raises `Dropped`. Those that take
arguments are made by a function (`status(503)`); the others are used as they are (`do=drop_after`).
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPConnection

from tests.support.exchange import READS, Answer, Dropped, Exchange

Fault = Callable[[Exchange], Answer]
OUTAGE_PAGE = b"<!DOCTYPE html><html><body><h1>We will be right back</h1></body></html>"


def refuse(exchange: Exchange) -> Answer:
    """Reset at once; nothing reaches the registry."""
    _reached(exchange)
    raise Dropped


def hold_before(exchange: Exchange) -> Answer:
    """Take the request and hold it; it reaches the registry only after `rule.release()`."""
    exchange.body()
    _hold(exchange)
    return exchange.forward()


def hold_upload(exchange: Exchange) -> Answer:
    """Hand the registry half of the body, then hold; `release` sends the rest, `drop` resets both sides."""
    connection = exchange.forward_half()
    try:
        _hold(exchange)
    except Dropped:
        _reset(connection)
        raise
    return exchange.finish(connection)


def cut_upload(exchange: Exchange) -> Answer:
    """Hand the registry half of the body, then reset both sides."""
    _reset(exchange.forward_half())
    _reached(exchange)
    raise Dropped


def hold_after(exchange: Exchange) -> Answer:
    """The registry has answered; hold the answer. `release` sends it on, `drop` loses it."""
    answer = exchange.forward()
    _hold(exchange)
    return answer


def drop_after(exchange: Exchange) -> Answer:
    """The registry has answered, the client never hears of it."""
    exchange.forward()
    _reached(exchange)
    raise Dropped


def status(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """Answer with a status; nothing reaches the registry."""

    def fault(exchange: Exchange) -> Answer:
        exchange.body()
        return _made(code, headers, body)

    return fault


def status_after(code: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """The registry does what it was asked, the client gets this status instead."""

    def fault(exchange: Exchange) -> Answer:
        exchange.forward()
        return _made(code, headers, body)

    return fault


def truncate(exchange: Exchange) -> Answer:
    """Send half of the answer's body, then close."""
    answer = exchange.forward()
    answer.cut = len(answer.body) // 2
    return answer


def garbage() -> Fault:
    """Answer 200 with a page that has nothing to do with the question; nothing reaches the registry."""
    return status(200, {"Content-Type": "text/html"}, OUTAGE_PAGE)


def garbage_after() -> Fault:
    """The registry does what it was asked, the client gets 200 with such a page."""
    return status_after(200, {"Content-Type": "text/html"}, OUTAGE_PAGE)


def echoing() -> Fault:
    """Refuse whatever comes with credentials, and show them in the answer in every way that servers do."""
    codes = itertools.cycle([401, 403])

    def fault(exchange: Exchange) -> Answer:
        exchange.body()
        values = [v for k, v in exchange.headers.items() if k.lower() in ("authorization", "x-nuget-apikey")]
        if not values:
            return exchange.forward()
        words = [word.split("=", 1)[-1].strip('",') for value in values for word in value.split()]
        plain = [_decoded(word) for word in words]
        encoded = [base64.b64encode(f"{user}:{p}".encode()).decode() for p in plain for user in ("a", "ab", "abc")]
        said = " ".join(["no right for", *values, *plain, *encoded])
        headers = [("Content-Type", "application/json"), ("WWW-Authenticate", f'Basic realm="{" ".join(plain)}"')]
        return Answer(
            next(codes), headers, json.dumps({"message": said, "errors": [{"detail": said, "code": said}]}).encode()
        )

    return fault


def delay(seconds: float) -> Fault:
    """Wait before the request is sent on (longer than the client's patience makes it a timeout)."""

    def fault(exchange: Exchange) -> Answer:
        exchange.body()
        _reached(exchange)
        if exchange.upstream.stopped.wait(seconds):
            raise Dropped
        return exchange.forward()

    return fault


class Stale:
    """Reads that lag behind: after the first write, the answers recorded before it are served again.

    Use it for reads and writes alike: ``proxy.when(do=Stale(3, r"/hello"), times=None)``.

    Args:
        times: how many reads are answered from the past.
        path: regular expression for the paths that lag.
    """

    def __init__(self, times: int, path: str = "") -> None:
        self._left = times
        self._path = re.compile(path)
        self._past: dict[tuple[str, str], Answer] = {}
        self._written = False
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> Answer:
        key = (exchange.method, exchange.path)
        if exchange.method not in READS:
            with self._lock:
                self._written = True
            return exchange.forward()
        with self._lock:
            if self._written and self._left > 0 and key in self._past:
                self._left -= 1
                return self._past[key]
        answer = exchange.forward()
        with self._lock:
            if not self._written and self._path.search(exchange.path):
                self._past[key] = answer
        return answer


def _decoded(word: str) -> str:
    try:
        return base64.b64decode(word, validate=True).decode("ascii")
    except ValueError:
        return word


def _made(code: int, headers: Mapping[str, str] | None, body: bytes) -> Answer:
    named = {"Content-Type": "application/json", **(headers or {})}
    return Answer(code, list(named.items()), body or b'{"message": "fault"}')


def _hold(exchange: Exchange) -> None:
    assert exchange.rule is not None
    exchange.rule.hold()


def _reached(exchange: Exchange) -> None:
    if exchange.rule:
        exchange.rule.reach()


def _reset(connection: HTTPConnection) -> None:
    """Close the upstream's connection with a reset, so that it sees a cut-off body."""
    if connection.sock:
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()
