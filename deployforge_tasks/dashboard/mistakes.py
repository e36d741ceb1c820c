"""What is answered when something is wrong: a page for people, a document for programs, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from deployforge_tasks.core.errors import AccessError, ConfigError, DeployForgeError
from deployforge_tasks.dashboard.gate import ledger_away, refusal, wants_json
from deployforge_tasks.dashboard.guard import NotAllowedError
from deployforge_tasks.dashboard.rendering import page

if TYPE_CHECKING:
    from collections.abc import Callable

#: The codes of errors that say: the ledger knows no such run.
_NO_RUN = ("DF1360", "DF1361")


def install(app: FastAPI) -> None:
    """Let the application answer every mistake."""
    answers: dict[type[Exception], Callable[..., Response]] = {
        DeployForgeError: _error,
        SQLAlchemyError: _ledger_away,
        RequestValidationError: _not_understood,
        HTTPException: _refused,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, answer)


def _ledger_away(request: Request, _: SQLAlchemyError) -> Response:
    return ledger_away(request)


def _error(request: Request, error: DeployForgeError) -> Response:
    if isinstance(error, AccessError):
        title = "You may not do that" if isinstance(error, NotAllowedError) else "That is not allowed"
        return refusal(request, error, title)
    gone = error.code in _NO_RUN
    if wants_json(request):
        return JSONResponse({"error": error.as_json()}, status_code=404 if gone else 422)
    status = 404 if gone else 400 if isinstance(error, ConfigError) else 503
    return page(request, "error.html", status=status, title="No such run" if gone else "That did not work", error=error)


def _not_understood(request: Request, error: RequestValidationError) -> Response:
    """Values in an address or a form that cannot be meant."""
    wrong = [f"{problem['loc'][-1]}: {str(problem['msg']).lower()}" for problem in error.errors()]
    told = ConfigError(
        f"this is not understood: {'; '.join(wrong)[:500]}",
        hint="go back and choose again; an address that was typed by hand may have a slip",
        code="DF3605",
    )
    return _error(request, told)


def _refused(request: Request, error: HTTPException) -> Response:
    """An address where there is nothing, or a method that it does not have."""
    if wants_json(request):
        return JSONResponse({"detail": error.detail}, status_code=error.status_code, headers=error.headers)
    told = ConfigError(
        f"there is no such page: {request.url.path[:200]}" if error.status_code == 404 else str(error.detail),
        hint="the navigation above leads to every page that there is",
        code="DF3606",
    )
    title = "No such page" if error.status_code == 404 else "That did not work"
    return page(request, "error.html", status=error.status_code, title=title, error=told)
