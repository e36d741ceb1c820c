"""Serving the dashboard: one process, which only reads; releases run in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.access.way_in import in_the_clear
from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.operations.settings import Settings


_IN_THE_CLEAR = (
    "people sign on here without encryption: put a proxy with TLS in front, and set `dashboard.url:` to its address"
)


@dataclass(frozen=True)
class Opened:
    """A dashboard that answers.

    Fields: `url` is where; `link` the one-time address to sign on with, "" where people sign on otherwise; `warning`
    what is not safe about it, "" for nothing.
    """

    url: str
    link: str
    warning: str


def serve(
    settings: Settings,
    *,
    host: str | None,
    port: int | None,
    ready: Callable[[Opened], None],
    link: Callable[[str], None],
) -> None:
    """Serve until interrupted.

    Args:
        settings: where the project is.
        host: another address than the configuration's.
        port: another port than the configuration's; 0 takes a free one.
        ready: hears where it is once it answers.
        link: hears every later one-time link that somebody asks for on the page.

    Raises:
        ConfigError: the project or its ledger cannot be used, a package is missing, the port is taken, or the dashboard
            would be open to everybody.
    """
    from deployforge_tasks.analytics.charts.render import warm_up

    try:
        from deployforge_tasks.dashboard.app import create_app
        from deployforge_tasks.dashboard.door import Door
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
        host = host or section.host
        warm_up()
        door = Door(desk, host=host, tell=lambda path: link(f"{home}{path}"))
        with listen(host, section.port if port is None else port) as socket:
            address, number = socket.getsockname()[:2]
            home = f"http://{f'[{address}]' if ':' in address else address}:{number}"
            opened = Opened(
                f"{home}/",
                f"{home}{door.new_link()}" if section.auth == "local" else "",
                _IN_THE_CLEAR if in_the_clear(section, host) else "",
            )
            Server(create_app(desk, door), lambda: ready(opened)).run(sockets=[socket])
