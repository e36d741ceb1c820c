"""``deployforge config``: check, show, schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.failures import problem_json, problem_lines
from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import global_options
from deployforge_tasks.cli.table import plural

if TYPE_CHECKING:
    from deployforge_tasks.project.problems import Problem


@click.group(cls=Group, params=[*global_options(root=False)], no_args_is_help=True)
def command() -> None:
    """Check or show the configuration, or print its JSON Schema."""


@command.command(cls=Command, examples=("deployforge config check", "deployforge config check --profile production"))
@click.pass_obj
def check(invocation: Invocation) -> None:
    """Check the whole configuration and tell every problem at once, with its place."""
    from deployforge_tasks.operations import config

    found = config.check(invocation.settings())
    if invocation.json:
        data = {
            "project": found.project,
            "version": found.version,
            "profile": found.profile,
            "enabled": found.enabled,
            "disabled": found.disabled,
            "warnings": [problem_json(problem) for problem in found.warnings],
            "notes": [problem_json(problem) for problem in found.notes],
        }
        invocation.emit("config-check", {"valid": True, **data})
        return
    terminal = invocation.terminal
    _show(invocation, found.warnings, "warning")
    _show(invocation, found.notes, "note")
    off = f" ({', '.join(found.disabled)} off)" if found.disabled else ""
    version = found.version or "no version yet"
    terminal.out(
        f"{terminal.style('✓', 'ok')} {invocation.config} is valid: {found.project} {version}, "
        f"{plural(len(found.enabled), 'platform')}{off}"
    )


@command.command(cls=Command, examples=("deployforge config show --profile rehearsal",))
@click.pass_obj
def show(invocation: Invocation) -> None:
    """Show the configuration as DeployForge sees it, with profile, variables and defaults filled in."""
    from deployforge_tasks.operations import config

    data = config.effective(invocation.settings())
    if invocation.json:
        invocation.emit("config", {"config": data})
        return
    import yaml

    invocation.terminal.out(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100).rstrip())


@command.command(cls=Command, examples=("deployforge config schema > deployforge.schema.json",))
@click.pass_obj
def schema(invocation: Invocation) -> None:
    """Print the JSON Schema of deployforge.yml, with the options of every platform."""
    import json

    from deployforge_tasks.operations import config

    invocation.terminal.out(json.dumps(config.schema(), indent=2, ensure_ascii=False))


def _show(invocation: Invocation, problems: Sequence[Problem], kind: str) -> None:
    if not problems or invocation.quiet:
        return
    invocation.terminal.err(f"{kind}: {problems[0].place.partition(':')[0]} has {plural(len(problems), kind)}")
    invocation.terminal.err()
    width = max(len(problem.place) for problem in problems)
    for problem in problems:
        for line in problem_lines(invocation, problem, width):
            invocation.terminal.err(line)
    invocation.terminal.err()
