"""The runs that the ledger remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger.liveness import state_of

if TYPE_CHECKING:
    from deployforge_tasks.ledger.model import Attempt, Run
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: Ends of a stage, the one that decides about a platform first.
_DECIDING = ("failed", "blocked", "waiting")
#: States of a run that goes on.
_LIVE = ("running", "elsewhere")


@dataclass(frozen=True)
class RunView:
    """One run.

    `state` is that of `ledger.liveness.state_of`. `seconds` is how long it took, or has taken so far; of a killed run,
    until it was heard of last. `platforms` has what became of each by now, as `outcome_of` says it; of a run that has
    not ended, those too that have not begun.
    """

    number: int
    version: str
    profile: str
    command: str
    started_at: datetime
    seconds: float
    state: str
    outcome: str | None
    exit_code: int | None
    host: str | None
    pid: int | None
    platforms: Mapping[str, str]
    actor: str | None = None

    @property
    def goes_on(self) -> bool:
        return self.state in _LIVE


def list_runs(loaded: Loaded, *, limit: int = 20, ledger_url: str | None = None) -> list[RunView]:
    """The newest runs of the project (and profile) first.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        found = reader.runs(loaded.project.name, loaded.profile, limit)
        tries = reader.attempts([run.id for run in found])
        return [view(reader, run, _in_order(loaded, tries[run.id])) for run in found]


def find_run(reader: Reader, loaded: Loaded, number: int | None) -> Run:
    """One run by its number, or the newest.

    Raises:
        ConfigError: there is none, or it belongs to another project.
    """
    newest = reader.runs(loaded.project.name, loaded.profile, 1)
    if not newest:
        raise ConfigError(
            f"the ledger knows no run of {loaded.project.name}{f' ({loaded.profile})' if loaded.profile else ''}",
            hint="`deployforge deploy` makes one; a team's runs are in its own ledger (`ledger:`, DEPLOYFORGE_LEDGER)",
            code="DF1360",
        )
    if number is None:
        return newest[0]
    run = reader.run(number) if number <= newest[0].id else None
    if run is None or (run.project, run.profile) != (loaded.project.name, loaded.profile):
        raise ConfigError(
            f"the ledger knows no run {number} of {loaded.project.name}",
            hint=f"the newest is run {newest[0].id}; `deployforge runs` lists them",
            code="DF1361",
        )
    return run


def one_run(reader: Reader, loaded: Loaded, number: int) -> RunView:
    """One run of the project.

    Raises:
        ConfigError: there is none of that number.
    """
    run = find_run(reader, loaded, number)
    return view(reader, run, _in_order(loaded, reader.attempts([run.id])[run.id]))


def view(reader: Reader, run: Run, tries: list[Attempt]) -> RunView:
    """A run with what is known of its process and its platforms."""
    state = state_of(run)
    end = run.finished_at or (reader.last_event_at(run.id) if state == "killed" else datetime.now(UTC))
    return RunView(
        number=run.id,
        version=run.version,
        profile=run.profile,
        command=run.command,
        started_at=run.started_at,
        seconds=max(0.0, ((end or run.started_at) - run.started_at).total_seconds()),
        state=state,
        outcome=run.outcome,
        exit_code=run.exit_code,
        host=run.host,
        pid=run.pid,
        platforms=_platforms(tries, [] if run.finished_at else reader.aims(run.id), state),
        actor=run.actor,
    )


@contextmanager
def reading(loaded: Loaded, ledger_url: str | None = None) -> Iterator[Reader]:
    """The project's ledger, opened for reading.

    Raises:
        ConfigError: it cannot be opened.
    """
    from deployforge_tasks.graph.context import ledger_url as own_ledger
    from deployforge_tasks.ledger.reading import Reader

    reader = Reader.open(ledger_url or own_ledger(loaded))
    try:
        yield reader
    finally:
        reader.close()


def _in_order(loaded: Loaded, tries: list[Attempt]) -> list[Attempt]:
    """The tries by platform as ``deployforge.yml`` lists them, those that it no longer has last."""
    order = {name: number for number, name in enumerate(loaded.options)}
    return sorted(tries, key=lambda attempt: order.get(attempt.platform, len(order)))


def _platforms(tries: list[Attempt], aims: list[str], state: str) -> dict[str, str]:
    ends: dict[str, dict[str, str | None]] = {}
    for attempt in tries:
        ends.setdefault(attempt.platform, {})[attempt.stage] = attempt.outcome
    return {name: outcome_of(ends.get(name, {}), state) for name in dict.fromkeys([*ends, *aims])}


def outcome_of(stages: Mapping[str, str | None], state: str) -> str:
    """What became of a platform: the one place that decides it.

    Args:
        stages: how each stage ended that has begun; None: it has not ended.
        state: that of the run (`ledger.liveness.state_of`).

    Returns:
        ``published skipped ok rolled_back waiting blocked failed``; of one that is not at its end ``running``,
        ``queued`` (it waits for its hub, its turn or another stage) or, in a run that does not go on, ``unfinished``.
    """
    found = stages.values()
    for end in _DECIDING:
        if end in found:
            return end
    last = stages.get("rollback") or stages.get("verify") or stages.get("stats")
    if None in found:
        return "running" if state in _LIVE else "unfinished"
    if last is None and state != "finished":
        return "queued" if state in _LIVE else "unfinished"
    if stages.get("rollback") == "ok":
        return "rolled_back"
    if "publish" in stages:
        return "published" if stages["publish"] == "ok" else "skipped"
    return "ok" if last else "unfinished"
