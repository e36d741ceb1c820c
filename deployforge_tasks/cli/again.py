"""The command line of a call, to make the same call in another process."""

from __future__ import annotations

from collections.abc import Iterator

import click

from deployforge_tasks.cli.invocation import Invocation

#: Options that are about the person in front, and have been answered already.
_ANSWERED = ("watch", "interactive", "dry_run")


def again(context: click.Context, version: str) -> list[str]:
    """The words of the command in `context` for a process that asks nothing, with its version settled."""
    invocation = context.ensure_object(Invocation)
    words = [str(context.info_name), version, *_options(context), "--config", invocation.config]
    words += ["--profile", invocation.profile] if invocation.profile else []
    words += ["--env-file", invocation.env_file] if invocation.env_file else []
    words += ["--verbose"] * invocation.verbose
    return [*words, "--yes", "--no-input", "--no-progress", "--color", "never"]


def _options(context: click.Context) -> Iterator[str]:
    """The command's own options that have another value than their default."""
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if not isinstance(parameter, click.Option) or not parameter.expose_value or parameter.name in _ANSWERED:
            continue
        if value == parameter.get_default(context) or value in (None, (), False):
            continue
        name = max(parameter.opts, key=len)
        if parameter.is_flag:
            yield name
        else:
            for item in value if isinstance(value, tuple) else (value,):
                yield from (name, str(item))
