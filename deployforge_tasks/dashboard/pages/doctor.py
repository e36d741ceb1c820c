"""The health of everything around a release: `/doctor`, with credentials (never a value), tools, channels and roles."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deployforge_tasks.access.roles import DOES, ROLES, permissions
from deployforge_tasks.dashboard.guard import needs, note
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.doctor import SECTIONS
from deployforge_tasks.operations.installation import plugins, summary
from deployforge_tasks.operations.last_collections import last_collections
from deployforge_tasks.operations.notify import list_channels, list_routes
from deployforge_tasks.operations.tokens import list_tokens
from deployforge_tasks.operations.whoami import here

router = APIRouter(include_in_schema=False, dependencies=[needs("settings")])
ENTRY = Entry("Doctor", "/doctor", order=95, needs="settings")


@router.get("/doctor")
def doctor(request: Request) -> HTMLResponse:
    """The last answers, and what is configured."""
    state = request.app.state
    desk, loaded = state.desk, state.desk.loaded
    section = loaded.project.dashboard
    return page(
        request,
        "doctor.html",
        title="Doctor",
        checks=state.doctor,
        asked=state.accounts,
        accounts=(state.accounts.answer or here(loaded)).accounts,
        warnings=state.accounts.answer.warnings if state.accounts.answer else (),
        collections=last_collections(loaded, ledger_url=desk.ledger_url),
        channels=list_channels(loaded, ledger_url=desk.ledger_url),
        tried=state.channels,
        routes=list_routes(loaded),
        sections=[name for name in SECTIONS if name != "Credentials"],
        plugins=plugins(),
        settings=summary(loaded),
        remarks=(*loaded.warnings, *loaded.notes),
        roles=[(role, sorted(permissions(role), key=list(DOES).index)) for role in ROLES],
        does=DOES,
        section=section,
        groups=sorted(section.roles.items()),
        tokens=[token for token, state in list_tokens(desk.records, loaded) if state == "active"],
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
