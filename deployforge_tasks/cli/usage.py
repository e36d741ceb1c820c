"""Command lines that cannot be understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import click


class Misused(click.UsageError):
    """A usage error with a hint."""

    def __init__(self, message: str, hint: str, context: click.Context | None = None) -> None:
        super().__init__(message, context)
        self.hint = hint


def unknown(what: str, name: str, known: Iterable[str], context: click.Context | None = None) -> Misused:
    """An unknown name, with the nearest known one."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names)}"
    return Misused(f"unknown {what} `{name}`", hint, context)


def split_names(values: Sequence[str]) -> list[str]:
    """The names of a repeatable option that also takes several with commas, each once."""
    names = [name.strip() for value in values for name in value.split(",")]
    return list(dict.fromkeys(name for name in names if name))


def choose_platforms(wanted: Sequence[str], without: Sequence[str], options: dict[str, bool]) -> list[str]:
    """The platforms that a command is about, in the order of ``deployforge.yml``.

    Args:
        wanted: names given with ``--platforms`` (none: every enabled one).
        without: names given with ``--except``.
        options: the project's platforms; whether each is enabled.
    """
    from deployforge_tasks.platforms.registry import canonical

    wanted, without = [canonical(name) for name in wanted], [canonical(name) for name in without]
    for name in (*wanted, *without):
        if name not in options:
            raise _not_configured(name, options)
    for name in wanted:
        if not options[name]:
            raise Misused(f"{name} is disabled in the configuration", f"set `platforms.{name}.enabled: true`")
    return [n for n, enabled in options.items() if enabled and (not wanted or n in wanted) and n not in without]


def _not_configured(name: str, options: Iterable[str]) -> Misused:
    from deployforge_tasks.platforms.registry import platforms

    known = platforms()
    if name in known:
        return Misused(
            f"{name} is not in the configuration",
            f"add a `{name}:` section below `platforms:`; `deployforge platforms show {name}` tells what it takes",
        )
    return unknown("platform", name, {*options, *known})
