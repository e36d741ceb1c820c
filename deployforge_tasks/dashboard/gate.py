"""The first to see a request: finds who it comes from, and lets nobody in who has not signed on.

Not one page decides that for itself: a new page is closed until it is named in `OPEN`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from deployforge_tasks.core.errors import AccessError, ConfigError, DeployForgeError
from deployforge_tasks.dashboard.door import NO_ROLE
from deployforge_tasks.dashboard.guard import note_stranger
from deployforge_tasks.dashboard.rendering import page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from deployforge_tasks.access.roles import Visitor
    from deployforge_tasks.dashboard.door import Door

#: What strangers may see: how to sign on, how that looks, and that the dashboard is alive.
OPEN = ("/sign-on", "/sign-out", "/static", "/theme", "/healthz")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Gate:
    """Middleware around everything (a class, so that streams pass through it piece by piece)."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here talks over web sockets
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope)
        request.state.visitor = None
        try:
            answer = await run_in_threadpool(self._turned_away, request)
        except SQLAlchemyError:
            answer = ledger_away(request)
        await (answer or self._app)(scope, receive, send)

    def _turned_away(self, request: Request) -> Response | None:
        """The answer for whoever may not go on; None for all others, whose visitor is known then."""
        path = request.scope["path"]  # `request.url` is made of what the visitor says their host is
        is_open = any(_within(path, each) for each in OPEN)
        try:
            self._check(request)
            request.state.visitor = None if _within(path, "/static") else self._visitor(request)
        except AccessError as error:
            if is_open and error.code == NO_ROLE:  # they may sign on as somebody else
                return None
            return refusal(request, error)
        return _sign_on_first(request) if request.state.visitor is None and not is_open else None

    def _check(self, request: Request) -> None:
        host = request.headers.get("host", "")
        if not self._door.knows(host):
            raise AccessError(
                f"this dashboard does not go by the name {host[:100]}",
                hint="open it at its own address, or write that under `dashboard.url:`",
                code="DF3533",
            )
        # No other site can make a browser send one of our tokens.
        unsafe = request.method not in _SAFE and not self._door.by_token(request)
        if unsafe and not self._door.same_site(request):
            raise AccessError(
                "another site made your browser send this, so that nothing was done",
                hint="do it on the dashboard's own pages",
                code="DF3534",
            )

    def _visitor(self, request: Request) -> Visitor | None:
        """Who it is; an address that guesses tokens has to wait."""
        door, by_token = self._door, self._door.by_token(request)
        origin = door.origin(request)
        if by_token:
            check_wait(door, origin)
        try:
            return door.visitor(request)
        except AccessError as error:
            tries = door.attempts if by_token else door.refused
            if not tries.wait(origin):  # so that nobody fills the trail from outside
                note_stranger(request, origin, reason=error.message)
            tries.failed(origin)
            raise


class TooManyTriesError(AccessError):
    """An address has to wait before it may try to sign on again; `seconds` says how long."""

    def __init__(self, message: str, *, hint: str, code: str, seconds: float) -> None:
        super().__init__(message, hint=hint, code=code)
        self.seconds = seconds


def check_wait(door: Door, origin: str) -> None:
    """See that an address has not tried too often.

    Raises:
        TooManyTriesError: it has.
    """
    seconds = door.attempts.wait(origin)
    if seconds > 0:
        raise TooManyTriesError(
            "too many tries to sign on came from your address",
            hint=f"try again in {seconds / 60:.0f} minutes" if seconds > 90 else "try again in a minute",
            code="DF3535",
            seconds=seconds,
        )


def wants_json(request: Request) -> bool:
    """Whether a program asks, and no person with a browser."""
    return request.scope["path"].startswith("/api/") or "text/html" not in request.headers.get("accept", "")


def refusal(request: Request, error: DeployForgeError, title: str = "You may not come in") -> Response:
    """The page (or document) that says no."""
    headers, status = {}, 403 if isinstance(error, AccessError) else 503
    if isinstance(error, TooManyTriesError):
        headers, status = {"Retry-After": str(int(error.seconds) + 1)}, 429
    elif error.code == "DF3530":
        headers, status = {"WWW-Authenticate": "Bearer"}, 401
    if wants_json(request):
        return JSONResponse({"error": error.as_json()}, status_code=status, headers=headers)
    answer = page(request, "error.html", status=status, title=title, error=error)
    answer.headers.update(headers)
    return answer


def ledger_away(request: Request) -> Response:
    """The page while the ledger cannot be read; a browser comes again by itself."""
    error = ConfigError(
        "the ledger does not answer",
        hint="it is locked, or its server is away; this page tries again by itself",
        code="DF3604",
    )
    answer = refusal(request, error, "Not now")
    answer.headers["Refresh"] = "3"
    return answer


def _sign_on_first(request: Request) -> Response:
    if wants_json(request) or request.method not in ("GET", "HEAD"):
        error = AccessError("nobody has signed on", hint="sign on, or send an API token", code="DF3536")
        headers = {"WWW-Authenticate": "Bearer"}
        return JSONResponse({"error": error.as_json()}, status_code=401, headers=headers)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-on?next={quote(back, safe='/')}" if back != "/" else "/sign-on", status_code=303)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
