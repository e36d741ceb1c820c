"""``deployforge dashboard``: serve it, ``token``: new, list, revoke, and ``session``: list, end."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.exit_codes import OK
from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import argument, global_options, option
from deployforge_tasks.cli.table import Cell, Row, ago, columns
from deployforge_tasks.effects.files import redirect_page

if TYPE_CHECKING:
    from deployforge_tasks.access.tokens import Token
    from deployforge_tasks.dashboard.serve import Opened
    from deployforge_tasks.operations.sessions import OpenSession

_A = {"viewer": "a viewer", "operator": "an operator", "releaser": "a releaser", "admin": "an admin"}


class _Dashboard(Group):
    """A group that does something by itself, with examples in its help."""

    examples = (
        "deployforge dashboard",
        "deployforge dashboard --port 0 --open",
        "deployforge dashboard token new ci --role viewer --days 30",
    )


@click.group(
    cls=_Dashboard,
    invoke_without_command=True,
    params=global_options(root=False),
    epilog="See also: `deployforge status`, docs/how-to/watch-with-the-dashboard.md, "
    "docs/how-to/secure-the-dashboard.md.",
)
@option("--host", group="Behaviour", metavar="ADDRESS", help="Listen there (default: `dashboard.host`, loopback).")
@option("--port", group="Behaviour", type=click.IntRange(0, 65535), metavar="N", help="Listen there; 0: a free port.")
@option("--open", "show", group="Behaviour", is_flag=True, help="Open it in the browser.")
@click.pass_context
def command(context: click.Context, host: str | None, port: int | None, show: bool) -> int:
    """Serve the live dashboard until Ctrl-C: every platform, every run, downloads and what they tell.

    On this machine you sign on with the link that is printed, once. For others set `dashboard.auth`. Releases that are
    started there run in processes of their own: they go on when the dashboard ends.
    """
    if context.invoked_subcommand is not None:
        return OK
    invocation: Invocation = context.obj
    from deployforge_tasks.dashboard.serve import serve

    with ExitStack() as at_the_end:
        serve(
            invocation.settings(),
            host=host,
            port=port,
            ready=lambda opened: _ready(invocation, opened, at_the_end if show else None),
            link=lambda address: invocation.terminal.err(f"Sign on with {address}"),
        )
    return OK


def _ready(invocation: Invocation, opened: Opened, show: ExitStack | None) -> None:
    if invocation.json:
        invocation.emit("dashboard", {"url": opened.url, "sign_on": opened.link or None}, line=True)
    else:
        invocation.terminal.out(f"The dashboard is at {opened.url}")
        if opened.link:
            invocation.terminal.out(f"Sign on with {opened.link} (once, within ten minutes)")
        invocation.hint("Ctrl-C ends it")
    if opened.warning:
        invocation.terminal.err(f"{invocation.terminal.err_style('warning:', 'warning')} {opened.warning}")
    if show is not None:
        # Everybody on this machine sees the words that a browser is called with: the link stands in a file of ours.
        click.launch(show.enter_context(redirect_page(opened.link)).as_uri() if opened.link else opened.url)


@command.group(cls=Group, params=[*global_options(root=False)], no_args_is_help=True)
def token() -> None:
    """Make, list and revoke the API tokens of this project's dashboard."""


@token.command(
    "new",
    cls=Command,
    examples=("deployforge dashboard token new ci --role viewer --days 30", "… token new ann --json"),
)
@argument("new_name", metavar="NAME")
@option("--role", group="Behaviour", type=click.Choice(list(_A)), default="viewer", help="What it may do (viewer).")
@option("--days", group="Behaviour", type=click.IntRange(1, 366), default=30, metavar="N", help="How long (30).")
@click.pass_obj
def new(invocation: Invocation, new_name: str, role: Any, days: int) -> int:
    """Make a token and show it, this once.

    The ledger keeps nothing that it could be found by again: whoever loses it makes a new one.
    """
    from deployforge_tasks.operations.tokens import at_the_command_line, new_token, records_of

    loaded = invocation.settings().load()
    with records_of(loaded) as records:
        made = new_token(records, loaded, at_the_command_line(loaded), name=new_name, role=role, days=days)
    if invocation.json:
        invocation.emit("dashboard-token", {"value": made.value, "token": _as_json(made.token, "active")})
        return OK
    invocation.terminal.out(made.value)
    invocation.note(f"{new_name} may do what {_A[role]} may, until {made.token.ends_at:%Y-%m-%d}; it is shown only now")
    invocation.hint("send it as `Authorization: Bearer …`, or sign on with it where `dashboard.auth` is token")
    return OK


