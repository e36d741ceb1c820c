"""Signing on and off, and who one is."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from deployforge_tasks.access.roles import DOES, PERMISSIONS, ROLES, Visitor, lowest_role
from deployforge_tasks.access.sessions import LASTS
from deployforge_tasks.core.errors import AccessError, DeployForgeError
from deployforge_tasks.dashboard.door import Door, no_role
from deployforge_tasks.dashboard.forms import Form, own_path
from deployforge_tasks.dashboard.gate import check_wait, refusal
from deployforge_tasks.dashboard.guard import needs, note, note_sign_on, note_stranger, visitor
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.operations.sessions import list_sessions

router = APIRouter(include_in_schema=False)
_BEGUN_LASTS = 600


@router.get("/sign-on")
def sign_on(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """How to sign on here."""
    if request.state.visitor is not None:
        return RedirectResponse(own_path(next), status_code=303)
    return page(request, "sign_on.html", title="Sign on", auth=_door(request).section.auth, back=own_path(next))


@router.get("/sign-on/link")
def by_link(request: Request, value: str = "") -> Response:
    """Sign on with the one-time link from the terminal."""
    door = _door(request)
    if door.section.auth != "local":
        return RedirectResponse("/sign-on", status_code=303)
    return _try(request, lambda: _link(request, door, value))


@router.post("/sign-on/link")
def another_link(request: Request) -> Response:
    """Print another one-time link in the terminal that the dashboard was started in."""
    door = _door(request)
    if door.section.auth == "local":
        check_wait(door, door.origin(request))
        door.attempts.failed(door.origin(request))  # so that nobody floods the terminal
        door.tell(door.new_link())
    return page(request, "sign_on.html", title="Sign on", auth=door.section.auth, back="/", printed=True)


@router.post("/sign-on/token")
def by_token(request: Request, form: Form) -> Response:
    """Sign on with an API token."""
    door = _door(request)
    if door.section.auth != "token":
        return RedirectResponse("/sign-on", status_code=303)
    return _try(request, lambda: _token(request, door, form))


@router.get("/sign-on/provider")
def at_the_provider(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Go to the provider; a link and no form, because a form may lead to no other site."""
    door = _door(request)
    if door.provider is None:
        return RedirectResponse("/sign-on", status_code=303)
    address, browser = door.provider.begin(f"{door.base(request)}/sign-on/callback", own_path(next))
    answer = RedirectResponse(address, status_code=303)
    door.keep(answer, door.begun, browser, _BEGUN_LASTS)
    return answer


@router.get("/sign-on/callback")
def from_the_provider(request: Request) -> Response:
    """Come back from the provider."""
    door = _door(request)
    if door.provider is None:
        return RedirectResponse("/sign-on", status_code=303)
    return _try(request, lambda: _provider(request, door))


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End this session."""
    door = _door(request)
    if request.state.visitor is not None:
        note(request, "sign-out")
    request.app.state.desk.records.sessions.end(request.cookies.get(door.cookie, ""))
    answer = RedirectResponse("/sign-on", status_code=303)
    door.drop(answer, door.cookie)
    return answer


@router.post("/you/sign-out-everywhere", dependencies=[needs("look")])
def sign_out_everywhere(request: Request) -> Response:
    """End every session of this person."""
    door, who = _door(request), visitor(request)
    ended = request.app.state.desk.records.sessions.end_all(door.place.project, who.name, who.method)
    note(request, "sign-out.everywhere", sessions=ended)
    answer = RedirectResponse("/sign-on", status_code=303)
    door.drop(answer, door.cookie)
    return answer


@router.get("/you", dependencies=[needs("look")])
def you(request: Request) -> Response:
    """Who one is here, what one may do, and who may do the rest."""
    rights = [
        (DOES[permission], lowest_role(permission), visitor(request).can(permission)) for permission in PERMISSIONS
    ]
    desk = request.app.state.desk
    mine = [one for one in list_sessions(desk.records, desk.loaded, visitor(request)) if one.mine]
    return page(request, "you.html", title="You", rights=rights, roles=ROLES, sessions=mine)


def _link(request: Request, door: Door, value: str) -> Response:
    if not door.use_link(value):
        raise AccessError(
            "this link was used already, or is too old",
            hint="ask for another one here: it is printed in the terminal that the dashboard was started in",
            code="DF3537",
        )
    who = Visitor(door.local_name(), "admin", "local", door.origin(request))
    session = request.app.state.desk.records.sessions.begin(door.place, who.name, role=who.role, origin=who.origin)
    return _in(request, session, who, "/")


def _token(request: Request, door: Door, form: dict[str, str]) -> Response:
    records = request.app.state.desk.records
    found = records.tokens.find(door.place.project, form.get("token", "").strip())
    if found is None:
        raise AccessError(
            "this token is unknown, revoked or over",
            hint="ask an admin for a new one: `deployforge dashboard token new NAME`",
            code="DF3530",
        )
    who = Visitor(found.name, found.role, "token", door.origin(request), found.maker)
    session = records.sessions.begin(door.place, who.name, role=who.role, token=found.id, origin=who.origin)
    return _in(request, session, who, form.get("next", "/"))


def _provider(request: Request, door: Door) -> Response:
    assert door.provider is not None
    person = door.provider.finish(request.cookies.get(door.begun, ""), dict(request.query_params))
    role = door.role(person.groups)
    if role is None:
        raise no_role(person.name)
    who = Visitor(person.name, role, "oidc", door.origin(request), person.account)
    sessions = request.app.state.desk.records.sessions
    session = sessions.begin(door.place, who.name, groups=person.groups, account=person.account, origin=who.origin)
    answer = _in(request, session, who, person.back)
    door.drop(answer, door.begun)
    return answer


def _in(request: Request, session: str, who: Visitor, back: str) -> Response:
    door = _door(request)
    door.attempts.succeeded(who.origin)
    note_sign_on(request, who)
    answer = RedirectResponse(own_path(back), status_code=303)
    door.keep(answer, door.cookie, session, int(LASTS.total_seconds()))
    return answer


def _try(request: Request, sign_on: Callable[[], Response]) -> Response:
    """Try to sign somebody on; what fails counts, and is kept in the trail."""
    door = _door(request)
    origin = door.origin(request)
    try:
        check_wait(door, origin)
        return sign_on()
    except DeployForgeError as error:
        if isinstance(error, AccessError) and not door.attempts.wait(origin):
            door.attempts.failed(origin)
            note_stranger(request, origin, reason=error.message)
        return refusal(request, error, "You are not signed on")


def _door(request: Request) -> Door:
    found: Door = request.app.state.door
    return found
