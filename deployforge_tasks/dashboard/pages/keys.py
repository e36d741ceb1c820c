"""What the keys do, whether letters alone do anything, and the places that the palette knows."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from deployforge_tasks.dashboard.destinations import destinations
from deployforge_tasks.dashboard.forms import came_from
from deployforge_tasks.dashboard.guard import needs, visitor
from deployforge_tasks.dashboard.navigation import entries
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.shortcuts import COOKIE
from deployforge_tasks.operations.runs import list_runs
from deployforge_tasks.platforms.registry import platforms

router = APIRouter(include_in_schema=False, dependencies=[needs("look")])
_YEAR = 365 * 24 * 3600
_RUNS = 30


@router.get("/keys")
def keys(request: Request) -> HTMLResponse:
    """What the keys do."""
    return page(request, "keys.html", title="Keys")


@router.post("/keys/{choice}")
def choose(request: Request, choice: str) -> Response:
    """Turn letters alone ``on`` or ``off``."""
    back = RedirectResponse(came_from(request) if "referer" in request.headers else "/keys", status_code=303)
    if choice in ("on", "off"):
        back.set_cookie(COOKIE, choice, max_age=_YEAR, samesite="lax", httponly=True)
    return back


@router.get("/palette.json")
def palette(request: Request) -> JSONResponse:
    """Everywhere that this visitor can go."""
    desk = request.app.state.desk
    loaded = desk.loaded
    titles = {name: platforms()[name].title for name in loaded.options}
    runs = list_runs(loaded, limit=_RUNS, ledger_url=desk.ledger_url)
    return JSONResponse([asdict(one) for one in destinations(visitor(request), entries(), titles, runs)])
