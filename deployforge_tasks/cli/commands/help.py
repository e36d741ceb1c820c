"""``deployforge help``: commands, topics and ids of errors."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from deployforge_tasks.cli import exit_codes
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import argument
from deployforge_tasks.cli.root import root
from deployforge_tasks.cli.topics import TOPICS
from deployforge_tasks.cli.usage import Misused, unknown


@click.command(
    cls=Command,
    examples=(
        "deployforge help deploy",
        "deployforge help config show",
        "deployforge help exit-codes",
        "deployforge help DF4100",
    ),
    epilog="See also: `deployforge COMMAND -h`, and the pages in docs/.",
)
@argument("topic", nargs=-1, metavar="[COMMAND|TOPIC|ID]")
@click.pass_context
def command(context: click.Context, topic: tuple[str, ...]) -> None:
    """Help on a command, on the id of an error, or on a topic: environment, exit-codes, json, doit, presence, man."""
    invocation = context.ensure_object(Invocation)
    match topic:
        case ("exit-codes",):
            _exit_codes(invocation)
        case (name,) if name in TOPICS:
            _tell(invocation, name, TOPICS[name]())
        case (code,) if re.fullmatch(r"(?i)DF\d{4}", code):
            _error(invocation, code.upper())
        case words:
            _tell(invocation, " ".join(words), _command_help(context.find_root(), words))


def _exit_codes(invocation: Invocation) -> None:
    if invocation.json:
        table = [{"code": code, "meaning": meaning} for code, meaning in exit_codes.EXIT_CODES.items()]
        invocation.emit("exit-codes", {"exit_codes": table})
    else:
        invocation.terminal.out(exit_codes.as_text())


def _command_help(context: click.Context, words: Sequence[str]) -> str:
    """The help of the program, of a command, or of a command of a command."""
    for word in words:
        parent = context.command
        if not isinstance(parent, click.Group):
            raise Misused(f"`{context.command_path}` has no commands of its own", f"`{context.command_path} -h`")
        found = parent.get_command(context, word)
        if found is None:
            topics = TOPICS if parent is root else ()
            raise unknown("topic", word, [*parent.list_commands(context), *topics])
        context = click.Context(found, info_name=word, parent=context)
    return context.get_help()


def _tell(invocation: Invocation, topic: str, text: str) -> None:
    if invocation.json:
        invocation.emit("topic", {"topic": topic, "text": text})
    else:
        invocation.terminal.out(text)


def _error(invocation: Invocation, code: str) -> None:
    from deployforge_tasks.cli.explain import explain, explanation_text

    explanation = explain(code)
    if explanation is None:
        raise Misused(
            f"unknown error id `{code}`", "an id ends the line of its error; docs/reference/errors.md lists them all"
        )
    if invocation.json:
        invocation.emit("explanation", {"explanation": explanation})
    else:
        invocation.terminal.out(explanation_text(explanation))
