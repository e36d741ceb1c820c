"""Asking before something is done, and what happens where nobody can be asked or nobody agrees."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.exit_codes import INTERRUPTED
from deployforge_tasks.cli.usage import Misused

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation


def agreed(invocation: Invocation, deed: str, show: Callable[[], None] | None = None) -> bool:
    """Whether somebody agrees to a deed (``write deployforge.yml``): by ``--yes``, or after seeing what `show` shows.

    Raises:
        Misused: nobody is here to be asked.
    """
    if invocation.yes:
        return True
    require_person_to_agree(invocation, deed)
    if show is not None:
        show()
    return click.confirm(f"{deed[:1].upper()}{deed[1:]}?", err=True)


def require_person_to_agree(invocation: Invocation, deed: str) -> None:
    """See that somebody can agree to a deed.

    Raises:
        Misused: nobody is here to be asked.
    """
    if not invocation.interactive:
        raise Misused(f"nobody is here to agree to {deed}", "look with --dry-run, then add --yes")


def declined(invocation: Invocation, done: str) -> int:
    """Say that nothing was `done` (``published``), because nobody agreed; the exit code."""
    invocation.terminal.err(f"nothing was {done}")
    return INTERRUPTED
