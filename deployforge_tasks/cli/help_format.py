"""How help looks: purpose, usage, examples, options in groups; never wider than 100 columns."""

from __future__ import annotations

import inspect
import os
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from deployforge_tasks.cli.options import Option, global_options

_WIDEST = 100
_GROUPS = ("Selection", "Behaviour", "Output", "Options", "Global options")


def render(context: click.Context, command: click.Command) -> str:
    """The whole help text of a command."""
    purpose = inspect.cleandoc(command.help or "").partition("\f")[0].strip()
    parts = [_paragraphs(purpose), f"Usage: {context.command_path} {_usage(command, context)}"]
    parts += [_section("Examples", list(getattr(command, "examples", ())))]
    if isinstance(command, click.Group):
        parts += _commands(command, context)
    parts += _options(command, context)
    parts += [_paragraphs(command.epilog or "")]
    return "\n\n".join(part for part in parts if part)


def _paragraphs(text: str) -> str:
    return "\n\n".join(textwrap.fill(" ".join(part.split()), _width()) for part in text.split("\n\n"))


def _usage(command: click.Command, context: click.Context) -> str:
    pieces = command.collect_usage_pieces(context)
    return " ".join(pieces)


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)]) if lines else ""


def _commands(group: click.Group, context: click.Context) -> list[str]:
    sections = getattr(group, "sections", None) or {"Commands": group.list_commands(context)}
    helps = {name: _short(group, context, name) for names in sections.values() for name in names}
    width = max(len(name) for name in helps)
    return [_section(title, [f"{name:<{width}}  {helps[name]}" for name in names]) for title, names in sections.items()]


def _short(group: click.Group, context: click.Context, name: str) -> str:
    known: dict[str, str] = getattr(group, "summaries", {})
    if name in known:
        return known[name]
    command = group.get_command(context, name)
    return command.get_short_help_str(_WIDEST) if command else ""


def _options(command: click.Command, context: click.Context) -> list[str]:
    by_group: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or isinstance(parameter, click.Argument):
            continue
        group = parameter.group if isinstance(parameter, Option) else "Global options"
        env = getattr(parameter, "env", None)
        by_group.setdefault(group, []).append((record[0].rstrip(), record[1] + (f" [env: {env}]" if env else "")))
    width = min(32, max(len(names) for rows in by_group.values() for names, _ in rows))
    return [_section(g, _rows(by_group[g], width)) for g in _GROUPS if g in by_group]


def _rows(rows: Sequence[tuple[str, str]], width: int) -> list[str]:
    lines: list[str] = []
    for names, text in rows:
        wrapped = textwrap.wrap(text, max(20, _width() - width - 4)) or [""]
        if len(names) > width:
            lines.append(names)
            names = ""  # noqa: PLW2901 - the text goes to the lines below
        lines += [f"{names:<{width}}  {wrapped[0]}", *(" " * (width + 2) + line for line in wrapped[1:])]
    return lines


def _width() -> int:
    """The terminal's width as `shutil.get_terminal_size` tells it, which takes longer to import than all of this."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return min(_WIDEST, int(columns))
    try:
        return min(_WIDEST, os.get_terminal_size().columns or _WIDEST)
    except OSError:
        return _WIDEST


class Helpful:
    """A command whose help looks like this, and which takes the global options too."""

    examples: Sequence[str] = ()

    def parse_args(self: Any, context: click.Context, args: list[str]) -> list[str]:
        """Read the words; a mistake in them knows whose words they were."""
        try:
            rest: list[str] = super().parse_args(context, args)  # type: ignore[misc]
        except click.UsageError as error:
            error.ctx = error.ctx or context
            raise
        return rest

    def get_help(self: Any, context: click.Context) -> str:
        return render(context, self)


class Command(Helpful, click.Command):
    """A command with examples in its help."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples
        self.params.extend(global_options(root=False))


class Group(Helpful, click.Group):
    """A command with commands."""

    command_class = Command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the nearest."""
        from deployforge_tasks.cli.usage import unknown

        if self.get_command(context, args[0]) is None and not args[0].startswith("-"):
            raise unknown("command", args[0], self.list_commands(context), context)
        return super().resolve_command(context, args)
