"""``deployforge notify``: test, list."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import global_options, option
from deployforge_tasks.cli.table import Cell, columns
from deployforge_tasks.cli.usage import unknown

if TYPE_CHECKING:
    from deployforge_tasks.ledger.deliveries import Delivery
    from deployforge_tasks.operations.notify import ChannelInfo, ChannelTest, RouteInfo
    from deployforge_tasks.project.load import Loaded


@click.group(cls=Group, params=[*global_options(root=False)], no_args_is_help=True)
def command() -> None:
    """Try the channels that tell people about releases, and see who is told about what."""


@command.command(cls=Command, examples=("deployforge notify test", "deployforge notify test slack --event success"))
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@option("--event", group="Behaviour", default="failure", metavar="EVENT", help="What the message is about (failure).")
@click.pass_obj
def test(invocation: Invocation, channels: tuple[str, ...], event: str) -> int:
    """Send a message that is marked as a test on every channel, or on those that are named."""
    from deployforge_tasks.notify.happening import WORDS
    from deployforge_tasks.operations import notify
    from deployforge_tasks.project.routes import channels as known_channels

    loaded = invocation.settings().load()
    if event not in WORDS:
        raise unknown("event", event, WORDS)
    for name in channels:
        if name not in known_channels(loaded.project):
            raise unknown("channel", name, known_channels(loaded.project))
    tests = notify.try_channels(loaded, list(dict.fromkeys(channels)), event=event)
    code = notify.exit_code(tests)
    if invocation.json:
        invocation.emit("notify-test", {"event": event, "exit_code": code, "channels": [_test_json(t) for t in tests]})
        return code
    for line in columns([_test_row(t) for t in tests], invocation.terminal.style):
        invocation.terminal.out(line)
    style = invocation.terminal.err_style
    for failed in (t for t in tests if t.error is not None):
        invocation.terminal.err(f"\n{style('hint:', 'hint')} {failed.channel}: {failed.error.hint}")  # type: ignore[union-attr]
    return code


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
    out = invocation.terminal.out
    if not found:
        out("no channel is set up")
        invocation.note("\nhint: add `monitoring: {error_notifications: [slack]}`, and set SLACK_WEBHOOK_URL")
        return
    out("Channels")
    for line in columns([_channel_row(c) for c in found], invocation.terminal.style):
        out(line)
    out("\nRoutes")
    for line in columns([_route_row(r) for r in routes], invocation.terminal.style):
        out(line)


def _test_row(tested: ChannelTest) -> tuple[Cell | str, ...]:
    if tested.delivered:
        return Cell("✓", "ok"), tested.channel, Cell("delivered", "ok"), tested.said
    code = f"   {tested.error.code}" if tested.error else ""
    return Cell("✗", "error"), tested.channel, Cell("failed", "error"), f"{tested.said}{code}"


def _test_json(tested: ChannelTest) -> dict[str, Any]:
    return {
        "channel": tested.channel,
        "kind": tested.kind,
        "delivered": tested.delivered,
        "said": tested.said,
        "tries": tested.tries,
        "error": tested.error.as_json() if tested.error else None,
    }


def _channel_row(channel: ChannelInfo) -> tuple[Cell | str, ...]:
    set_ = [secret.found for secret in channel.secrets if secret.found]
    missing = [secret.variables[0] for secret in channel.secrets if secret.required and not secret.found]
    words = [", ".join(set_)] if set_ else []
    words += [f"{', '.join(missing)} is not set"] if missing else []
    last = channel.last
    told = f"last: {last.outcome} {last.at.astimezone():%Y-%m-%d %H:%M} ({last.event})" if last else "nothing sent yet"
    source = Cell("; ".join(words) or "no secret", "warning" if missing else "")
    return Cell(channel.name, "bold"), channel.kind, source, told


def _route_row(route: RouteInfo) -> tuple[Cell | str, ...]:
    who = ", ".join(route.channels) + (f" ({', '.join(route.to)})" if route.to else "")
    only = f"only {', '.join(route.platforms)}" if route.platforms else ""
    profile = "" if route.profile is None else f"profile {route.profile or '(none)'}"
    about = "; ".join(part for part in (", ".join(route.events) or "every event", only, profile) if part)
    return Cell(who, "bold"), about, Cell(route.written, "dim")


def _delivery_json(delivery: Delivery | None) -> dict[str, Any] | None:
    return {**asdict(delivery), "at": delivery.at.isoformat()} if delivery else None


def _limits(loaded: Loaded) -> dict[str, float]:
    monitoring = loaded.project.monitoring
    return {"quiet_seconds": monitoring.quiet, "limit_seconds": monitoring.limit}
