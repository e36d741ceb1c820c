"""``deployforge notify``: test, send, list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.options import argument, counted_selection, global_options, option
from deployforge_tasks.cli.table import Cell, columns
from deployforge_tasks.cli.usage import choose_platforms, unknown

if TYPE_CHECKING:
    from deployforge_tasks.ledger.deliveries import Delivery
    from deployforge_tasks.operations.notify import ChannelInfo, ChannelResult, RouteInfo
    from deployforge_tasks.project.load import Loaded


@click.group(
    cls=Group,
    params=[*global_options(root=False)],
    no_args_is_help=True,
    epilog="See also: docs/how-to/get-told.md.",
)
def command() -> None:
    """Try the channels that tell people about releases, and see who is told about what."""


@command.command(cls=Command, examples=("deployforge notify test", "deployforge notify test slack --event success"))
@argument("channels", nargs=-1, metavar="[CHANNEL]...")
@option("--event", group="Behaviour", default="failure", metavar="EVENT", help="What the message is about (failure).")
@click.pass_obj
def test(invocation: Invocation, channels: tuple[str, ...], event: str) -> int:
    """Send a message that is marked as a test on every channel, or on those that are named."""
    from deployforge_tasks.operations import notify
    from deployforge_tasks.project.routes import channels as known_channels

    loaded = invocation.settings().load()
    _check_event(event)
    known = known_channels(loaded.project)
    for name in channels:
        if known and name not in known:
            raise unknown("channel", name, known)
    return _show(
        invocation, "notify-test", event, notify.try_channels(loaded, list(dict.fromkeys(channels)), event=event)
    )


@command.command(
    cls=Command,
    examples=(
        'deployforge notify send license_purchased "ACME, 5 seats"',
        'deployforge notify send drift "the download page shows 1.0.41" --platforms homebrew',
    ),
)
@argument("event")
@argument("text")
@counted_selection
@click.pass_obj
def send(invocation: Invocation, event: str, text: str, *, wanted: tuple[str, ...], without: tuple[str, ...]) -> int:
    """Tell those who want to know of EVENT about something that DeployForge does not see itself."""
    from deployforge_tasks.operations import notify

    loaded = invocation.settings().load()
    _check_event(event)
    platforms = tuple(choose_platforms(loaded, wanted, without, counted=True)) if wanted or without else ()
    version = str(loaded.version) if loaded.version and platforms else ""
    return _show(
        invocation, "notify-send", event, notify.send(loaded, notify.Happening(event, version, platforms, text))
    )


@command.command("list", cls=Command, examples=("deployforge notify list --json",))
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """The channels, where the secret of each comes from, the last message on it, and the routes."""
    from deployforge_tasks.operations import notify

    loaded = invocation.settings().load()
    found, routes = notify.list_channels(loaded), notify.list_routes(loaded)
    if invocation.json:
        rows = [{**asdict(c), "last": _delivery_json(c.last)} for c in found]
        invocation.emit("notify", {"channels": rows, "routes": [asdict(r) for r in routes], **_limits(loaded)})
        return
    out, style, width = invocation.terminal.out, invocation.terminal.style, invocation.terminal.width
    if not found:
        out("no channel is set up")
        invocation.hint("add `monitoring: {error_notifications: [slack]}`, and set SLACK_WEBHOOK_URL")
        return
    out("Channels")
    for line in columns([_channel_row(c) for c in found], style, width=width):
        out(line)
    out("\nRoutes")
    for line in columns([_route_row(r) for r in routes], style, width=width):
        out(line)


def _check_event(event: str) -> None:
    from deployforge_tasks.notify.happening import WORDS

    if event not in WORDS:
        raise unknown("event", event, WORDS)


def _show(invocation: Invocation, schema: str, event: str, results: Sequence[ChannelResult]) -> int:
    """What became of each message: to stdout, hints to stderr; the exit code."""
    from deployforge_tasks.operations import notify

    code = notify.exit_code(results)
    if invocation.json:
        channels = [_result_json(r) for r in results]
        invocation.emit(schema, {"event": event, "exit_code": code, "channels": channels})
        return code
    if not results:
        invocation.terminal.out(f"nobody is told about {event}: no route names it")
    for line in columns([_result_row(r) for r in results], invocation.terminal.style, width=invocation.terminal.width):
        invocation.terminal.out(line)
    for result in results:
        if result.error is not None:
            invocation.terminal.hint(f"{result.channel}: {result.error.hint}")
    return code


def _result_json(result: ChannelResult) -> dict[str, Any]:
    return {
        "channel": result.channel,
        "kind": result.kind,
        "outcome": result.outcome,
        "said": result.said,
        "tries": result.tries,
        "error": result.error.as_json() if result.error else None,
    }


def _result_row(result: ChannelResult) -> tuple[Cell | str, ...]:
    symbol, style = look(result.outcome)
    code = f"   {result.error.code}" if result.error else ""
    return Cell(symbol, style), result.channel, Cell(result.outcome, style), f"{result.said}{code}"


def _channel_row(channel: ChannelInfo) -> tuple[Cell | str, ...]:
    last = channel.last
    told = f"last: {last.outcome} {last.at.astimezone():%Y-%m-%d %H:%M} ({last.event})" if last else "nothing sent yet"
    return Cell(channel.name, "bold"), channel.kind, _source(channel), told


def _source(channel: ChannelInfo) -> Cell:
    """Where the secrets come from, or which one is missing."""
    missing = [secret.variables[0] for secret in channel.secrets if secret.required and not secret.found]
    if missing:
        return Cell(f"{', '.join(missing)} is not set", "warning")
    found = [secret.found for secret in channel.secrets if secret.found]
    names = [secret.variables[0] for secret in channel.secrets]
    return Cell(", ".join(found) or (f"no {' or '.join(names)}" if names else "needs no secret"))


def _route_row(route: RouteInfo) -> tuple[Cell | str, ...]:
    who = ", ".join(route.channels) + (f" ({', '.join(route.to)})" if route.to else "")
    only = f"only {', '.join(route.platforms)}" if route.platforms else ""
    profile = "" if route.profile is None else f"profile {route.profile or '(none)'}"
    about = "; ".join(part for part in (", ".join(route.events) or "every event", only, profile) if part)
    return Cell(who, "bold"), Cell(route.written, "dim"), about


def _delivery_json(delivery: Delivery | None) -> dict[str, Any] | None:
    return {**asdict(delivery), "at": delivery.at.isoformat()} if delivery else None


def _limits(loaded: Loaded) -> dict[str, float]:
    monitoring = loaded.project.monitoring
    return {"quiet_seconds": monitoring.quiet, "limit_seconds": monitoring.limit}
