"""``conditions.rollback_on_error``: taking back what this run published, after a required platform failed in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.graph.outcomes import BLOCKED, FAILED
from deployforge_tasks.ledger.liveness import state_of

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.ledger.reading import Reader

#: Runs that are looked through for one beside this one.
_LOOKED_THROUGH = 50
#: How long a run of another machine may be silent.
_SILENT = timedelta(hours=1)


def failed_platforms(context: RunContext) -> list[str]:
    """The required platforms that failed, or could not begin because something else did."""
    ended = {name: context.outcomes.of(name).outcome for name in context.platforms if context.required(name)}
    return [name for name, outcome in ended.items() if outcome in (FAILED, BLOCKED)]


def begin(context: RunContext) -> list[str]:
    """The platforms to take back, newest publication first; announces them, and what stays with the reason.

    Nothing is taken back from a platform that had any of the version before this run, whoever published it, and
    nothing at all when another run of the version went on beside this one: it may have found it there, and said so.
    """
    because = failed_platforms(context)
    if not context.project.conditions.rollback_on_error or not because:
        return []
    published = list(dict.fromkeys(reversed(context.outcomes.receipts)))
    beside = _run_beside(context)
    names = [name for name in published if name in context.fresh and beside is None]
    context.stays = {
        **{name: _why_it_stays(context, name, beside) for name in published if name not in names},
        **dict.fromkeys(_open(context, names), "a call was interrupted, and the next run looks what became of it"),
    }
    context.undone_because, context.undone = tuple(because), names
    if names or context.stays:
        context.log.warning(f"{', '.join(because)} failed: taking back {', '.join(names) or 'nothing'}")
        context.bus.emit("undo_started", because=because, platforms=names, stays=context.stays)
    return names


def _open(context: RunContext, names: list[str]) -> list[str]:
    """Platforms on which something may have been published that nobody knows of yet."""
    begun = [name for name in context.platforms if context.outcomes.of(name).begun and name not in names]
    return [name for name in begun if context.ledger.open_intents(context.key(name))]


def _why_it_stays(context: RunContext, name: str, beside: int | None) -> str:
    if name in context.fresh:
        return f"run {beside} of the version went on at the same time"
    return "it had the version, or a part of it, before this run"


def _run_beside(context: RunContext) -> int | None:
    """The number of another run of the version that overlaps with this one."""
    reader = context.ledger.reader()
    newest = reader.runs(context.project.name, context.loaded.profile, _LOOKED_THROUGH)
    own = next((run for run in newest if run.id == context.run), None)
    others = [run for run in newest if own and run.id != own.id and run.version == own.version]
    silent_since = context.clock.now() - _SILENT
    return next((o.id for o in others if own and _overlaps(reader, o, own, silent_since) and reader.aims(o.id)), None)


def _overlaps(reader: Reader, run: Run, own: Run, silent_since: datetime) -> bool:
    """Whether a run went on while ours did.

    One of another machine that was not heard of for long counts as killed: nobody can ask for its process.
    """
    if run.finished_at is not None:
        return run.finished_at >= own.started_at
    state = state_of(run)
    return state == "running" or (
        state == "elsewhere" and (reader.last_event_at(run.id) or run.started_at) > silent_since
    )
