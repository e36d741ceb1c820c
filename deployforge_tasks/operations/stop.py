"""Stop a run: what it does now may finish, and nothing new begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.detached import interrupt_pid
from deployforge_tasks.ledger.liveness import state_of
from deployforge_tasks.operations.runs import find_run, reading

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded


def stop(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> None:
    """Tell a run of this machine to stop, as Ctrl-C does: the first lets what runs finish, the second kills.

    Raises:
        ConfigError: there is no such run, it does not run, or another machine has it.
    """
    with reading(loaded, ledger_url) as reader:
        run = find_run(reader, loaded, number)
    state = state_of(run)
    if state == "elsewhere":
        raise ConfigError(
            f"run {number} is on {run.host}", hint="stop it there, or cancel its job in the CI service", code="DF3706"
        )
    if state != "running" or run.pid is None:
        raise ConfigError(f"run {number} does not run any more", hint="there is nothing to stop", code="DF3705")
    interrupt_pid(run.pid)
