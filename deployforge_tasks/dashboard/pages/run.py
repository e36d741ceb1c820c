"""One run: `/runs/{number}` and its tabs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.dashboard.graph_layout import arrange
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.run_page import run_page
from deployforge_tasks.operations.graph_view import view as graph_of
from deployforge_tasks.operations.run_detail import run_detail, run_head
from deployforge_tasks.operations.timeline import timeline as timeline_of

router = APIRouter(prefix="/runs/{number}", include_in_schema=False, dependencies=[needs("look")])


@router.get("")
def grid(request: Request, number: int) -> HTMLResponse:
    """Every platform with its stages, and what people should read first."""
    desk = request.app.state.desk
    detail = run_detail(desk.loaded, number, ledger_url=desk.ledger_url)
    return run_page(request, detail.head, "", "run_grid.html", detail=detail)


@router.get("/graph")
def graph(request: Request, number: int) -> HTMLResponse:
    """What waits for what, with the states of this run."""
    desk = request.app.state.desk
    detail = run_detail(desk.loaded, number, ledger_url=desk.ledger_url)
    at_the_time = desk.of_version(detail.head.run.version)
    names = [name for name in detail.platforms if name in at_the_time.options and at_the_time.options[name].enabled]
    seen = graph_of(at_the_time, platforms=names, run=number, ledger_url=desk.ledger_url) if names else None
    drawing = arrange(seen, number) if seen else None
    return run_page(request, detail.head, "graph", "run_graph.html", drawing=drawing)


@router.get("/timeline")
def timeline(request: Request, number: int, critical: bool = False, by: str = "platform") -> HTMLResponse:
    """When each stage waited and worked."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    found = timeline_of(desk.of_version(head.run.version), number, ledger_url=desk.ledger_url)
    return run_page(
        request, head, "timeline", "run_timeline.html", found=found, critical=critical, by_worker=by == "worker"
    )
