"""The trail: everything that was done, and everything that was refused."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from deployforge_tasks.access.trail import Filter
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.trail import trail_csv, trail_filter, trail_page

router = APIRouter(include_in_schema=False, dependencies=[needs("settings")])
ENTRY = Entry("Audit", "/audit", order=85, needs="settings")
_OUTCOMES = ("done", "refused", "failed")


def _chosen(request: Request) -> tuple[Filter, dict[str, str]]:
    """The filter in the address, and its words as they stand there."""
    words = {name: request.query_params.get(name, "") for name in ("actor", "action", "outcome", "first", "last")}
    before = request.query_params.get("before", "")
    return trail_filter(**words, before=int(before) if before.isdecimal() and len(before) < 19 else None), words


_Chosen = Annotated[tuple[Filter, dict[str, str]], Depends(_chosen)]


@router.get("/audit")
def audit(request: Request, chosen: _Chosen) -> HTMLResponse:
    """A page of the trail; the filter is in the address."""
    desk, (filter_, words) = request.app.state.desk, chosen
    set_words = {name: word for name, word in words.items() if word}
    return page(
        request,
        "audit.html",
        title="Audit",
        trail=trail_page(desk.records, desk.loaded, filter_),
        words=words,
        outcomes=_OUTCOMES,
        query=urlencode(set_words),
        newest=filter_.before is None,
    )


@router.get("/audit.csv")
def as_csv(request: Request, chosen: _Chosen) -> StreamingResponse:
    """The whole trail that the filter lets through."""
    desk = request.app.state.desk
    name = f'attachment; filename="{desk.project}-trail.csv"'
    pieces = trail_csv(desk.records, desk.loaded, chosen[0])
    return StreamingResponse(pieces, media_type="text/csv", headers={"Content-Disposition": name})
