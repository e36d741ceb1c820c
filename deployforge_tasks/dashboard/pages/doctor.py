"""The health of everything around a release: `/doctor`, with credentials (never a value), tools, channels and roles."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deployforge_tasks.access.roles import ROLES, permissions
from deployforge_tasks.dashboard.guard import needs, note
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.doctor import SECTIONS
from deployforge_tasks.operations.notify import list_channels, list_routes

router = APIRouter(include_in_schema=False, dependencies=[needs("settings")])
ENTRY = Entry("Doctor", "/doctor", order=95, needs="settings")


@router.get("/doctor")
def doctor(request: Request) -> HTMLResponse:
    """The last answers, and what is configured."""
    state = request.app.state
    loaded = state.desk.loaded
    section = loaded.project.dashboard
    return page(
        request,
        "doctor.html",
        title="Doctor",
        checks=state.doctor,
        accounts=state.accounts,
        channels=list_channels(loaded, ledger_url=state.desk.ledger_url),
        tried=state.channels,
        routes=list_routes(loaded),
        sections=SECTIONS,
        roles=[(role, sorted(permissions(role))) for role in ROLES],
        section=section,
        groups=sorted(section.roles.items()),
    )


@router.post("/doctor/look")
def look(request: Request) -> Response:
    """Look at everything, and ask whose the credentials are; sends nothing that changes anything."""
    request.app.state.doctor.begin()
    request.app.state.accounts.begin()
    note(request, "doctor", subject="everything", outcome="done")
    return RedirectResponse("/doctor", status_code=303)


@router.post("/doctor/channels")
def channels(request: Request) -> Response:
    """Send a message that is marked as a test on every channel."""
    request.app.state.channels.begin()
    note(request, "notify test", subject="every channel", outcome="done")
    return RedirectResponse("/doctor#channels", status_code=303)
