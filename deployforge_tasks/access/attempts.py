"""Limits on guessing: after some failed tries to sign on, an address has to wait."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

#: Failed tries within `_WINDOW` seconds.
LIMIT = 10
_WINDOW = 300.0
#: Addresses that are remembered at once.
_MOST = 10_000


class Attempts:
    """Failed tries by address (thread-safe). Of IPv6 the network counts: a visitor has 2^64 addresses in it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, origin: str) -> float:
        """Seconds that this address has to wait; 0 when it may try."""
        with self._lock:
            tries = self._recent(_network(origin))
            return 0.0 if len(tries) < LIMIT else tries[0] + _WINDOW - self._clock()

    def failed(self, origin: str) -> None:
        """One more failed try."""
        network = _network(origin)
        with self._lock:
            tries = self._recent(network)
            tries.append(self._clock())
            self._failed[network] = tries
            self._failed.move_to_end(network)
            while len(self._failed) > _MOST:
                self._failed.popitem(last=False)

    def succeeded(self, origin: str) -> None:
        with self._lock:
            self._failed.pop(_network(origin), None)

    def _recent(self, network: str) -> deque[float]:
        tries = self._failed.get(network, deque())
        while tries and tries[0] + _WINDOW <= self._clock():
            tries.popleft()
        return tries


def _network(origin: str) -> str:
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return origin
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return origin
