"""Running tasks of the graph from an operation: the same tasks, runner and state as plain `doit`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError, InternalError

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext


def run_graph(context: RunContext, names: Sequence[str], jobs: int) -> int:
    """Run tasks by name; the exit code.

    Raises:
        ConfigError: the graph cannot be made, or the ledger cannot be opened.
    """
    from doit.doit_cmd import DoitMain

    from deployforge_tasks.graph.loader import Loader
    from deployforge_tasks.graph.reporter import Quiet
    from deployforge_tasks.graph.standalone import PARTS

    _ = context.ledger  # one that cannot be opened is told before doit begins
    reporter = Quiet()
    config: dict[str, Any] = {
        "GLOBAL": {"reporter": reporter, "verbosity": 0, "continue": True},
        **PARTS,
    }
    main = DoitMain(Loader(context), config_filenames=(), extra_config=config)
    exit_code = int(main.run(["run", "-n", str(jobs), *names]))
    if exit_code == 3 and context.run is None:
        raise ConfigError("the graph cannot be made", hint="see what doit says above", code="DF1020")
    if reporter.runtime_errors:
        raise InternalError("; ".join(reporter.runtime_errors), hint="please report this")
    return exit_code


def choose(context: RunContext, wanted: Iterable[str], among: Collection[str] = ()) -> list[str]:
    """The platforms to work on, in the project's order; none named means every enabled one.

    Args:
        context: the run.
        wanted: their names or aliases.
        among: whom to choose from, if not from the enabled platforms.

    Raises:
        ConfigError: one is unknown or switched off.
    """
    from deployforge_tasks.platforms.registry import canonical

    able, names = among or context.platforms, [canonical(name) for name in wanted]
    for name in names:
        if name not in able:
            there = (
                "is switched off in deployforge.yml" if name in context.loaded.options else "is not in deployforge.yml"
            )
            raise ConfigError(
                f"`{name}` {there}",
                hint=f"enabled are: {', '.join(able) or 'none'}",
                code="DF1305",
            )
    return [name for name in able if not names or name in names]
