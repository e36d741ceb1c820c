"""Credentials that end soon, told where nobody asks the platforms for it (a preflight does)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.project.load import Loaded


def tell_endings(invocation: Invocation, loaded: Loaded, names: Sequence[str]) -> None:
    """A warning for each credential of these platforms that ended or ends soon, by what was told last."""
    from deployforge_tasks.operations.accounts import endings

    for text in endings(loaded, names):
        style = invocation.terminal.err_style
        invocation.note(f"{style('warning:', 'warning')} {text}; `deployforge whoami` asks again")
