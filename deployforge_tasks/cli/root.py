"""The program's own command: what there is, without importing it."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import click

from deployforge_tasks import __version__
from deployforge_tasks.cli.help_format import Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import Option, global_options


class Root(Group):
    """Imports a command's module when the command is called."""

    summaries: ClassVar = {
        "init": "Look at this repository and write its deployforge.yml.",
        "deploy": "Publish a version everywhere, exactly once, and prove it by installing it.",
        "retry": "Go on with what failed or was left undone in the last run.",
        "verify": "Install what is published again, and run it.",
        "rollback": "Take users back to an earlier version, as far as each platform allows.",
        "status": "What every platform has of a version, and what users get there now.",
        "runs": "The runs that the ledger remembers.",
        "logs": "What happened in a run, or what happens in it now.",
        "diff": "What changes in the rendered files from one version to another.",
        "graph": "Draw the tasks and how they stand.",
        "dashboard": "Watch releases and downloads in the browser, live.",
        "stats": "How often the project is downloaded, by day, version, target and country.",
        "insights": "What downloads, runs and costs tell: each statement with its evidence.",
        "report": "Report on some days: downloads, releases, what they say, what they cost.",
        "rehearse": "Release to registries on this machine and install everything back.",
        "test": "Try connections, credentials, names and preflights; publish nothing.",
        "doctor": "Look at everything that a release needs on this machine.",
        "config": "Check, show or bring up to date the configuration, or print its JSON Schema.",
        "platforms": "The platforms that DeployForge knows, what each takes, and a new one of your own.",
        "templates": "The templates of packages: list them, render them, make them your own.",
        "login": "Set up the credential of a platform: where to get it, try it, store it.",
        "logout": "Remove a stored credential.",
        "whoami": "Who each credential is, what it may do, and when it ends.",
        "notify": "Try the channels that tell people about releases.",
        "completion": "Print the completion script of a shell.",
        "help": "Help on a command, a topic or an error's id.",
    }
    sections: ClassVar = {
        "Release": ["init", "deploy", "retry", "verify", "rollback"],
        "Look": ["status", "runs", "logs", "diff", "graph"],
        "Watch": ["dashboard", "stats", "insights", "report"],
        "Check": ["rehearse", "test", "doctor", "config", "platforms", "templates"],
        "Account": ["login", "logout", "whoami"],
        "Automate": ["notify"],
        "Shell": ["completion", "help"],
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.summaries:
            return None
        module = importlib.import_module(f"deployforge_tasks.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        invocation = context.ensure_object(Invocation)
        if invocation.json:
            invocation.emit("version", {"version": __version__})
        else:
            invocation.terminal.out(f"deployforge {__version__}")
        context.exit()


def _params() -> list[Any]:
    show = Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        group="Global options",
        help="Show the version and exit.",
    )
    return [*global_options(root=True), show]


root = Root(
    name="deployforge",
    help="Release one program to every place people install from, exactly once, and prove it by installing it.",
    params=_params(),
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`deployforge help exit-codes` lists the exit codes; `deployforge COMMAND -h` tells more.",
    no_args_is_help=True,
)
root.examples = (
    "deployforge init                        write deployforge.yml for what is here",
    "deployforge rehearse                    the whole release, on this machine only",
    "deployforge deploy v1.0.42 --dry-run    what would be published",
    "deployforge deploy v1.0.42              publish it",
)
