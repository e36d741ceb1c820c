"""Ending sessions: a GET shows which, a POST ends them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from deployforge_tasks.dashboard.forms import Form
from deployforge_tasks.dashboard.guard import needs, visitor
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.sessions import OpenSession, end_session, end_sessions_of, list_sessions

router = APIRouter(prefix="/sessions", include_in_schema=False)


@router.get("/end", dependencies=[needs("look")])
def look_at_one(request: Request, session: str = "") -> HTMLResponse:
    """The session that would be ended."""
    chosen = [one for one in _sessions(request) if one.session.id == session]
    return page(request, "end_sessions.html", title="End a session", sessions=chosen, person="")


@router.post("/end", dependencies=[needs("look")])
def end_one(request: Request, form: Form) -> RedirectResponse:
    """End one: of oneself, or an admin anybody's."""
    desk, who = request.app.state.desk, visitor(request)
    ended = end_session(desk.records, desk.loaded, who, form.get("session", ""))
    return RedirectResponse("/you" if ended.actor == who.name else "/tokens", status_code=303)


@router.get("/end-all", dependencies=[needs("tokens")])
def look_at_all(request: Request, person: str = "") -> HTMLResponse:
    """Every session of a person, which would be ended."""
    chosen = [one for one in _sessions(request) if one.session.actor == person]
    return page(request, "end_sessions.html", title="End all sessions", sessions=chosen, person=person)


@router.post("/end-all", dependencies=[needs("tokens")])
def end_all(request: Request, form: Form) -> RedirectResponse:
    """End every session of a person."""
    desk = request.app.state.desk
    end_sessions_of(desk.records, desk.loaded, visitor(request), form.get("person", ""))
    return RedirectResponse("/tokens", status_code=303)


def _sessions(request: Request) -> list[OpenSession]:
    desk = request.app.state.desk
    return list_sessions(desk.records, desk.loaded, visitor(request))
