"""What waits for a second person, and what was decided."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from deployforge_tasks.dashboard.guard import needs, visitor
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.approvals import decide, list_approvals

router = APIRouter(prefix="/approvals", include_in_schema=False)
ENTRY = Entry("Approvals", "/approvals", order=75)


@router.get("", dependencies=[needs("look")])
def approvals(request: Request) -> HTMLResponse:
    """The newest requests first."""
    desk = request.app.state.desk
    found = list_approvals(desk.records, desk.loaded, visitor(request))
    rules = desk.loaded.project.dashboard.approvals.get(desk.loaded.profile)
    return page(request, "approvals.html", title="Approvals", choices=found, rules=rules)


@router.post("/{number}/approve", dependencies=[needs("approve")])
def approve(request: Request, number: int) -> RedirectResponse:
    """Let whoever asked begin exactly what they asked for, once."""
    return _decided(request, number, yes=True)


@router.post("/{number}/refuse", dependencies=[needs("approve")])
def refuse(request: Request, number: int) -> RedirectResponse:
    """Say no."""
    return _decided(request, number, yes=False)


def _decided(request: Request, number: int, *, yes: bool) -> RedirectResponse:
    desk = request.app.state.desk
    decide(desk.records, desk.loaded, visitor(request), number, approve=yes)
    return RedirectResponse("/approvals", status_code=303)
