"""``deployforge completion``."""

from __future__ import annotations

import click

from deployforge_tasks.cli.completing import SHELLS, script
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import argument
from deployforge_tasks.cli.root import root


@click.command(
    cls=Command,
    examples=(
        'eval "$(deployforge completion bash)"                     in ~/.bashrc',
        'eval "$(deployforge completion zsh)"                      in ~/.zshrc',
        "deployforge completion fish > ~/.config/fish/completions/deployforge.fish",
        "deployforge completion powershell | Out-String | Invoke-Expression",
    ),
    epilog="See also: `deployforge help`.",
)
@argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@click.pass_obj
def command(invocation: Invocation, shell: str) -> None:
    """Print the completion script of a shell.

    SHELL is bash, zsh, fish or powershell. It completes commands and options, and the names of platforms, versions,
    profiles, tasks and topics.
    """
    text = script(root, shell)
    if invocation.json:
        invocation.emit("completion", {"shell": shell, "script": text})
    else:
        invocation.terminal.out(text)
