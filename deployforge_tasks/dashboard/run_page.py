"""The frame of every page about one run: its head and its tabs."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.dashboard.messages import written
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.run_detail import RunHead
from deployforge_tasks.operations.watching import Place, Places

#: The tabs: the last part of their path, and what they are called.
TABS = (
    ("", "Grid"),
    ("graph", "Graph"),
    ("timeline", "Timeline"),
    ("logs", "Logs"),
    ("plan", "Plan & diff"),
    ("artifacts", "Artifacts"),
    ("environment", "Environment"),
)


def run_page(request: Request, head: RunHead, tab: str, template: str, **context: Any) -> HTMLResponse:
    """A page about a run; its template extends ``run.html`` and fills the block ``tab``.

    Args:
        request: the request.
        head: the run.
        tab: one of `TABS`, by the last part of its path.
        template: in ``templates``.
        context: what the template needs besides.
    """
    run = head.run
    title = f"Run {run.number}: {dict(TABS)[tab]}" if tab else f"Run {run.number}"
    shared = {
        "head": head,
        "run": run,
        "goes_on": run.goes_on,
        "path": f"/runs/{run.number}",
        "tabs": TABS,
        "tab": tab,
        "known": written(Places(head.newest, {run.number: Place(head.told)})),
    }
    return page(request, template, **{"title": title, **shared, **context})
