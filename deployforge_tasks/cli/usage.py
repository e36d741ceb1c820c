"""Command lines that cannot be understood."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from deployforge_tasks.project.load import Loaded


class Misused(click.UsageError):
    """A usage error with a hint."""

    def __init__(self, message: str, hint: str, context: click.Context | None = None) -> None:
        super().__init__(message, context)
        self.hint = hint


def unknown(what: str, name: str, known: Iterable[str], context: click.Context | None = None) -> Misused:
    """An unknown name, with the nearest known one."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names)}"
    return Misused(f"unknown {what} `{name}`", hint, context)


def make_folder(folder: Path | None) -> None:
    """Make the folder that an option names, before the work is done whose result goes there.

    Raises:
        Misused: nothing can be written there.
    """
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misused(f"{folder} cannot be written ({error.strerror})", "name a folder of yours") from error
    if not os.access(folder, os.W_OK):
        raise Misused(f"{folder} cannot be written (it is read-only)", "name a folder of yours")


def choose_platforms(
    loaded: Loaded, wanted: Sequence[str], without: Sequence[str] = (), *, counted: bool = False
) -> list[str]:
    """The platforms that a command is about, in the order of ``deployforge.yml``; never none.

    Args:
        loaded: the project.
        wanted: values of ``--platforms`` (none: every enabled platform).
        without: values of ``--except``.
        counted: it is about download counts: the places of ``analytics.places`` are among them.

    Raises:
        Misused: one is unknown or disabled, `wanted` names none, or none is left.
    """
    places = loaded.project.analytics.places.names
    there = {name: options.enabled for name, options in loaded.options.items()}
    there |= dict.fromkeys(places, True) if counted else {}
    only, out = _names(wanted), _names(without)
    if wanted and not only:  # a variable that nobody set must not mean every platform
        raise Misused("no platform is named", "name some, or leave the option out; is a variable not set?")
    for name in (*only, *out):
        if name not in there:
            raise _only_counted(name) if name in places else _not_configured(name, there)
    for name in only:
        if not there[name]:
            raise Misused(f"{name} is disabled in the configuration", f"set `platforms.{name}.enabled: true`")
    chosen = [n for n, enabled in there.items() if enabled and (not only or n in only) and n not in out]
    if not chosen:
        raise Misused("no platform is left to work on", "enable one in the configuration, or leave out fewer")
    return chosen


def _names(values: Sequence[str]) -> list[str]:
    """The names of a repeatable option that also takes several with commas."""
    from deployforge_tasks.platforms.registry import canonical

    return [canonical(name.strip()) for value in values for name in value.split(",") if name.strip()]


def _only_counted(name: str) -> Misused:
    return Misused(
        f"{name} is a place that is only counted", "`analytics.places` names it; `deployforge stats` asks it for counts"
    )


def _not_configured(name: str, options: Iterable[str]) -> Misused:
    from deployforge_tasks.platforms.registry import platforms

    known = platforms()
    if name in known:
        return Misused(
            f"{name} is not in the configuration",
            f"add a `{name}:` section below `platforms:`; `deployforge platforms show {name}` tells what it takes",
        )
    return unknown("platform", name, {*options, *known})
