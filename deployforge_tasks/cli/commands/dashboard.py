"""``deployforge dashboard``."""

from __future__ import annotations

import click

from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import option


@click.command(
    cls=Command,
    examples=("deployforge dashboard", "deployforge dashboard --port 0 --open"),
    epilog="See also: `deployforge status`, docs/how-to/watch-with-the-dashboard.md.",
)
@option("--host", group="Behaviour", metavar="ADDRESS", help="Listen there (default: `dashboard.host`, loopback).")
@option("--port", group="Behaviour", type=click.IntRange(0, 65535), metavar="N", help="Listen there; 0: a free port.")
@option("--open", "show", group="Behaviour", is_flag=True, help="Open it in the browser.")
@click.pass_obj
def command(invocation: Invocation, host: str | None, port: int | None, show: bool) -> int:
    """Serve the live dashboard until Ctrl-C: every platform, every run, downloads and what they tell.

    Releases that are started there run in processes of their own: they go on when the dashboard ends.
    """
    from deployforge_tasks.dashboard.serve import serve

    def ready(address: str) -> None:
        if invocation.json:
            invocation.emit("dashboard", {"url": address})
        else:
            invocation.terminal.out(f"The dashboard is at {address}")
            invocation.hint("Ctrl-C ends it")
        if show:
            click.launch(address)

    serve(invocation.settings(), host=host, port=port, ready=ready)
    return 0
