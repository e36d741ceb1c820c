"""Past runs: `/runs`, the same as CSV, and two of them side by side."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.compare import compare
from deployforge_tasks.operations.history import history_csv, history_page, search_of
from deployforge_tasks.operations.runs import list_runs

router = APIRouter(include_in_schema=False, dependencies=[needs("look")])
ENTRY = Entry("Runs", "/runs", order=20, key="r")
#: Runs to choose from for a comparison.
_CHOICE = 50


@router.get("/runs")
def runs(
    request: Request,
    *,
    version: str = "",
    outcome: str = "",
    platform: str = "",
    actor: str = "",
    since: str = "",
    before: str = "",
) -> HTMLResponse:
    """The runs, the newest first."""
    desk = request.app.state.desk
    wanted = {"version": version, "outcome": outcome, "platform": platform, "actor": actor, "since": since}
    search = search_of(**wanted, before=int(before) if before.isdigit() else None)
    found = history_page(desk.loaded, search, ledger_url=desk.ledger_url)
    filters = {name: text for name, text in wanted.items() if text}
    return page(request, "runs.html", title="Runs", found=found, wanted=wanted, filters=filters, search=search)


@router.get("/runs.csv")
def runs_csv(
    request: Request, *, version: str = "", outcome: str = "", platform: str = "", actor: str = "", since: str = ""
) -> StreamingResponse:
    """The same as CSV, every run of it."""
    desk = request.app.state.desk
    search = search_of(version=version, outcome=outcome, platform=platform, actor=actor, since=since)
    return StreamingResponse(
        history_csv(desk.loaded, search, ledger_url=desk.ledger_url),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="runs.csv"'},
    )


@router.get("/compare", response_model=None)
def choose(request: Request, old: str = "", new: str = "") -> HTMLResponse | RedirectResponse:
    """Choose two runs."""
    if old.isdigit() and new.isdigit():
        return RedirectResponse(f"/compare/{int(old)}..{int(new)}", status_code=303)
    desk = request.app.state.desk
    found = list_runs(desk.loaded, limit=_CHOICE, ledger_url=desk.ledger_url)
    return page(request, "compare.html", title="Compare runs", runs=found, found=None)


@router.get("/compare/{pair}")
def compared(request: Request, pair: str) -> HTMLResponse:
    """Two runs (`41..42`) side by side."""
    old, dots, new = pair.partition("..")
    if not (dots and old.isdigit() and new.isdigit()):
        raise HTTPException(404, "two numbers of runs, as 41..42")
    desk = request.app.state.desk
    found = compare(desk.loaded, int(old), int(new), ledger_url=desk.ledger_url)
    choice = list_runs(desk.loaded, limit=_CHOICE, ledger_url=desk.ledger_url)
    return page(request, "compare.html", title=f"Runs {old} and {new}", runs=choice, found=found)
