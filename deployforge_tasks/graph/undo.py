"""``conditions.rollback_on_error``: taking back what this run published, after a required platform failed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.graph.outcomes import BLOCKED, FAILED

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext


def failed_platforms(context: RunContext) -> list[str]:
    """The required platforms that failed, or could not begin because something else did."""
    ended = {name: context.outcomes.of(name).outcome for name in context.platforms if context.required(name)}
    return [name for name, outcome in ended.items() if outcome in (FAILED, BLOCKED)]


def begin(context: RunContext) -> list[str]:
    """The platforms to take back, newest publication first; announces them, and what stays with the reason.

    Nothing is taken back from a platform that had any of the version before this run, whoever published it.
    """
    because = failed_platforms(context)
    if not context.project.conditions.rollback_on_error or not because:
        return []
    published = list(dict.fromkeys(reversed(context.outcomes.receipts)))
    names = [name for name in published if name in context.fresh]
    context.stays = {
        **{name: "it had the version, or a part of it, before this run" for name in published if name not in names},
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
