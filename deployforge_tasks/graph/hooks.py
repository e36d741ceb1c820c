"""The project's own programs before and after stages: argument lists only, an event on stdin, a limit of time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import DeployForgeError, PreflightError, ProgramError

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.schema_hooks import Hook

#: Of what a hook reads from stdin. A hook may ignore keys that it does not know.
SCHEMA = "deployforge.hook/1"


def fire(
    context: RunContext,
    when: str,
    stage: str,
    platform: str | None = None,
    *,
    end: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Run the hooks of a moment, in the order of ``deployforge.yml``.

    A rehearsal runs none: it never leaves this machine.

    Args:
        when: ``before`` or ``after``.
        stage: the stage, or ``run``.
        platform: the stage's platform.
        end: after a stage: how it ended (`outcome`, `reason`).
        more: what else the hook is told.

    Raises:
        PreflightError: a `before` hook failed that must not.
        ProgramError: an `after` hook failed that must not, and the stage itself ended well.
    """
    if context.loopback_only:
        return
    ended_badly = end is not None and end.get("outcome") in ("failed", "stopped")
    for hook in context.project.hooks:
        if getattr(hook, when) != stage or (hook.platforms and platform not in hook.platforms):
            continue
        error = _run(context, hook, platform, _event(context, when, stage, platform, {**(end or {}), **more}))
        if error is None:
            continue
        if hook.must and not ended_badly:
            raise _failed(hook, error)
        context.log.warning(f"the hook `{hook.run[0]}` {hook.moment} failed: {error.message}")


def _run(context: RunContext, hook: Hook, platform: str | None, event: Mapping[str, Any]) -> DeployForgeError | None:
    environ = context.loaded.environ
    passed = {name: environ[name] for name in hook.env if name in environ}
    program, *arguments = hook.run
    if "/" in program and not Path(program).is_absolute():
        program = str(context.root / program)
    try:
        context.processes(platform, hook.stage).run(
            [program, *arguments],
            cwd=context.root,
            secrets=passed,
            timeout=hook.timeout,
            stdin=json.dumps(event) + "\n",
        )
    except DeployForgeError as error:
        return error
    except OSError as error:
        return ProgramError(f"`{hook.run[0]}` cannot be started: {error}", hint="is it executable?", code="DF4042")
    return None


def _event(context: RunContext, when: str, stage: str, platform: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "when": when,
        "stage": stage,
        "platform": platform,
        "project": context.project.name,
        "version": str(context.version_of(platform) if platform else context.version),
        "profile": context.loaded.profile,
        "run": context.run,
        "command": context.command,
        "published": list(context.outcomes.of(platform).published) if platform else [],
        **more,
    }


def _failed(hook: Hook, error: DeployForgeError) -> DeployForgeError:
    message = f"the hook `{hook.run[0]}` {hook.moment} failed: {error.message}"
    hint = f"mend it ({error.hint}), or set `required: false` for it"
    if hook.before:
        return PreflightError(message, hint=f"nothing was sent: {hint}", code="DF4041")
    return ProgramError(message, hint=hint, code="DF4041")
