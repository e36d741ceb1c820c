"""``deployforge status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import argument, selection
from deployforge_tasks.cli.table import Cell, Row, columns
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


@click.command(cls=Command, examples=("deployforge status", "deployforge status v1.0.42 --platforms npm,pypi --json"))
@argument("version", required=False)
@selection
@click.pass_obj
def command(invocation: Invocation, version: str | None, wanted: tuple[str, ...], without: tuple[str, ...]) -> int:
    """What every platform has of a version (default: the project's). Only looks, sends nothing."""
    from deployforge_tasks.operations.status import status

    loaded = invocation.settings(version).load()
    names = choose_platforms(loaded, wanted, without)
    tell_doit(invocation, "list", "--status", *(f"publish:{name}" for name in names), loaded=loaded)
    found = status(loaded, platforms=names)
    if invocation.json:
        invocation.emit("status", as_json(found))
    else:
        for line in lines(found, invocation.terminal.style):
            invocation.terminal.out(line)
    return found.exit_code


def as_json(found: Status) -> dict[str, Any]:
    """The status as JSON."""
    return {
        "project": found.project,
        "profile": found.profile,
        "version": found.version,
        "platforms": [_platform_json(p) for p in found.platforms],
    }


def _platform_json(platform: PlatformStatus) -> dict[str, Any]:
    presence, evidence = platform.presence, platform.evidence
    return {
        "name": platform.name,
        "version": platform.version,
        "state": str(presence.state),
        "reason": presence.reason,
        "by": presence.by,
        "missing": list(presence.missing),
        "looks": [{"url": look.url, "status": look.status, "digest": look.digest} for look in presence.looks],
        "verified": {"method": evidence.method, "client": evidence.client} if evidence else None,
        "previous": platform.previous,
        "page": platform.page or None,
        "error": platform.error.as_json() if platform.error else None,
    }


def lines(found: Status, style: Any) -> list[str]:
    """The status as people read it."""
    profile = f" ({found.profile})" if found.profile else ""
    head = f"{style(found.project, 'bold')}{profile}   wanted v{found.version}"
    return [head, "", *columns([_row(p, found.version) for p in found.platforms], style)]


def _row(platform: PlatformStatus, version: str) -> Row:
    symbol, word, look = LOOKS[platform.presence.state]
    own = f"v{platform.version} " if platform.version != version else ""
    return [Cell(symbol, look), platform.name, Cell(f"{own}{word}", look), Cell(_note(platform), "dim")]


def _note(platform: PlatformStatus) -> str:
    state, evidence = platform.presence.state, platform.evidence
    if state is State.SAME:
        return f"verified by {evidence.method} ({evidence.client})" if evidence else "not verified from here"
    if state is State.ABSENT:
        return f"newest known there: v{platform.previous}" if platform.previous else ""
    return platform.presence.reason
