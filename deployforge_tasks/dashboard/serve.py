"""Serving the dashboard: one process, which only reads; releases run in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.operations.settings import Settings


def serve(settings: Settings, *, host: str | None, port: int | None, ready: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        settings: where the project is.
        host: another address than the configuration's.
        port: another port than the configuration's; 0 takes a free one.
        ready: hears the address once it answers.

    Raises:
        ConfigError: the project or its ledger cannot be used, a package is missing, or the port is taken.
    """
    try:
        from deployforge_tasks.dashboard.app import create_app
        from deployforge_tasks.dashboard.server import Server
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the dashboard needs the `{error.name}` package",
            hint="install it with `pip install 'deployforge[dashboard]'`",
            code="DF3601",
        ) from error
    from deployforge_tasks.dashboard.binding import listen
    from deployforge_tasks.dashboard.desk import open_desk

    with open_desk(settings) as desk:
        section = desk.loaded.project.dashboard
        with listen(host or section.host, section.port if port is None else port) as socket:
            address, number = socket.getsockname()[:2]
            shown = f"[{address}]" if ":" in address else address
            server = Server(create_app(desk), lambda: ready(f"http://{shown}:{number}/"))
            server.run(sockets=[socket])
