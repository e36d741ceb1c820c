"""What a run tells people at its end: read from what its events left in the outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.graph.outcomes import BLOCKED, FAILED, OK, WAITING, PlatformOutcome

if TYPE_CHECKING:
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.notify.happening import Happening, Line

#: Runs without any of these stages are nobody's news (`test`, `doit package:npm`).
_RELEASING = {"publish", "verify", "rollback"}
_AGAIN = "run the same command again: what is published stays, only the rest is done"


def mask_channels(context: RunContext) -> None:
    """Mask the channels' secrets from the beginning of a run, though they are used only at its end."""
    from deployforge_tasks.project.routes import ways

    if ways(context.project):
        from deployforge_tasks.notify.channels import mask_all

        mask_all(context.loaded)


def tell_run(context: RunContext, outcome: str) -> None:
    """Tell whoever wants to know how a run ended; returns at once, and never raises.

    Rehearsals tell nobody: they never leave this machine.
    """
    if context.loopback_only:
        return
    try:
        from deployforge_tasks.project.routes import ways

        if ways(context.project) and (happening := happening_of(context, outcome)):
            from deployforge_tasks.graph.context import ledger_url
            from deployforge_tasks.notify.tell import tell

            tell(context.loaded, context.ledger_url or ledger_url(context.loaded), happening)
    except Exception as error:  # noqa: BLE001 - a fault in a message must not change what became of the release
        context.log.warning(f"nobody was told how this run ended: {type(error).__name__}: {error}")


def happening_of(context: RunContext, outcome: str) -> Happening | None:
    """What happened in a run, None if nothing that anybody has to know.

    Args:
        context: the run.
        outcome: its one word (`Outcomes.word`).
    """
    from deployforge_tasks.notify.happening import Happening

    known = {name: context.outcomes.of(name) for name in context.platforms}
    states = {name: state for name, state in known.items() if name in context.aims or state.outcome != "none"}
    event = _event(context, outcome, states)
    if not event:
        return None
    concerned = tuple(sorted(_concerned(event, states)))
    errors = [e for e in context.outcomes.errors if e.platform in concerned or e.platform is None]
    return Happening(
        event,
        version=str(context.version),
        platforms=concerned,
        reason=_reason(event, concerned, states, errors),
        hint=_AGAIN if event in ("failure", "degraded", "stopped") else "",
        lines=tuple(_line(context, name, state, event) for name, state in states.items()),
        run=context.run,
    )


def _event(context: RunContext, outcome: str, states: dict[str, PlatformOutcome]) -> str:
    stages = {stage for state in states.values() for stage in state.stages}
    if outcome == "stopped":
        return "stopped" if stages or context.outcomes.shared else ""
    if not stages & _RELEASING and not (outcome == FAILED and not stages):  # a hook before the run may fail
        return ""
    if "rollback" in stages and "publish" not in stages:
        return "rollback" if outcome in (OK, WAITING) else "failure"
    if outcome in (FAILED, "degraded", WAITING):
        return {FAILED: "failure"}.get(outcome, outcome)
    new = any(state.published or state.stages.get("verify") == OK for state in states.values())
    return "success" if new and not context.only_verify else ""


def _concerned(event: str, states: dict[str, PlatformOutcome]) -> list[str]:
    """The platforms that an event is about."""
    if event in ("failure", "degraded"):
        return [name for name, state in states.items() if state.outcome in (FAILED, BLOCKED)]
    if event == "waiting":
        return [name for name, state in states.items() if state.outcome == WAITING]
    if event == "rollback":
        return [name for name, state in states.items() if "rollback" in state.stages]
    if event == "stopped":
        return [name for name, state in states.items() if state.stages.get("publish") not in (OK, "skipped")]
    return [name for name, state in states.items() if state.published or state.outcome == OK]


def _reason(
    event: str, concerned: tuple[str, ...], states: dict[str, PlatformOutcome], errors: list[DeployForgeError]
) -> str:
    """One sentence; the same for two runs in which the same happened."""
    count = f"{len(concerned)} of {len(states)} platform{'s' if len(states) != 1 else ''}"
    if event in ("failure", "degraded"):
        said = sorted({f"{e.platform or 'release files'}: {e.code} {e.message}" for e in errors})
        return "; ".join([f"{count} failed" if concerned else "it failed", *said])
    if event == "waiting":
        return "; ".join(f"{name}: {states[name].reason}" for name in concerned)
    return {"success": f"{count} released", "stopped": f"{count} left undone"}.get(event, f"{count} taken back")


def _line(context: RunContext, name: str, state: PlatformOutcome, event: str) -> Line:
    from deployforge_tasks.graph.jobs import page
    from deployforge_tasks.notify.happening import Line

    outcome = state.outcome
    if event == "stopped" and "publish" not in state.stages:
        outcome = "stopped"
    reason, hint = state.reason, ""
    if state.error is not None:
        reason, hint = f"{state.error.code} {state.error.message}", state.error.hint
    elif state.evidence is not None:
        reason = f"verified by {state.evidence.method} ({state.evidence.client})"
    rollback = context.rollbacks.get(name)
    if rollback and rollback.manual:
        reason = "left for a person: " + "; ".join(f"{step.text} {step.url}".strip() for step in rollback.manual)
    elif rollback:
        reason = "; ".join(rollback.done)
    return Line(name, outcome, reason, page(context, name), hint, round(state.seconds, 1))
