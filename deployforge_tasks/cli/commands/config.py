"""``deployforge config``: check, show, migrate, schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.agreement import agreed, declined
from deployforge_tasks.cli.exit_codes import OK
from deployforge_tasks.cli.failures import problem_json, problem_lines
from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import global_options, option
from deployforge_tasks.cli.table import Cell, Row, columns, plural

if TYPE_CHECKING:
    from deployforge_tasks.project.problems import Problem


@click.group(
    cls=Group,
    params=[*global_options(root=False)],
    no_args_is_help=True,
    epilog="See also: `deployforge init`, docs/reference/configuration.md.",
)
def command() -> None:
    """Check, show or bring up to date the configuration, or print its JSON Schema."""


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
            "places": found.places,
            "warnings": [problem_json(problem) for problem in found.warnings],
            "notes": [problem_json(problem) for problem in found.notes],
        }
        invocation.emit("config-check", {"valid": True, **data})
        return
    terminal = invocation.terminal
    _show(invocation, found.warnings, "warning")
    _show(invocation, found.notes, "note")
    off = f" ({', '.join(found.disabled)} off)" if found.disabled else ""
    places = f", {plural(len(found.places), 'place')} that {'is' if len(found.places) == 1 else 'are'} only counted"
    version = found.version or "no version yet"
    terminal.out(
        f"{terminal.style('✓', 'ok')} {invocation.config} is valid: {found.project} {version}, "
        f"{plural(len(found.enabled), 'platform')}{off}{places if found.places else ''}"
    )


@command.command(
    cls=Command, examples=("deployforge config show --profile rehearsal", "deployforge config show --origin")
)
@option("--origin", group="Output", is_flag=True, help="Where each value comes from: a line, a variable, the default.")
@click.pass_obj
def show(invocation: Invocation, origin: bool) -> None:
    """Show the configuration as it is used, with profile, variables and defaults filled in."""
    from deployforge_tasks.operations import config

    if origin:
        _show_origins(invocation)
        return
    data = config.effective(invocation.settings())
    if invocation.json:
        invocation.emit("config", {"config": data})
        return
    import yaml

    invocation.terminal.out(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100).rstrip())


def _show_origins(invocation: Invocation) -> None:
    import json

    from deployforge_tasks.operations import config

    found = config.origins(invocation.settings())
    if invocation.json:
        invocation.emit("config-origins", {"values": [asdict(value) for value in found]})
        return
    texts = [value.value if isinstance(value.value, str) else json.dumps(value.value) for value in found]
    rows: list[Row] = [(v.path, t, Cell(v.origin, "dim")) for v, t in zip(found, texts, strict=True)]
    for line in columns(rows, invocation.terminal.style, indent=0, width=invocation.terminal.width):
        invocation.terminal.out(line)


@command.command(cls=Command, examples=("deployforge config migrate --dry-run", "deployforge config migrate --yes"))
@option("--dry-run", group="Behaviour", is_flag=True, help="Only show what would change.")
@click.pass_obj
def migrate(invocation: Invocation, dry_run: bool) -> int:
    """Bring deployforge.yml up to date: the names of today, and the number of its form. Comments stay."""
    from difflib import unified_diff

    from deployforge_tasks.operations import config

    settings = invocation.settings()
    found = config.migration(settings)
    terminal, name = invocation.terminal, settings.file.name
    if invocation.json:
        invocation.emit("config-migration", {"changes": found.reasons, "text": found.after})
    elif not found.reasons:
        terminal.out(f"{terminal.style('✓', 'ok')} {name} is up to date")
    else:
        for line in unified_diff(found.before.splitlines(), found.after.splitlines(), name, name, lineterm=""):
            terminal.out(line)
        for reason in found.reasons:
            terminal.err(reason)
    if not found.reasons or dry_run:
        return OK
    if not agreed(invocation, f"write {name}"):
        return declined(invocation, "changed")
    config.write(settings, found)
    invocation.note(f"{name} was written")
    return OK


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