@token.command("list", cls=Command, examples=("deployforge dashboard token list",))
@click.pass_obj
def list_(invocation: Invocation) -> int:
    """List every token that was made, without its value."""
    from datetime import UTC, datetime

    from deployforge_tasks.operations.tokens import list_tokens, records_of

    loaded = invocation.settings().load()
    with records_of(loaded) as records:
        found = list_tokens(records, loaded)
    if invocation.json:
        invocation.emit("dashboard-tokens", {"tokens": [_as_json(each, state) for each, state in found]})
        return OK
    terminal, now = invocation.terminal, datetime.now(UTC)
    if not found:
        terminal.out(f"{terminal.style(loaded.project.name, 'bold')} · no token yet")
        invocation.hint("`deployforge dashboard token new NAME` makes one")
        return OK
    rows: list[Row] = [("name", "role", "state", "made", "by", "ends")]
    rows += [
        (
            each.name,
            each.role,
            Cell(state, "ok" if state == "active" else "dim"),
            ago(each.made_at, now),
            each.made_by,
            f"{each.ends_at:%Y-%m-%d}",
        )
        for each, state in found
    ]
    for line in [terminal.style(loaded.project.name, "bold"), "", *columns(rows, terminal.style, width=terminal.width)]:
        terminal.out(line)
    return OK


@token.command("revoke", cls=Command, examples=("deployforge dashboard token revoke ci",))
@argument("token", metavar="NAME")
@click.pass_obj
def revoke(invocation: Invocation, token: str) -> int:
    """Revoke the active token of a name; whoever signed on with it is out at once."""
    from deployforge_tasks.operations.tokens import at_the_command_line, records_of, revoke_token

    loaded = invocation.settings().load()
    with records_of(loaded) as records:
        found = revoke_token(records, loaded, at_the_command_line(loaded), token)
    if invocation.json:
        invocation.emit("dashboard-token", {"token": _as_json(found, "revoked")})
    else:
        invocation.terminal.out(f"{token} is revoked")
    return OK


def _as_json(found: Token, state: str) -> dict[str, Any]:
    return {
        "name": found.name,
        "role": found.role,
        "state": state,
        "made_by": found.made_by,
        "made_at": found.made_at.isoformat(),
        "ends_at": found.ends_at.isoformat(),
    }


@command.group(cls=Group, params=[*global_options(root=False)], no_args_is_help=True)
def session() -> None:
    """List and end the sessions of people who have signed on to this project's dashboard."""


@session.command("list", cls=Command, examples=("deployforge dashboard session list",))
@click.pass_obj
def list_sessions_(invocation: Invocation) -> int:
    """List every session that is open, with who has it and from where."""
    from datetime import UTC, datetime

    from deployforge_tasks.operations.sessions import list_sessions
    from deployforge_tasks.operations.tokens import at_the_command_line, records_of

    loaded = invocation.settings().load()
    with records_of(loaded) as records:
        found = list_sessions(records, loaded, at_the_command_line(loaded))
    if invocation.json:
        invocation.emit("dashboard-sessions", {"sessions": [_session_as_json(each) for each in found]})
        return OK
    terminal, now = invocation.terminal, datetime.now(UTC)
    if not found:
        terminal.out(f"{terminal.style(loaded.project.name, 'bold')} · no open session")
        return OK
    rows: list[Row] = [("session", "who", "role", "signed on", "from", "since", "last seen")]
    for each in found:
        one = each.session
        seen = ago(one.seen_at, now) if one.seen_at else "not known"
        since = ago(one.began_at, now)
        rows.append(
            (one.id, one.actor or "somebody", each.role or "none", one.method, one.origin or "not known", since, seen)
        )
    for line in [terminal.style(loaded.project.name, "bold"), "", *columns(rows, terminal.style, width=terminal.width)]:
        terminal.out(line)
    return OK


@session.command(
    "end",
    cls=Command,
    examples=("deployforge dashboard session end 3f9a1c0b7d2e", "deployforge dashboard session end --person ann"),
)
@argument("session", required=False)
@option("--person", group="Behaviour", metavar="NAME", help="End every session of this person.")
@click.pass_obj
def end(invocation: Invocation, session: str | None, person: str | None) -> int:
    """End a session, or with --person all of somebody: they are out at once.

    They can sign on again: revoke their token too, or take their role or account away.
    """
    from deployforge_tasks.operations.sessions import end_session, end_sessions_of
    from deployforge_tasks.operations.tokens import at_the_command_line, records_of

    if (session is None) == (person is None):
        raise click.UsageError("give a session, or --person NAME")
    loaded = invocation.settings().load()
    with records_of(loaded) as records:
        who = at_the_command_line(loaded)
        if person is not None:
            name, ended = person, end_sessions_of(records, loaded, who, person)
        else:
            name, ended = end_session(records, loaded, who, session or "").actor, 1
    if invocation.json:
        invocation.emit("dashboard-sessions-ended", {"person": name, "ended": ended})
    else:
        invocation.terminal.out(f"{ended} {'session' if ended == 1 else 'sessions'} of {name} ended")
    return OK


def _session_as_json(found: OpenSession) -> dict[str, Any]:
    one = found.session
    return {
        "session": one.id,
        "person": one.actor,
        "role": found.role,
        "profile": one.profile,
        "method": one.method,
        "origin": one.origin,
        "began_at": one.began_at.isoformat(),
        "seen_at": one.seen_at.isoformat() if one.seen_at else None,
        "ends_at": one.ends_at.isoformat(),
    }
