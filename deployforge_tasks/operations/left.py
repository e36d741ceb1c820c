"""What the newest run left undone, by the ledger: what `retry` and ``deploy --only-failed`` go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger.liveness import state_of
from deployforge_tasks.operations.runs import find_run, reading

if TYPE_CHECKING:
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: Runs that are looked through for the newest one that was to publish something.
_LOOKED_THROUGH = 200
#: Ends of a stage that leave a platform undone, the one that weighs most first.
_BAD = ("failed", "blocked", "waiting")
_GOOD = ("ok", "skipped")


@dataclass(frozen=True)
class Left:
    """What a run left.

    `done` are the platforms that have the version, `undone` the others with the word for why: ``failed``,
    ``blocked``, ``waiting``, ``stopped`` (never begun, or killed in the middle) or ``rolled-back``. `ended_well` has
    the stages of each platform that need no repeat.
    """

    run: int
    version: str
    profile: str
    state: str
    done: tuple[str, ...]
    undone: Mapping[str, str]
    ended_well: Mapping[str, frozenset[str]]


def left_by_newest_run(
    loaded: Loaded, *, profile: str | None = None, version: str | None = None, ledger_url: str | None = None
) -> Left:
    """What the newest run that was to publish something left undone.

    Args:
        loaded: the project.
        profile: only runs of this one (default: of any).
        version: only runs of this one (default: of any).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: there is no such run, or it still runs.
    """
    with reading(loaded, ledger_url) as reader:
        run = _newest(reader, loaded.project.name, profile, version)
        if run is None:
            what = f"{loaded.project.name} {version}" if version else loaded.project.name
            raise ConfigError(
                f"the ledger knows no run that published {what}",
                hint="`deployforge deploy` begins one; a team's runs are in its own ledger (`ledger:`)",
                code="DF1353",
            )
        if state_of(run) == "running":
            raise ConfigError(
                f"run {run.id} still works on {run.version} (process {run.pid})",
                hint="wait for its end; `deployforge logs --follow` shows what it does",
                code="DF1354",
            )
        return _left(reader, run)


def left_by_run(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> Left:
    """What one run left undone, also while it still runs.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        return _left(reader, find_run(reader, loaded, number))


def _newest(reader: Reader, project: str, profile: str | None, version: str | None) -> Run | None:
    found = reader.runs(project, profile, _LOOKED_THROUGH)
    return next((run for run in found if version in (None, run.version) and reader.aims(run.id)), None)


def _left(reader: Reader, run: Run) -> Left:
    attempts, names = reader.attempts([run.id])[run.id], reader.aims(run.id)
    ends = {name: {a.stage: a.outcome for a in attempts if a.platform == name} for name in names}
    undone = {name: why for name in names if (why := _why(ends[name], run))}
    ended_well = {name: frozenset(s for s, end in ends[name].items() if end in _GOOD) for name in names}
    done = tuple(name for name in names if name not in undone)
    return Left(run.id, run.version, run.profile, state_of(run), done, undone, ended_well)


def _why(ends: Mapping[str, str | None], run: Run) -> str:
    """Why a platform is not done; empty when it is."""
    stages = {stage: end for stage, end in ends.items() if stage != "rollback"}
    for bad in _BAD:
        if bad in stages.values():
            return bad
    if ends.get("rollback") in _GOOD:
        return "rolled-back"
    cut_short = run.outcome not in ("ok", "degraded", "waiting")
    missing = "publish" not in stages or ("verify" not in stages and cut_short)
    return "stopped" if missing or None in stages.values() else ""
