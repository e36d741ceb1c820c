"""The application: every page, the event stream and the JSON API, for one project."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.datastructures import MutableHeaders

from deployforge_tasks import __version__
from deployforge_tasks.dashboard import mistakes
from deployforge_tasks.dashboard.collecting import Collecting
from deployforge_tasks.dashboard.door import Door
from deployforge_tasks.dashboard.forms import came_from
from deployforge_tasks.dashboard.gate import Gate
from deployforge_tasks.dashboard.known_insights import KnownInsights
from deployforge_tasks.dashboard.last_look import LastLook
from deployforge_tasks.dashboard.navigation import modules
from deployforge_tasks.dashboard.question import Question
from deployforge_tasks.dashboard.rendering import STATIC, THEMES
from deployforge_tasks.dashboard.stream import Hub
from deployforge_tasks.operations.doctor import doctor
from deployforge_tasks.operations.notify import try_channels
from deployforge_tasks.operations.whoami import whoami

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from deployforge_tasks.dashboard.desk import Desk

#: No third-party code, no inline script or style: whatever gets into a page as text stays text.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_YEAR = 365 * 24 * 3600


def create_app(desk: Desk, door: Door | None = None) -> FastAPI:
    """The dashboard over a desk, which the caller closes.

    Args:
        desk: the project.
        door: the way in; None: as the configuration says.

    Raises:
        ConfigError: it would be open to everybody.
    """
    door = door or Door(desk)
    app = FastAPI(
        title="DeployForge",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_living,
    )
    app.state.desk = desk
    app.state.last_look = LastLook(desk)
    app.state.hub = Hub(desk, app.state.last_look)
    app.state.collecting = Collecting(desk)
    app.state.known_insights = KnownInsights(desk)
    app.state.doctor = Question(desk, lambda: doctor(desk.settings, ledger_url=desk.ledger_url))
    app.state.accounts = Question(desk, lambda: whoami(desk.loaded))
    app.state.channels = Question(desk, lambda: try_channels(desk.loaded, ledger_url=desk.ledger_url))
    app.state.door = door
    app.add_middleware(Gate, door=door)
    app.add_middleware(_Headers)
    app.add_api_route("/static/{version}/{name:path}", _static, include_in_schema=False)
    app.add_api_route("/theme/{name}", _theme, methods=["POST"], include_in_schema=False)
    mistakes.install(app)
    for module in modules():
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    app.state.collecting.start()
    try:
        yield
    finally:
        app.state.collecting.stop()


class _Headers:
    """Says with every answer what a browser may do with it. Not a function: that would copy every piece of a stream."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


def _static(version: str, name: str) -> Response:
    file = (STATIC / name).resolve()
    if not file.is_file() or STATIC.resolve() not in file.parents:
        return Response(status_code=404)
    return FileResponse(file, headers={"Cache-Control": f"public, max-age={_YEAR}, immutable"})


def _theme(request: Request, name: str) -> Response:
    back = RedirectResponse(came_from(request), status_code=303)
    if name in THEMES:
        back.set_cookie("theme", name, max_age=_YEAR, samesite="lax", httponly=True)
    return back
