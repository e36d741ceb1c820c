"""Somebody who watches the event stream, without a browser: reads it from a socket, and remembers what it said."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Message:
    """One message of the stream; `id` is the newest that was told until then."""

    event: str
    id: str
    data: Any


class Listener:
    """Reads a stream in a thread of its own; `messages` only grows."""

    def __init__(
        self,
        address: str,
        path: str = "/events",
        last: str = "",
        cookies: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        place = urlsplit(address)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        sent = {"Last-Event-ID": last, "Cookie": "; ".join(f"{name}={text}" for name, text in (cookies or {}).items())}
        sent |= headers or {}
        self._connection.request("GET", path, headers={name: text for name, text in sent.items() if text})
        self.response = self._connection.getresponse()
        self._socket = self._connection.sock
        self.messages: list[Message] = []
        self.last = last
        self.ended = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, wanted: Callable[[list[Message]], Any], seconds: float = 20) -> list[Message]:
        """What was told, as soon as it is what is wanted."""
        with self._news:
            assert self._news.wait_for(lambda: wanted(self.messages), seconds), self.messages[-5:]
            return list(self.messages)

    def wait_for(self, event: str, count: int = 1, seconds: float = 20) -> list[Message]:
        """The messages of a kind, as soon as there are so many."""
        found = self.wait(lambda told: sum(m.event == event for m in told) >= count, seconds)
        return [message for message in found if message.event == event]

    def wait_for_end(self, seconds: float = 20) -> float:
        """Seconds until the stream ended."""
        begin = time.monotonic()
        with self._news:
            assert self._news.wait_for(lambda: self.ended, seconds)
        return time.monotonic() - begin

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()

    def _read(self) -> None:
        event, number, data = "", self.last, ""
        try:
            for raw in self.response:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line[7:]
                elif line.startswith("id: "):
                    number = line[4:]
                elif line.startswith("data: "):
                    data = line[6:]
                elif not line and event:
                    with self._news:
                        self.last = number
                        self.messages.append(Message(event, self.last, json.loads(data)))
                        self._news.notify_all()
                    event = ""
        except (OSError, http.client.HTTPException, ValueError):
            pass  # closed in the middle of a message, which does not count
        with self._news:
            self.ended = True
            self._news.notify_all()


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something holds that nobody tells."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


@contextlib.contextmanager
def listening(
    address: str,
    path: str = "/events",
    last: str = "",
    cookies: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Listener]:
    made = Listener(address, path, last, cookies, headers)
    try:
        yield made
    finally:
        made.close()
