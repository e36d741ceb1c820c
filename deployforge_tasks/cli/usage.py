"""Command lines that cannot be understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded


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


def choose_platforms(loaded: Loaded, wanted: Sequence[str], without: Sequence[str] = ()) -> list[str]:
    """The platforms that a command is about, in the order of ``deployforge.yml``; never none.

    Args:
        loaded: the project.
        wanted: values of ``--platforms`` (none: every enabled platform).
        without: values of ``--except``.

    Raises:
        Misused: one is unknown or disabled, or none is left.
    """
    there = loaded.options
    only, out = _names(wanted), _names(without)
    for name in (*only, *out):
        if name not in there:
            raise _not_configured(name, there)
    for name in only:
        if not there[name].enabled:
            raise Misused(f"{name} is disabled in the configuration", f"set `platforms.{name}.enabled: true`")
    chosen = [n for n, options in there.items() if options.enabled and (not only or n in only) and n not in out]
    if not chosen:
        raise Misused("no platform is left to work on", "enable one in the configuration, or leave out fewer")
    return chosen


def _names(values: Sequence[str]) -> list[str]:
    """The names of a repeatable option that also takes several with commas."""
    from deployforge_tasks.platforms.registry import canonical

    return [canonical(name.strip()) for value in values for name in value.split(",") if name.strip()]


def _not_configured(name: str, options: Iterable[str]) -> Misused:
    from deployforge_tasks.platforms.registry import platforms

    known = platforms()
    if name in known:
        return Misused(
            f"{name} is not in the configuration",
            f"add a `{name}:` section below `platforms:`; `deployforge platforms show {name}` tells what it takes",
        )
    return unknown("platform", name, {*options, *known})
