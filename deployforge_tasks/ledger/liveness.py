"""Whether a run that has not ended still goes on: the ledger knows its process, the machine whether that lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.effects.machine import on_this_host, still_runs

if TYPE_CHECKING:
    from deployforge_tasks.ledger.model import Run


def state_of(run: Run) -> str:
    """The state of a run.

    ``finished``, ``running`` (its process lives on this machine), ``elsewhere`` (it has not ended, and another machine
    has its process) or ``killed`` (it has not ended, and its process is gone).
    """
    if run.finished_at is not None:
        return "finished"
    if run.host is None or run.pid is None:  # an older DeployForge wrote it, and did not say where it runs
        return "killed"
    if not on_this_host(run.host):
        return "elsewhere"
    return "running" if still_runs(run.pid, run.started_at) else "killed"
