"""How asking each platform for its counts ended last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.operations.graph_run import choose
from deployforge_tasks.operations.runs import reading
from deployforge_tasks.operations.stats import PlatformCollected

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded

#: The outcome of a platform that nobody has asked.
NEVER = "never"


def last_collections(loaded: Loaded, *, ledger_url: str | None = None) -> tuple[PlatformCollected, ...]:
    """The newest try of every enabled platform and every place, in the project's order; `outcome` may be ``never``.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.ledger.model import Scope

    context = RunContext(loaded, command="stats")
    with reading(loaded, ledger_url) as reader:
        counted, here = reader.counted(), Scope(loaded.project.name, loaded.profile)
        tries = counted.last_attempts(here)
        counters = counted.counters(here)
    found = []
    for name in choose(context, (), context.counted):
        title, last = context.counted[name].title, tries.get(name)
        series = sum(counter.platform == name for counter in counters)
        if last is None:
            found.append(PlatformCollected(name, title, NEVER, series=series))
        else:
            found.append(PlatformCollected(name, title, last.outcome, last.reason, series, last.at))
    return tuple(found)
