"""Completion on the command line: which names an option or argument takes, in one table."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    CompletionItem,
    FishComplete,
    ShellComplete,
    add_completion_class,
    get_completion_class,
)

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation

#: The variable by which a shell asks: `deployforge completion bash` prints what sets it.
VARIABLE = "_DEPLOYFORGE_COMPLETE"
SHELLS = ("bash", "zsh", "fish", "powershell")


def items(context: click.Context, parameter: str | None, incomplete: str) -> list[CompletionItem]:
    """What the parameter of that name could be; lists of names (``npm,pyp``) complete their last one."""
    make = _TABLE.get(parameter or "")
    if make is None:
        return []
    from deployforge_tasks.cli.invocation import Invocation

    found = make(context.find_object(Invocation) or Invocation())
    before, comma, last = incomplete.rpartition(",") if parameter in _LISTS else ("", "", incomplete)
    chosen = before.split(",")
    return [CompletionItem(f"{before}{comma}{name}") for name in found if name.startswith(last) and name not in chosen]


def answer(root: click.Command, instruction: str) -> int:
    """Do what the shell asks for: ``bash_complete`` writes completions, ``bash_source`` the script."""
    shell, _, wanted = instruction.partition("_")
    kind = get_completion_class(shell)
    if kind is None:
        return 1
    complete = kind(root, {}, "deployforge", VARIABLE)
    click.echo(complete.source() if wanted == "source" else complete.complete())
    return 0


def script(root: click.Command, shell: str) -> str:
    """The script that a shell reads once to complete our command lines."""
    kind = get_completion_class(shell)
    assert kind is not None  # one of `SHELLS`
    return kind(root, {}, "deployforge", VARIABLE).source().strip()


class PowerShell(ShellComplete):
    """What click before 8.5 lacks: PowerShell 5 and newer.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/register-argumentcompleter
    """

    name = "powershell"
    source_template = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:%(complete_var)s = "powershell_complete"
    $env:COMP_WORDS = $commandAst.ToString()
    $env:COMP_WORD = $wordToComplete
    try {
        %(prog_name)s | ForEach-Object {
            [System.Management.Automation.CompletionResult]::new($_, $_, "ParameterValue", $_)
        }
    } finally {
        Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_WORD -ErrorAction SilentlyContinue
    }
}
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        incomplete = os.environ.get("COMP_WORD", "")
        words = os.environ.get("COMP_WORDS", "").split()[1:]
        return (words[:-1] if incomplete and words else words), incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return str(item.value)


class Fish(FishComplete):
    """Click's own cuts a completion at each comma; ours have commas in them (``npm,pypi``)."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


add_completion_class(PowerShell)
add_completion_class(Fish)


def _platforms(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.platforms(invocation.settings())


def _counted(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.counted(invocation.settings())


def _known_platforms(_: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations.platforms import names

    return names()


def _profiles(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.profiles(invocation.settings())


def _versions(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.versions(invocation.settings())


def _channels(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.channels(invocation.settings())


def _events(_: Invocation) -> Sequence[str]:
    from deployforge_tasks.notify.happening import WORDS

    return list(WORDS)


def _tools(_: Invocation) -> Sequence[str]:
    from deployforge_tasks.discovery.survey import tools

    return tools()


def _tasks(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.tasks(invocation.settings())


def _tokens(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return names.tokens(invocation.settings())


def _sessions(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return [one for one, _ in names.sessions(invocation.settings())]


def _people(invocation: Invocation) -> Sequence[str]:
    from deployforge_tasks.operations import names

    return list(dict.fromkeys(person for _, person in names.sessions(invocation.settings())))


def _topics(_: Invocation) -> Sequence[str]:
    from deployforge_tasks.cli.explain import ids
    from deployforge_tasks.cli.root import root
    from deployforge_tasks.cli.topics import TOPICS

    return [*root.summaries, *TOPICS, *ids()]


_TABLE: dict[str, Callable[[Invocation], Sequence[str]]] = {
    "platforms": _platforms,
    "counted": _counted,
    "force": _platforms,
    "platform": _platforms,
    "name": _known_platforms,
    "profile": _profiles,
    "version": _versions,
    "leave": _versions,
    "versions": _versions,
    "words": _tasks,
    "channels": _channels,
    "event": _events,
    "tools": _tools,
    "topic": _topics,
    "token": _tokens,
    "session": _sessions,
    "person": _people,
}
_LISTS = ("platforms", "counted", "force")
