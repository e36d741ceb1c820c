"""What other programs show of a release: badges, metrics, a feed, and a sign of life."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from deployforge_tasks.dashboard import feed, metrics
from deployforge_tasks.dashboard.badge import badge
from deployforge_tasks.dashboard.glance import glance
from deployforge_tasks.dashboard.guard import needs

router = APIRouter(include_in_schema=False)


@router.get("/badge.svg", dependencies=[needs("look")])
def whole(request: Request) -> Response:
    """How the newest run is."""
    found = glance(request)
    if found.run is None:
        return _badge(request, found.project, "queued", found.wanted)
    return _badge(request, found.project, found.run.outcome or found.run.state, found.run.version)


@router.get("/badge/{platform}.svg", dependencies=[needs("look")])
def one(request: Request, platform: str) -> Response:
    """How a platform is."""
    found = next((row for row in glance(request).rows if row.platform == platform), None)
    if found is None:
        return Response(badge(platform[:50], "not known"), status_code=404, media_type="image/svg+xml")
    return _badge(request, found.title, found.state, found.live or found.wanted)


@router.get("/metrics", dependencies=[needs("look")])
def measured(request: Request) -> Response:
    """The metrics."""
    text = metrics.metrics(glance(request), request.app.state.desk.downloads(), request.app.state.hub.watchers)
    return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE})


@router.get("/feed.xml", dependencies=[needs("look")])
def releases(request: Request) -> Response:
    """The releases."""
    desk = request.app.state.desk
    address = (desk.loaded.project.dashboard.url or str(request.base_url)).rstrip("/") + "/"
    text = feed.feed(desk.project, desk.downloads().releases, address, desk.now())
    return Response(text, headers={"Content-Type": feed.CONTENT_TYPE})


@router.get("/healthz")
def alive(request: Request) -> Response:
    """Whether the dashboard and its ledger answer; tells strangers nothing else."""
    try:
        request.app.state.desk.reader.unfinished(request.app.state.desk.project)
    except (SQLAlchemyError, OSError):
        return JSONResponse({"status": "the ledger does not answer"}, status_code=503)
    return JSONResponse({"status": "ok"})


def _badge(request: Request, label: str, state: str, version: str) -> Response:
    text = badge(label, state, version)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="image/svg+xml", headers=headers)
