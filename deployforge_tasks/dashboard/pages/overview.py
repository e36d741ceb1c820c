"""The overview: every platform at a glance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from deployforge_tasks.dashboard import messages, values
from deployforge_tasks.dashboard.arranged import STATES, Choice, arrange, recent
from deployforge_tasks.dashboard.glance import glance
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.sparkline import sparkline
from deployforge_tasks.operations.watching import Place, Places

router = APIRouter(include_in_schema=False)
ENTRY = Entry("Overview", "/", order=10, key="o")


@router.get("/", dependencies=[needs("look")])
def show(request: Request, state: Annotated[list[str] | None, Query()] = None) -> HTMLResponse:
    """Every platform; `state`, `platform`, `group`, `sort`, `view` and `kiosk` in the address choose what is shown."""
    look = request.app.state.last_look
    found = glance(request)
    choice = Choice.of(request.query_params, state or [])
    shown = {row.run: row.now for row in found.rows if row.run and row.now}
    bound: values.Values = values.of_run(found.run) if found.run else {}
    for row in found.rows:
        if row.run and row.now:
            bound |= values.of_platform(row.run, row.now)
    since = Places(found.newest_run, {run: Place(found.numbers[run]) for run in shown})
    return page(
        request,
        "overview.html",
        title="Overview",
        found=found,
        choice=choice,
        arranged=arrange(found, choice),
        bound=bound,
        since=messages.written(since),
        states=STATES,
        look=look,
        recent=recent,
        sparkline=sparkline,
    )


@router.post("/look", dependencies=[needs("look")])
def look_again(request: Request) -> RedirectResponse:
    """Ask every platform what it has; the page shows the answer when it is there."""
    request.app.state.last_look.begin()
    return RedirectResponse("/", status_code=303)
