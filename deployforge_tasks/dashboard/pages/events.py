"""``/events``: what happens, as it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request

from deployforge_tasks.dashboard import messages
from deployforge_tasks.dashboard.guard import needs, not_allowed, visitor
from deployforge_tasks.dashboard.stream import EventStream, Viewer

router = APIRouter(include_in_schema=False)


@router.get("/events", dependencies=[needs("look")])
async def events(
    request: Request,
    since: str = "",
    log: Annotated[list[str] | None, Query()] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> EventStream:
    """The event stream (`messages` tells what is in it).

    Args:
        request: the request.
        since: the id up to which everything is known; without one, and without a `Last-Event-ID`, everything is.
        log: ``42:1498`` for each run whose log is open: its number, and that of the last line that is known.
        last_event_id: the same as `since`, from a browser that comes again.
    """
    lines = _lines(log or [])
    if lines and not visitor(request).can("logs"):
        raise not_allowed(visitor(request), "logs")
    places = messages.read(last_event_id)
    if places is not None:  # then its lines are told by it too: it is the same stream that goes on
        told = {run for run, place in places.runs.items() if place.line is not None}
        lines_since = {run: None if run in told else line for run, line in lines.items()}
        return EventStream(request.app.state.hub, Viewer(places, lines_since))
    return EventStream(request.app.state.hub, Viewer(messages.read(since), lines))


def _lines(log: list[str]) -> dict[int, int]:
    found = {}
    for one in log[:20]:
        run, _, line = one.partition(":")
        if not (run.isdecimal() and line.isdecimal() and len(one) < 40):
            raise HTTPException(400, "log is written as <run>:<line>")
        found[int(run)] = int(line)
    return found
