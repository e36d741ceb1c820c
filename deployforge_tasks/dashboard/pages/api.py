"""The JSON API, ``/api/v1``; ``/api/openapi.json`` describes it, and ``/api`` lists it for people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.dashboard import documents
from deployforge_tasks.dashboard.glance import glance
from deployforge_tasks.dashboard.guard import needs, visitor
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.runs import find_run, list_runs, one_run
from deployforge_tasks.operations.stats import downloads

router = APIRouter(tags=["dashboard"])
_LOG_LINES = 20
_HISTORY = 50


@router.get("/api", include_in_schema=False, dependencies=[needs("look")])
def index(request: Request) -> HTMLResponse:
    """What the API has."""
    paths = request.app.openapi()["paths"]
    rows = [(path, about["get"].get("description", "")) for path, about in paths.items() if "get" in about]
    return page(request, "api.html", title="API", rows=rows)


@router.get("/api/v1/dashboard", dependencies=[needs("look")], response_model_exclude_unset=True)
def dashboard(request: Request) -> documents.DeploymentDashboard:
    """Everything at once: platforms with their state, downloads, and the newest runs."""
    desk, found = request.app.state.desk, glance(request)
    may_read = visitor(request).can("logs")
    lines = {row.platform: _tail(request, row.run, row.platform) if may_read and row.run else [] for row in found.rows}
    return documents.DeploymentDashboard(
        platforms={row.platform: documents.card(row, lines[row.platform]) for row in found.rows},
        analytics=documents.analytics(desk.downloads()),
        history=runs(request),
    )


@router.get("/api/v1/runs", dependencies=[needs("look")])
def runs(request: Request, limit: Annotated[int, Query(ge=1, le=500)] = _HISTORY) -> list[documents.DeploymentRun]:
    """The newest runs first."""
    desk = request.app.state.desk
    return [documents.run_document(run) for run in list_runs(desk.loaded, limit=limit, ledger_url=desk.ledger_url)]


@router.get("/api/v1/runs/{number}", dependencies=[needs("look")])
def run(request: Request, number: int) -> documents.DeploymentRun:
    """One run."""
    desk = request.app.state.desk
    return documents.run_document(one_run(desk.reader, desk.loaded, number))


@router.get("/api/v1/runs/{number}/log", dependencies=[needs("logs")])
def log(
    request: Request,
    number: int,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> list[documents.LogLine]:
    """The log lines of a run after a number, at most so many."""
    desk = request.app.state.desk
    find_run(desk.reader, desk.loaded, number)
    found = desk.reader.lines({number: after}, limit)
    return [
        documents.LogLine(
            number=entry.stored.number,
            at=entry.stored.event.at,
            platform=entry.stored.event.platform,
            stage=entry.stored.event.stage,
            level=str(entry.stored.event.data.get("level", "info")),
            text=str(entry.stored.event.data.get("text", "")),
        )
        for entry in found
    ]


@router.get("/api/v1/status", dependencies=[needs("look")])
def status(request: Request) -> documents.StatusDocument:
    """What users get on each platform, as of the last time that the platforms were asked."""
    return documents.status_document(glance(request))


@router.get("/api/v1/downloads", dependencies=[needs("look")])
def counts(request: Request, since: date | None = None, until: date | None = None) -> documents.DownloadsDocument:
    """Downloads by platform and day; the last 30 days if nothing else is asked."""
    desk = request.app.state.desk
    last = until or desk.now().date() - timedelta(days=1)
    first = since or last - timedelta(days=29)
    if first > last:
        raise ConfigError(f"{first} is after {last}", hint="give `since` before `until`", code="DF3603")
    return documents.downloads_document(downloads(desk.loaded, first, last, ledger_url=desk.ledger_url))


def _tail(request: Request, number: int, platform: str) -> list[str]:
    return list(request.app.state.desk.reader.last_lines(number, platform, _LOG_LINES))
