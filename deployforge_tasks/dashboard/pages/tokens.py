"""Who has access: API tokens (make, list, revoke), and the sessions that are open."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deployforge_tasks.access.roles import ROLES, Role
from deployforge_tasks.access.tokens import LONGEST_DAYS
from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.dashboard.forms import Form
from deployforge_tasks.dashboard.guard import needs, visitor
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.sessions import list_sessions
from deployforge_tasks.operations.tokens import NewToken, list_tokens, new_token, revoke_token

router = APIRouter(prefix="/tokens", include_in_schema=False, dependencies=[needs("tokens")])
ENTRY = Entry("Access", "/tokens", order=90, needs="tokens")


@router.get("")
def tokens(request: Request) -> HTMLResponse:
    """Every token, without its value."""
    return _page(request)


@router.post("")
def make(request: Request, form: Form) -> HTMLResponse:
    """Make one and show it, this once."""
    desk = request.app.state.desk
    role: Role = next((role for role in ROLES if role == form.get("role")), "viewer")
    days = form.get("days", "")
    try:
        made = new_token(
            desk.records,
            desk.loaded,
            visitor(request),
            name=form.get("name", "").strip(),
            role=role,
            days=int(days) if days.isdecimal() and len(days) < 5 else 0,
        )
    except AccessError as error:
        return _page(request, error=error, form=form, status=400)
    return _page(request, made=made)


@router.post("/{name}/revoke")
def revoke(request: Request, name: str) -> Response:
    """Revoke the active token of a name."""
    desk = request.app.state.desk
    try:
        revoke_token(desk.records, desk.loaded, visitor(request), name)
    except AccessError as error:
        return _page(request, error=error, status=404)
    return RedirectResponse("/tokens", status_code=303)


def _page(
    request: Request,
    *,
    made: NewToken | None = None,
    error: AccessError | None = None,
    form: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    desk = request.app.state.desk
    return page(
        request,
        "tokens.html",
        status=status,
        title="Access",
        tokens=list_tokens(desk.records, desk.loaded),
        sessions=list_sessions(desk.records, desk.loaded, visitor(request)),
        auth=request.app.state.door.section.auth,
        roles=ROLES,
        longest=LONGEST_DAYS,
        made=made,
        error=error,
        form=form or {},
    )
