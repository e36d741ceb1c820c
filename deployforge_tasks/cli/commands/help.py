"""``deployforge help``: commands, topics and ids of errors."""

from __future__ import annotations

import re

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
        "deployforge help exit-codes",
        "deployforge help DF4100",
    ),
    epilog="See also: `deployforge COMMAND -h`, and the pages in docs/.",
)
@argument("topic", required=False)
@click.pass_context
def command(context: click.Context, topic: str | None) -> None:
    """Help on a command, on the id of an error, or on a topic: environment, exit-codes, json, doit, presence, man."""
    invocation = context.ensure_object(Invocation)
    parent = context.find_root()
    if topic is None:
        _tell(invocation, "", parent.get_help())
    elif topic == "exit-codes":
        _exit_codes(invocation)
    elif topic in TOPICS:
        _tell(invocation, topic, TOPICS[topic]())
    elif re.fullmatch(r"(?i)DF\d{4}", topic):
        _error(invocation, topic.upper())
    else:
        found = root.get_command(parent, topic)
        if found is None:
            raise unknown("topic", topic, [*root.list_commands(parent), *TOPICS])
        _tell(invocation, topic, click.Context(found, info_name=topic, parent=parent).get_help())


def _exit_codes(invocation: Invocation) -> None:
    if invocation.json:
        table = [{"code": code, "meaning": meaning} for code, meaning in exit_codes.EXIT_CODES.items()]
        invocation.emit("exit-codes", {"exit_codes": table})
    else:
        invocation.terminal.out(exit_codes.as_text())


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
