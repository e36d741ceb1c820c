"""The server: it ends at once, also while somebody watches."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

#: Seconds that an answer may still take when the server is to end.
_GRACE = 2


class Server(uvicorn.Server):
    """Serves the dashboard.

    Args:
        app: the dashboard.
        ready: is called once it answers.
    """

    def __init__(self, app: FastAPI, ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                # It would believe anybody on this machine who says that they come from elsewhere; `Door` knows better.
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._hub = app.state.hub
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams end before the server waits for what is being answered: they would never end by themselves."""
        await self._hub.close()
        await super().shutdown(sockets)
