"""One run: `/runs/{number}` and its tabs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.run_page import run_page
from deployforge_tasks.operations.run_detail import run_detail

router = APIRouter(prefix="/runs/{number}", include_in_schema=False, dependencies=[needs("look")])


@router.get("")
def grid(request: Request, number: int) -> HTMLResponse:
    """Every platform with its stages, and what people should read first."""
    desk = request.app.state.desk
    detail = run_detail(desk.loaded, number, ledger_url=desk.ledger_url)
    return run_page(request, detail.head, "", "run_grid.html", detail=detail)
