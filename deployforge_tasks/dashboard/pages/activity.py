"""Who did what."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.activity import activity as find_activity

router = APIRouter(include_in_schema=False)
ENTRY = Entry("Activity", "/activity", order=80, needs="logs")


@router.get("/activity", dependencies=[needs("logs")])
def activity(request: Request) -> HTMLResponse:
    """Runs that were started and what was done in the dashboard, by day (UTC)."""
    desk = request.app.state.desk
    deeds = find_activity(desk.records, desk.loaded, ledger_url=desk.ledger_url)
    days = [(day, list(found)) for day, found in groupby(deeds, key=lambda deed: deed.at.date())]
    return page(request, "activity.html", title="Activity", days=days)
