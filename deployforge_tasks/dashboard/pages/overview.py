"""The overview: every platform at a glance."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.runs import list_runs

router = APIRouter(include_in_schema=False)
ENTRY = Entry("Overview", "/", order=10, key="o")


@router.get("/", dependencies=[needs("look")])
def overview(request: Request) -> HTMLResponse:
    """Every platform, and the newest run."""
    desk = request.app.state.desk
    return page(
        request,
        "overview.html",
        title="Overview",
        runs=list_runs(desk.loaded, limit=20, ledger_url=desk.ledger_url),
    )
