"""``deployforge status``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.endings import tell_endings
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import VERSION, argument, option, selection
from deployforge_tasks.cli.table import Cell, Row, Style, ago, columns
from deployforge_tasks.cli.usage import choose_platforms
from deployforge_tasks.core.presence import State

if TYPE_CHECKING:
    from deployforge_tasks.operations.status import PlatformStatus, Status

#: Per presence: symbol, word and style.
LOOKS = {
    State.SAME: ("✓", "there", "ok"),
    State.ABSENT: ("→", "not there", ""),
    State.PARTIAL: ("→", "partly there", "warning"),
    State.DIFFERENT: ("✗", "there with other content", "error"),
    State.PENDING: ("⏸", "submitted", "warning"),
    State.REJECTED: ("✗", "rejected", "error"),
    State.WITHDRAWN: ("✗", "withdrawn", "error"),
    State.UNKNOWN: ("?", "cannot be told", "error"),
}


@click.command(
    cls=Command,
    examples=(
        "deployforge status",
        "deployforge status v1.0.42 --platforms npm,pypi --json",
        "deployforge status --strict -q          for cron: what is not as it should be, and an exit code",
    ),
    epilog="With --strict: 1 something is missing, behind or changed, 6 cannot be told, 9 waits for a review.\n\n"
    "See also: `deployforge verify`, docs/how-to/check-before-a-release.md.",
)
@argument("version", type=VERSION, required=False)
@selection
@option("--strict", group="Behaviour", is_flag=True, help="Fail unless everything is there and users get it.")
@click.pass_obj
def command(
    invocation: Invocation, version: str | None, wanted: tuple[str, ...], without: tuple[str, ...], strict: bool
) -> int:
    """What every platform has of a version (default: the project's), and what its users get now.

    Only looks, sends nothing.
    """
    from deployforge_tasks.operations.alarms import tell_drift
    from deployforge_tasks.operations.status import status

    loaded = invocation.settings(version).load()
    names = choose_platforms(loaded, wanted, without)
    tell_doit(invocation, "list", "--status", *(f"publish:{name}" for name in names), loaded=loaded)
    found = status(loaded, platforms=names)
    if strict:  # this is what watches a release: whoever wants to know of drift is told
        tell_drift(loaded, found)
    terminal = invocation.terminal
    if invocation.json:
        invocation.emit("status", as_json(found))
    else:
        shown = [p for p in found.platforms if not (strict and invocation.quiet and as_it_should(p))]
        for line in lines(found, shown, terminal.style, datetime.now(UTC), terminal.width) if shown else ():
            terminal.out(line)
    tell_endings(invocation, loaded, names)
    return found.strict_exit_code if strict else found.exit_code


def as_it_should(platform: PlatformStatus) -> bool:
    """Whether the version is there and users get it."""
    return platform.presence.state is State.SAME and not (platform.drift or platform.behind)


def as_json(found: Status) -> dict[str, Any]:
    """The status as JSON."""
    return {
        "project": found.project,
        "profile": found.profile,
        "version": found.version,
        "platforms": [_platform_json(p) for p in found.platforms],
    }


def _platform_json(platform: PlatformStatus) -> dict[str, Any]:
    presence, evidence, live = platform.presence, platform.evidence, platform.live
    return {
        "name": platform.name,
        "version": platform.version,
        "state": str(presence.state),
        "reason": presence.reason,
        "by": presence.by,
        "missing": list(presence.missing),
        "looks": [{"url": look.url, "status": look.status, "digest": look.digest} for look in presence.looks],
        "verified": {"method": evidence.method, "client": evidence.client} if evidence else None,
        "live": {
            "version": live.version,
            "channel": live.channel,
            "since": live.since.isoformat() if live.since else None,
            "url": live.look.url,
        }
        if live
        else None,
        "behind": platform.behind,
        "drift": platform.drift,
        "required": platform.required,
        "previous": platform.previous,
        "page": platform.page or None,
        "error": platform.error.as_json() if platform.error else None,
    }


def lines(
    found: Status, shown: Sequence[PlatformStatus], style: Style, now: datetime, width: int | None = None
) -> list[str]:
    """The status as people read it; `shown` are the platforms to show."""
    there = sum(platform.presence.state is State.SAME for platform in found.platforms)
    profile = [found.profile] if found.profile else []
    count = f"{there} of {len(found.platforms)} there"
    head = " · ".join([style(f"{found.project} v{found.version}", "bold"), *profile, count])
    rows: list[Row] = [("", "platform", "wanted", "users get", "")]
    rows += [_row(platform, found.version, now) for platform in shown]
    return [head, "", *columns(rows, style, width=width)]


def _row(platform: PlatformStatus, version: str, now: datetime) -> Row:
    symbol, word, look = ("✗", "drift", "error") if platform.drift else LOOKS[platform.presence.state]
    own = f"v{platform.version} " if platform.version != version else ""
    cells = (Cell(symbol, look), platform.name, Cell(f"{own}{word}", look))
    return [*cells, _users(platform, now), Cell(_note(platform), "dim")]


def _users(platform: PlatformStatus, now: datetime) -> Cell:
    """The version that users get, and since when."""
    live = platform.live
    if live is None:
        return Cell("")
    if platform.behind:
        return Cell(f"v{live.version}, behind by {platform.behind}", "error")
    since = f"  {ago(live.since, now)}" if live.since else ""
    return Cell(f"v{live.version}{since}", "ok" if live.version == platform.version else "")


def _note(platform: PlatformStatus) -> str:
    state, evidence = platform.presence.state, platform.evidence
    if platform.drift:
        return platform.drift
    if state is State.SAME:
        return f"verified by {evidence.method} ({evidence.client})" if evidence else "not verified from here"
    if state is State.ABSENT:
        return f"newest known there: v{platform.previous}" if platform.previous and not platform.live else ""
    return platform.presence.reason
