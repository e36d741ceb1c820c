"""A deploy in several rounds: what is chosen at first, and what is tried again after a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import common_exit_code
from deployforge_tasks.core.presence import Action

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult

SENDING = (Action.PUBLISH, Action.UPDATE)


def to_send(plan: DeployResult) -> list[PlatformResult]:
    """The platforms of a plan to which something would be sent."""
    return [p for p in plan.platforms.values() if p.plan is not None and p.plan.action in SENDING]


def held_back(name: str, platforms: Mapping[str, PlatformResult], left_out: Collection[str]) -> str | None:
    """The hub that is left out and without which a platform cannot be published; hubs of hubs count."""
    for hub in platforms[name].needs:
        if hub in left_out:
            return hub
        if hub in platforms and (found := held_back(hub, platforms, left_out)):
            return found
    return None


def again(result: DeployResult, wanted: Sequence[str]) -> list[str]:
    """The platforms of the next round: those to try again, and what was only blocked by them."""
    failed = [name for name, p in result.platforms.items() if p.outcome == "failed"]
    left_out = [name for name in failed if name not in wanted]
    blocked = [name for name, p in result.platforms.items() if p.outcome == "blocked"]
    freed = [name for name in blocked if held_back(name, result.platforms, left_out) is None]
    return [name for name in result.platforms if name in (*wanted, *freed)]


def merged(before: DeployResult, after: DeployResult) -> DeployResult:
    """Both rounds as one result: of each platform what became of it at last."""
    platforms = {**before.platforms, **after.platforms}
    broken = {name: p for name, p in platforms.items() if p.outcome in ("failed", "blocked")}
    kept = [error for error in before.errors if error.platform in broken and error.platform not in after.platforms]
    code = after.exit_code or _exit_code(broken.values())
    return replace(
        after,
        platforms=platforms,
        errors=(*kept, *after.errors),
        exit_code=code,
        outcome=after.outcome if code == after.exit_code else "failed",
        seconds=before.seconds + after.seconds,
        taken_back={**before.taken_back, **after.taken_back},
        taken_back_because=tuple(dict.fromkeys((*before.taken_back_because, *after.taken_back_because))),
    )


def _exit_code(broken: Iterable[PlatformResult]) -> int:
    """As for one run: the class of the errors when it is one, else 1."""
    required = [platform for platform in broken if platform.required]
    codes = {platform.error.exit_code for platform in required if platform.error is not None}
    return (common_exit_code(codes) or 1) if required else 0
