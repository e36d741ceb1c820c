"""Rendering and packaging a version on this machine only: for what looks at files and releases nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError, InternalError
from deployforge_tasks.core.events import stage_context
from deployforge_tasks.core.redact import redactor

if TYPE_CHECKING:
    from deployforge_tasks.core.targets import Target
    from deployforge_tasks.graph.context import RunContext

_AT_ONCE = 8


def render_locally(context: RunContext, names: Sequence[str]) -> dict[str, DeployForgeError | None]:
    """Do what the nodes ``render:`` and ``package:`` do, without a run in the ledger; the error of each that cannot.

    Release files are fetched or built, and compared with what is frozen; nothing is frozen by this.
    """
    from deployforge_tasks.graph.output import routed_output

    context.open()
    with routed_output(), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="render") as pool:
        targets = _targets(context, names)
        missing = dict(zip(targets, pool.map(lambda target: _obtain(context, target), targets), strict=True))
        return dict(zip(names, pool.map(lambda name: _make(context, name, missing), names), strict=True))


def _targets(context: RunContext, names: Iterable[str]) -> list[Target]:
    from deployforge_tasks.graph.jobs import job_targets

    users = [name for name in names if context.platforms[name].uses_artifacts]
    return list(dict.fromkeys(target for name in users for target in job_targets(context, name)))


def _obtain(context: RunContext, target: Target) -> DeployForgeError | None:
    frozen = context.ledger.frozen(context.project.name, str(context.version))
    return _error(context, None, "fetch", lambda: context.store.obtain(target, frozen))


def _make(context: RunContext, name: str, missing: Mapping[Target, DeployForgeError | None]) -> DeployForgeError | None:
    from deployforge_tasks.graph import stages
    from deployforge_tasks.graph.jobs import job_targets

    if context.platforms[name].uses_artifacts:
        for target in job_targets(context, name):
            if (error := missing.get(target)) is not None:
                return error
    return _error(context, name, "package", lambda: (stages.render(context, name), stages.package(context, name)))


def _error(context: RunContext, name: str | None, stage: str, work: Callable[[], object]) -> DeployForgeError | None:
    """Do it; the error instead of raising it. What it prints goes to the log."""
    from deployforge_tasks.graph.output import output_to

    try:
        with (
            stage_context(name, stage),
            output_to(lambda line: context.bus.emit("log", name, stage, level="debug", text=line)),
        ):
            work()
    except DeployForgeError as error:
        error.platform = error.platform or name
        return error
    except Exception as error:  # noqa: BLE001 - a fault in one platform must not hide the others
        text = redactor.text(f"{type(error).__name__}: {error}")
        return InternalError(text, hint="a fault in DeployForge or in a plugin; please report it", platform=name)
    return None
