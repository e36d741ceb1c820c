"""The commercial side: `/business`, empty until `business:` says something."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.analytics.periods import period
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.stats import downloads

router = APIRouter(include_in_schema=False, dependencies=[needs("look")])
ENTRY = Entry("Business", "/business", order=70)
_DAYS = 30


@router.get("/business")
def business(request: Request) -> HTMLResponse:
    """What is configured, and what is counted; nothing is made up of either."""
    desk = request.app.state.desk
    section = desk.loaded.project.business
    last = desk.now().date() - timedelta(days=1)
    found = downloads(desk.loaded, last - timedelta(days=_DAYS - 1), last, ledger_url=desk.ledger_url)
    counted = [(one, period(one.daily).count) for one in found.platforms]
    return page(
        request,
        "business.html",
        title="Business",
        business=section,
        configured=section != type(section)(),
        counted=[one for one in counted if one[1] is not None],
        days=_DAYS,
    )
