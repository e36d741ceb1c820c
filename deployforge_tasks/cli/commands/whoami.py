"""``deployforge whoami``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.options import option, selection
from deployforge_tasks.cli.table import Cell, Row, columns
from deployforge_tasks.cli.usage import choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.cli.table import Style
    from deployforge_tasks.operations.whoami import Account, Accounts

#: Per state of a credential that tells of nobody: what stands there instead.
_WORDS = {"missing": "missing", "refused": "refused", "unknown": "cannot be told"}


@click.command(
    cls=Command,
    examples=("deployforge whoami", "deployforge whoami --platforms npm,pypi --json", "deployforge whoami --strict"),
    epilog="See also: `deployforge login`, docs/how-to/credentials.md.",
)
@selection
@option(
    "--strict",
    group="Behaviour",
    is_flag=True,
    help="Exit with 4 also for optional platforms and credentials that end soon, and with 6 for what cannot be told.",
)
@click.pass_obj
def command(invocation: Invocation, *, wanted: tuple[str, ...], without: tuple[str, ...], strict: bool) -> int:
    """Who each credential is, where it was found, what it may do, and when it ends. Changes nothing anywhere.

    A credential is looked for in the environment, the env-file, the system keyring, and in CI among the identities that
    a platform trusts. Exits with 4 when one of a required platform is missing, refused or over.
    """
    from deployforge_tasks.operations.alarms import tell_ending
    from deployforge_tasks.operations.whoami import whoami

    loaded = invocation.settings().load()
    tell_doit(invocation)
    found = whoami(loaded, platforms=choose_platforms(loaded, wanted, without))
    tell_ending(loaded, found)
    if invocation.json:
        invocation.emit("whoami", as_json(found))
    else:
        _show(invocation, found)
    return found.strict_exit_code if strict else found.exit_code


def as_json(found: Accounts) -> dict[str, Any]:
    """The accounts as JSON; never a value."""
    return {
        "project": found.project,
        "platforms": [_account_json(account) for account in found.accounts],
        "warnings": list(found.warnings),
    }


def _account_json(account: Account) -> dict[str, Any]:
    identity = account.identity
    return {
        "name": account.platform,
        "state": account.state,
        "required": account.required,
        "who": identity.who if identity else None,
        "may": list(identity.may) if identity else [],
        "expires": identity.expires.isoformat() if identity and identity.expires else None,
        "note": identity.note if identity else "",
        "reason": account.reason,
        "hint": account.hint,
        "credentials": [
            {"name": c.name, "source": c.source or None, "variables": list(c.variables), "required": c.required}
            for c in account.credentials
        ],
    }


def _show(invocation: Invocation, found: Accounts) -> None:
    terminal = invocation.terminal
    for line in lines(found, terminal.style, terminal.width):
        terminal.out(line)
    if not invocation.quiet:
        for word, text in remarks(found):
            terminal.err(f"{terminal.err_style(f'{word}:', 'warning' if word == 'warning' else 'hint')} {text}")


def remarks(found: Accounts) -> Iterator[tuple[str, str]]:
    """What stands below the table: why something is not well and what to do, and what else platforms say."""
    for account in found.accounts:
        if account.state not in ("ok", "expiring", "expired"):
            yield account.state, _named(account, account.reason)
        if account.hint:
            yield "hint", _named(account, account.hint)
        if account.identity and account.identity.note:
            yield "note", _named(account, account.identity.note)
    for text in found.warnings:
        yield "warning", text


def _named(account: Account, text: str) -> str:
    return text if text.startswith(f"{account.platform} ") else f"{account.platform}: {text}"


def lines(found: Accounts, style: Style, width: int | None) -> list[str]:
    """The accounts as people read them."""
    rows: list[Row] = [("", "platform", "credential", "who", "may", "ends")]
    rows += [_row(account) for account in found.accounts]
    return [style(found.project, "bold"), "", *columns(rows, style, width=width)]


def _row(account: Account) -> Row:
    symbol, style = look(account.state)
    word = _WORDS.get(account.state, "")
    optional = "" if account.required else " (optional)"
    head: Sequence[Cell | str] = [Cell(symbol, style), f"{account.platform}{optional}", _where(account)]
    identity = account.identity
    if identity is None:
        return [*head, Cell(word, style)] if word else [*head, Cell(account.reason, "dim")]
    end = f"{identity.expires:%Y-%m-%d}" if identity.expires else ""
    soon = account.reason if account.state != "ok" else ""
    return [*head, identity.who, ", ".join(identity.may), Cell(" · ".join(filter(None, [end, soon])), style)]


def _where(account: Account) -> str:
    """The credentials that are there, with where they were found; of what is missing, the variables."""
    there = [c for c in account.credentials if c.source]
    if there:
        return ", ".join(dict.fromkeys(f"{c.name.replace('_', ' ')}: {c.source}" for c in there))
    return ", ".join(c.variables[0] for c in account.credentials if c.required and c.variables)
