"""What `deployforge login` asks a person: the credentials themselves, unseen, and where to keep them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.usage import Misused

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.operations.login import Need

_KEY, _KEY_ENDS = "-----BEGIN", "-----END"
#: More than any key or exported login has; what is longer is a wrong file.
_LONGEST = 1 << 16


def explain(invocation: Invocation, needs: Sequence[Need]) -> None:
    """What a platform needs, and where to get it."""
    terminal = invocation.terminal
    for need in needs:
        word = "" if need.credential.required else " (optional)"
        name = need.credential.name.replace("_", " ")
        terminal.err(f"  {terminal.err_style(name, 'bold')}{word}: {need.credential.help}")
        if need.credential.url:
            terminal.err(f"    {terminal.err_style(need.credential.url, 'hint')}")
        if need.found:
            terminal.err(f"    there already: {need.found}")


def ask(needs: Sequence[Need]) -> dict[str, str]:
    """The credentials by name; an empty answer leaves one out."""
    from deployforge_tasks.operations.login import mask

    answers = {}
    for need in needs:
        value = _one(need)
        if value:
            mask(need, value)
            answers[need.credential.name] = value
    return answers


def _one(need: Need) -> str:
    name = need.credential.name.replace("_", " ")
    skip = "keeps what is there" if need.found else "leaves it out"
    if not need.credential.secret:
        text: str = click.prompt(f"{name} (Enter {skip})", default="", show_default=False, err=True)
        return text.strip()
    text = click.prompt(
        f"{name}, not shown; @FILE reads a file (Enter {skip})",
        default="",
        show_default=False,
        hide_input=True,
        err=True,
    )
    text = text.strip()
    if text.startswith(_KEY) and _KEY_ENDS not in text.removeprefix(_KEY):
        click.echo("a key has several lines, and only the first one arrived", err=True)
        path: str = click.prompt("the file of the key", err=True)
        return from_file(path)
    return from_file(text[1:]) if text.startswith("@") else text


def place(default: str, choices: Sequence[str]) -> str:
    """Where to keep it."""
    words = {
        "keyring": "the system keyring",
        "env-file": "an env-file that only you can read",
        "print": "nowhere: tell me how to give it to my CI service",
    }
    for choice in choices:
        click.echo(f"  {choice:<9} {words[choice]}", err=True)
    chosen: str = click.prompt("keep it in", type=click.Choice(list(choices)), default=default, err=True)
    return chosen


def from_file(path: str) -> str:
    """A credential from a file.

    Raises:
        Misused: it cannot be read, or holds nothing that can be one.
    """
    try:
        return tidy(Path(path).expanduser().read_bytes(), path)
    except OSError as error:
        raise Misused(f"{path} cannot be read ({error.strerror})", "name the file that holds the credential") from error


def tidy(data: bytes, where: str) -> str:
    """A credential without the space around it; one of several lines keeps the end of its last one.

    Raises:
        Misused: it is no text, empty, or too long.
    """
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise Misused(f"{where} holds no text", "a credential is a line of text, or a key in PEM form") from None
    if not text:
        raise Misused(f"{where} holds nothing", "a credential is a line of text, or a key in PEM form")
    if len(text) > _LONGEST:
        raise Misused(f"{where} holds {len(text)} characters", "that is no credential")
    return f"{text}\n" if "\n" in text else text
