"""``/events``: what happens, as it happens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request
from sqlalchemy.exc import SQLAlchemyError

from deployforge_tasks.core.errors import AccessError
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
        viewer = Viewer(places, {run: None if run in told else line for run, line in lines.items()})
    else:
        viewer = Viewer(messages.read(since), lines)
    return EventStream(request.app.state.hub, viewer, lambda: _may_stay(request, logs=bool(lines)))


def _may_stay(request: Request, *, logs: bool) -> bool:
    """Whether whoever sent the request may still watch: a session ends, a token is revoked, a role is taken away."""
    try:
        now = request.app.state.door.visitor(request)
    except AccessError:
        return False
    except SQLAlchemyError:  # the ledger is away; the stream itself tells that
        return True
    return now is not None and now.can("look") and (not logs or now.can("logs"))


def _lines(log: list[str]) -> dict[int, int]:
    found = {}
    for one in log[:20]:
        run, _, line = one.partition(":")
        if not (run.isdecimal() and line.isdecimal() and len(one) < 40):
            raise HTTPException(400, "log is written as <run>:<line>")
        found[int(run)] = int(line)
    return found
