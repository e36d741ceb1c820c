"""One run: `/runs/{number}` and its tabs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.dashboard.graph_layout import arrange
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.run_page import run_page
from deployforge_tasks.operations.diff import diff
from deployforge_tasks.operations.graph_view import view as graph_of
from deployforge_tasks.operations.run_detail import run_detail, run_head
from deployforge_tasks.operations.run_facts import config_changes, surroundings_of, version_facts
from deployforge_tasks.operations.run_tools import tools_of
from deployforge_tasks.operations.timeline import timeline as timeline_of

router = APIRouter(prefix="/runs/{number}", include_in_schema=False, dependencies=[needs("look")])


@router.get("")
def grid(request: Request, number: int) -> HTMLResponse:
    """Every platform with its stages, and what people should read first."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    detail = run_detail(desk.of_version(head.run.version), number, ledger_url=desk.ledger_url)
    return run_page(request, detail.head, "", "run_grid.html", detail=detail)


@router.get("/graph")
def graph(request: Request, number: int) -> HTMLResponse:
    """What waits for what, with the states of this run."""
    desk = request.app.state.desk
    detail = run_detail(desk.loaded, number, ledger_url=desk.ledger_url)
    at_the_time = desk.of_version(detail.head.run.version)
    names = [name for name in detail.platforms if name in at_the_time.options and at_the_time.options[name].enabled]
    seen = graph_of(at_the_time, platforms=names, run=number, ledger_url=desk.ledger_url) if names else None
    drawing = arrange(seen, number, goes_on=detail.head.run.goes_on) if seen else None
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


@router.get("/plan", dependencies=[needs("preview")])
def plan(request: Request, number: int, files: bool = False) -> HTMLResponse:
    """What is published where; with `files` the rendered files against the release before."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    loaded = desk.of_version(head.run.version)
    before, changes = config_changes(loaded, number, ledger_url=desk.ledger_url)
    return run_page(
        request,
        head,
        "plan",
        "run_plan.html",
        facts=version_facts(loaded, ledger_url=desk.ledger_url),
        before=before,
        changes=changes,
        diff=diff(loaded, ledger_url=desk.ledger_url) if files else None,
    )


@router.get("/artifacts")
def artifacts(request: Request, number: int) -> HTMLResponse:
    """What is frozen, published and proven of the version."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    facts = version_facts(desk.of_version(head.run.version), ledger_url=desk.ledger_url)
    return run_page(request, head, "artifacts", "run_artifacts.html", facts=facts)


@router.get("/environment")
def environment(request: Request, number: int) -> HTMLResponse:
    """What the run was made in."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    found = surroundings_of(desk.loaded, number, ledger_url=desk.ledger_url)
    tools = tools_of(desk.loaded, number, ledger_url=desk.ledger_url)
    return run_page(request, head, "environment", "run_environment.html", found=found, tools=tools)
