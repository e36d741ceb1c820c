"""What a rollback did, or would do, as rows and as JSON: of `rollback`, and of a deploy that took back its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.table import Cell

if TYPE_CHECKING:
    from deployforge_tasks.operations.rollback import PlatformRollback

Rows = list[list[Cell | str]]


def rows(platform: PlatformRollback, *, planned: bool = False) -> Rows:
    """One row a change and one a step that is left for a person; the first has the platform's name."""
    if platform.error is not None:
        text = f"{platform.error.code} {platform.error.message}"
        return [[Cell("✗", "error"), platform.name, Cell("no way" if planned else "failed", "error"), text]]
    if platform.stays:
        return [[Cell("\N{EN DASH}", "warning"), platform.name, Cell("stays", "warning"), platform.stays]]
    if platform.rollback is None:
        return [[Cell("✗", "error"), platform.name, Cell("not done", "error"), "the run was stopped before it"]]
    done = Cell("would do", "ok") if planned else Cell("done", "ok")
    mark = Cell("→" if planned else "✓", "ok")
    made: Rows = [[mark, "", done, text] for text in platform.rollback.done]
    for_a_person = [f"{step.text}  {step.url}".strip() for step in platform.rollback.manual]
    made += [[Cell("⏸", "warning"), "", Cell("by hand", "warning"), text] for text in for_a_person]
    made = made or [[Cell("✓", "ok"), "", "nothing to do", ""]]
    made[0][1] = platform.name
    return made


def as_json(platform: PlatformRollback) -> dict[str, Any]:
    """One platform's part of a rollback."""
    done = platform.rollback
    return {
        "name": platform.name,
        "done": list(done.done) if done else [],
        "manual": [{"text": step.text, "url": step.url} for step in done.manual] if done else [],
        "stays": platform.stays,
        "error": platform.error.as_json() if platform.error else None,
    }
