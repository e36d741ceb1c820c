"""Telling people: raise a happening, try the channels, look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError, DeployForgeError, common_exit_code
from deployforge_tasks.notify.happening import Happening as Happening  # noqa: PLC0414 - for those who raise one
from deployforge_tasks.notify.happening import Line as Line  # noqa: PLC0414

if TYPE_CHECKING:
    from deployforge_tasks.ledger.deliveries import Delivery
    from deployforge_tasks.notify.courier import Result
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.project.schema_channels import Channel
    from deployforge_tasks.project.secrets import Vault


@dataclass(frozen=True)
class ChannelResult:
    """Whether a message arrived (``delivered failed quiet``); `said` is what the service answered, or why not."""

    channel: str
    kind: str
    outcome: str
    said: str
    tries: int
    error: DeployForgeError | None = None


@dataclass(frozen=True)
class SecretSource:
    """A credential of a channel: the variables that are looked at, and where it was found ("" if it was not)."""

    name: str
    variables: tuple[str, ...]
    found: str
    required: bool


@dataclass(frozen=True)
class ChannelInfo:
    """A channel: what it needs, and the last message on it."""

    name: str
    kind: str
    secrets: tuple[SecretSource, ...]
    last: Delivery | None


@dataclass(frozen=True)
class RouteInfo:
    """A route; what is empty (or None) means any. `written` is where it stands in ``deployforge.yml``."""

    written: str
    events: tuple[str, ...]
    platforms: tuple[str, ...]
    channels: tuple[str, ...]
    profile: str | None
    to: tuple[str, ...]


def tell(loaded: Loaded, *happenings: Happening, ledger_url: str | None = None) -> None:
    """Tell whoever wants to know (`monitoring:` of the project says who); returns at once and never raises.

    The end of the command waits for what is under way, and says what did not arrive. The same happening (project,
    profile, version, event, platforms, reason) is not told twice within `monitoring.quiet`.

    Args:
        loaded: the project.
        happenings: what happened, for example ``Happening("drift", version="1.0.0", platforms=("npm",), reason="…")``.
        ledger_url: another ledger than the project's own.
    """
    from deployforge_tasks.graph.context import ledger_url as own_url
    from deployforge_tasks.notify.tell import tell as deliver

    deliver(loaded, ledger_url or own_url(loaded), *happenings)


def send(loaded: Loaded, happening: Happening, *, ledger_url: str | None = None) -> tuple[ChannelResult, ...]:
    """Tell whoever wants to know, and wait for it; empty when nobody does.

    Args:
        loaded: the project.
        happening: what happened, seen by somebody else than DeployForge.
        ledger_url: another ledger than the project's own.
    """
    from deployforge_tasks.graph.context import ledger_url as own_url
    from deployforge_tasks.notify.tell import Post, receivers
    from deployforge_tasks.project.routes import channels

    known, post = channels(loaded.project), Post(loaded)
    chosen = receivers(loaded, happening)
    courier = post.courier([post.letter(happening, name, to) for name, to in chosen], ledger_url or own_url(loaded))
    courier.start()
    results = courier.results()
    return tuple(_result(name, known[name].kind, r) for (name, _), r in zip(chosen, results, strict=True))


def try_channels(
    loaded: Loaded, names: Sequence[str] = (), *, event: str = "failure", ledger_url: str | None = None
) -> tuple[ChannelResult, ...]:
    """Send a message that is marked as a test on each channel, and wait for it.

    Args:
        loaded: the project.
        names: only these channels (default: all that the project has or a route names).
        event: what the message is about.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: there is no channel.
    """
    from deployforge_tasks.graph.context import ledger_url as own_url
    from deployforge_tasks.notify.tell import Post
    from deployforge_tasks.project.routes import channels

    known = channels(loaded.project)
    if not known:
        raise ConfigError("no channel is set up", hint=_SET_UP, code="DF1400")
    post, chosen = Post(loaded), list(names or known)
    letters = [post.letter(_test(loaded, event), name, _addresses(loaded, name, event)) for name in chosen]
    courier = post.courier(letters, ledger_url or own_url(loaded))
    courier.start()
    return tuple(
        _result(name, known[name].kind, result) for name, result in zip(chosen, courier.results(), strict=True)
    )


_SET_UP = "add `monitoring: {error_notifications: [slack]}` to deployforge.yml, and set SLACK_WEBHOOK_URL"


def exit_code(results: Sequence[ChannelResult]) -> int:
    """0 when none failed, the failures' own code when they have one in common (4, 6 …), else 1."""
    return common_exit_code({r.error.exit_code if r.error else 6 for r in results if r.outcome == "failed"})


def _test(loaded: Loaded, event: str) -> Happening:
    platforms = tuple(name for name, options in loaded.options.items() if options.enabled)
    version = str(loaded.version) if loaded.version else ""
    lines = tuple(Line(name, "failed" if event == "failure" else "ok", "only an example") for name in platforms[:3])
    return Happening(event, version, platforms, f"this is what `{event}` looks like", lines=lines, test=True)


def _addresses(loaded: Loaded, name: str, event: str) -> tuple[str, ...]:
    """The mail addresses that a route names for this event on this channel."""
    from deployforge_tasks.project.routes import ways

    found = (way.to for way in ways(loaded.project) if name in way.channels and event in way.events and way.to)
    return next(found, ())


def _result(name: str, kind: str, result: Result) -> ChannelResult:
    row = result.delivery
    return ChannelResult(name, kind, row.outcome, row.reason, row.tries, result.error)


def list_channels(loaded: Loaded, *, ledger_url: str | None = None) -> tuple[ChannelInfo, ...]:
    """The channels of a project, with the last message on each.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import ledger_url as own_url
    from deployforge_tasks.ledger.deliveries import opened
    from deployforge_tasks.project.routes import channels
    from deployforge_tasks.project.secrets import Vault

    vault = Vault(loaded)
    with opened(ledger_url or own_url(loaded)) as book:
        return tuple(
            ChannelInfo(
                name, channel.kind, _sources(vault, channel), book.last(loaded.project.name, loaded.profile, name)
            )
            for name, channel in channels(loaded.project).items()
        )


def _sources(vault: Vault, channel: Channel) -> tuple[SecretSource, ...]:
    from deployforge_tasks.notify.channels import credentials_of

    wanted = credentials_of(channel)
    given = vault.given(wanted)
    return tuple(
        SecretSource(c.name, c.env, given[c.name].source if c.name in given else "", c.required) for c in wanted
    )


def list_routes(loaded: Loaded) -> tuple[RouteInfo, ...]:
    """The routes of a project, the short forms as what they stand for."""
    from deployforge_tasks.project.routes import ways

    return tuple(
        RouteInfo(way.written, way.events, way.platforms, way.channels, way.profile, way.to)
        for way in ways(loaded.project)
    )
