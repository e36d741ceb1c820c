"""The socket that the dashboard listens on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from deployforge_tasks.core.errors import ConfigError


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket, closed at the end.

    Raises:
        ConfigError: the address is not one of this machine, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot(host, port, error) from error
    with made:
        try:
            if socket.SO_REUSEADDR and hasattr(socket, "AF_UNIX"):  # elsewhere it would take a port that is in use
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(1024)
        except OSError as error:
            raise _cannot(host, port, error) from error
        yield made


def _cannot(host: str, port: int, error: OSError) -> ConfigError:
    return ConfigError(
        f"the dashboard cannot listen on {host} port {port} ({error.strerror})",
        hint="choose another with --port or `dashboard.port:`; --port 0 takes a free one",
        code="DF3602",
    )
