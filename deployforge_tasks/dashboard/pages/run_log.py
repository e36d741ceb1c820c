"""The log of a run: `/runs/{number}/logs`, as a file, and as plain text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.log_address import Asked
from deployforge_tasks.dashboard.messages import written
from deployforge_tasks.dashboard.run_page import run_page
from deployforge_tasks.operations import log_page
from deployforge_tasks.operations.log_lines import LEVELS, whole_log
from deployforge_tasks.operations.log_search import Found, find
from deployforge_tasks.operations.run_detail import run_head
from deployforge_tasks.operations.watching import Place, Places

router = APIRouter(prefix="/runs/{number}/logs", include_in_schema=False, dependencies=[needs("logs")])


@router.get("")
def log(request: Request, number: int, asked: Annotated[Asked, Query()]) -> Response:
    """Some lines of the log, by default the newest thousand, or the log by stages."""
    desk = request.app.state.desk
    head = run_head(desk.loaded, number, ledger_url=desk.ledger_url)
    chosen = log_page.wanted(asked.platform, asked.stage, asked.level)
    shared = {"asked": asked, "places": log_page.places(desk.reader, number), "levels": LEVELS}
    if asked.fold:
        sections = log_page.sections(desk.reader, number, chosen, asked.open)
        return run_page(request, head, "logs", "run_log_stages.html", sections=sections, **shared)
    try:
        hits = find(desk.reader, number, asked.search, chosen) if asked.q else Found((), {})
        trouble = None
    except ConfigError as error:
        hits, trouble = Found((), {}), error
    shown = asked.line if asked.line is not None or not hits.numbers else hits.numbers[0]
    part = log_page.part(desk.reader, number, chosen, line=shown, before=asked.before, after=asked.after)
    newest = desk.reader.runs(desk.project, None, 1)[0].id
    since = written(Places(newest, {number: Place(part.last, part.last)}))
    live = head.run.goes_on and not part.newer and not asked.q
    found = {"part": part, "hits": hits, "trouble": trouble, "shown": shown, "live": live, "since": since}
    return run_page(request, head, "logs", "run_log.html", **found, **shared)


@router.get("/raw")
def raw(request: Request, number: int, asked: Annotated[Asked, Query()]) -> Response:
    """The whole log as plain text, sent while it is read."""
    return _whole(request, number, asked, {})


@router.get("/download")
def download(request: Request, number: int, asked: Annotated[Asked, Query()]) -> Response:
    """The whole log as a file."""
    return _whole(request, number, asked, {"Content-Disposition": f'attachment; filename="run-{number}.log"'})


def _whole(request: Request, number: int, asked: Asked, headers: dict[str, str]) -> Response:
    desk = request.app.state.desk
    run_head(desk.loaded, number, ledger_url=desk.ledger_url)  # there is such a run, of this project
    chosen = log_page.wanted(asked.platform, asked.stage, asked.level)
    lines = whole_log(desk.reader, number, chosen)
    return StreamingResponse(lines, media_type="text/plain; charset=utf-8", headers=headers)
