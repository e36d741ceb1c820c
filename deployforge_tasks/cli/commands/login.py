"""``deployforge login``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli import login_questions as questions
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.login_dialog import PLACES, Dialog, Options, Outcome
from deployforge_tasks.cli.options import argument, option
from deployforge_tasks.cli.table import Cell, Row, columns
from deployforge_tasks.cli.terminal import is_terminal
from deployforge_tasks.cli.usage import Misused, choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded


@click.command(
    cls=Command,
    examples=(
        "deployforge login                      every platform that lacks a credential",
        "deployforge login npm",
        "deployforge login aur --from-file ~/.ssh/aur",
        "pass show npm | deployforge login npm --with-token --store keyring",
    ),
    epilog="See also: `deployforge whoami`, `deployforge logout`, docs/how-to/credentials.md.",
)
@argument("platform", required=False)
@option("--credential", group="Selection", metavar="NAME", default="", help="Which of the platform's credentials.")
@option("--with-token", group="Behaviour", is_flag=True, help="Read the credential from stdin.")
@option("--from-file", group="Behaviour", metavar="FILE", help="Read the credential from a file (a key).")
@option("--store", group="Behaviour", type=click.Choice(PLACES), help="Where to keep it (asked, else keyring).")
@option("--shared", group="Behaviour", is_flag=True, help="In the keyring: for all projects.")
@option("--untested", group="Behaviour", is_flag=True, help="Store it without trying it.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    platform: str | None,
    credential: str,
    with_token: bool,
    from_file: str | None,
    store: str | None,
    shared: bool,
    untested: bool,
) -> int:
    """Set up the credential of a platform: where to get it, try it, keep it.

    Nothing is stored that the platform refuses. Without PLATFORM, it goes through every enabled one that lacks one.
    """
    from deployforge_tasks.operations.login import lacking

    if shared and store not in (None, "keyring"):
        raise Misused("--shared is for the keyring", "leave out --shared, or --store")
    loaded = _load(invocation)
    tell_doit(invocation)
    dialog = Dialog(invocation, loaded, Options(credential, store or "", shared, untested))
    names = choose_platforms(loaded, [platform]) if platform else []
    if with_token or from_file:
        if not names:
            raise Misused("a credential belongs to one platform", "name it: `deployforge login npm --with-token`")
        return _finish(invocation, [dialog.given(names[0], _value(with_token, from_file))])
    if not invocation.interactive:
        hint = "pipe it: `deployforge login npm --with-token`, or name a file with --from-file"
        raise Misused("there is nobody to ask for the credential", hint)
    names = names or lacking(loaded)
    if not names:
        invocation.terminal.err("no enabled platform lacks a credential; `deployforge whoami` tries them")
        return 0
    return _finish(invocation, [dialog.guided(name) for name in names])


def _load(invocation: Invocation) -> Loaded:
    """The project; an env-file that is not there yet is the one to write."""
    settings = invocation.settings()
    if settings.env_file is None or settings.env_file.exists():
        return settings.load()
    return replace(replace(settings, env_file=None).load(), env_file=settings.env_file)


def _value(with_token: bool, from_file: str | None) -> str:
    if with_token and from_file:
        raise Misused("a credential comes from one place", "leave out --with-token or --from-file")
    if from_file:
        return questions.from_file(from_file)
    if is_terminal(sys.stdin):
        raise Misused("--with-token reads a pipe", "leave it out to be asked, unseen")
    return questions.tidy(sys.stdin.buffer.read(), "stdin")


def _finish(invocation: Invocation, outcomes: list[Outcome]) -> int:
    if invocation.json:
        invocation.emit("login", {"platforms": [as_json(outcome) for outcome in outcomes]})
        return 0
    terminal = invocation.terminal
    rows: list[Row] = [_row(outcome) for outcome in outcomes]
    for line in columns(rows, terminal.style, width=terminal.width):
        terminal.out(line)
    for outcome in outcomes:
        for todo in outcome.kept.todo if outcome.kept else ():
            terminal.out(f"    {todo}")
    return 0


def _row(outcome: Outcome) -> Row:
    if outcome.kept is None:
        return [Cell("○", "dim"), outcome.platform, Cell("left out", "dim")]
    identity = outcome.trial.identity if outcome.trial else None
    who = identity.who if identity else "not tried"
    if outcome.kept.place == "print":
        return [Cell("→", "warning"), outcome.platform, "stored nowhere", who]
    return [Cell("✓", "ok"), outcome.platform, f"kept in {outcome.kept.where}", who]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """A login as JSON; never a value."""
    identity = outcome.trial.identity if outcome.trial else None
    return {
        "name": outcome.platform,
        "credentials": list(outcome.values),
        "tried": identity is not None,
        "who": identity.who if identity else None,
        "may": list(identity.may) if identity else [],
        "expires": identity.expires.isoformat() if identity and identity.expires else None,
        "store": outcome.kept.place if outcome.kept else None,
        "where": outcome.kept.where if outcome.kept else None,
        "todo": list(outcome.kept.todo) if outcome.kept else [],
    }
