"""Downloads: `/analytics`, by day and by platform, version or target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deployforge_tasks.analytics.charts.by_day import By, Form, by_day
from deployforge_tasks.analytics.charts.chart import Chart
from deployforge_tasks.dashboard.forms import Form as Sent
from deployforge_tasks.dashboard.forms import own_path
from deployforge_tasks.dashboard.guard import needs, note
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.span import CHOICES, SpanAsked, address
from deployforge_tasks.operations.download_table import DownloadTable, download_table, downloads_csv
from deployforge_tasks.operations.insights import unusual

router = APIRouter(include_in_schema=False)
ENTRY = Entry("Downloads", "/analytics", order=30, key="a")


class Asked(SpanAsked):
    """The query of the page: days, what the series are, and how they are drawn."""

    by: By = "platform"
    form: Form = "stacked"
    mean: Literal["", "1"] = ""


@router.get("/analytics", dependencies=[needs("look")])
def analytics(request: Request, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """Downloads of a period, what they are compared with, and what is not known of them."""
    state = request.app.state
    desk = state.desk
    span = asked.span(desk.now().date())
    table = download_table(desk.loaded, span.since, span.until, ledger_url=desk.ledger_url)
    counted = any(row.known.daily for row in table.rows)
    choices = {"by": asked.by, "form": asked.form, "mean": asked.mean}
    return page(
        request,
        "analytics.html",
        title="Downloads",
        table=table,
        span=span,
        spans_of=CHOICES,
        asked=asked,
        link=lambda **more: address("/analytics", span, **{**choices, **more}),
        here=address("/analytics", span, **choices),
        charts=list(_charts(table, asked)),
        collecting=state.collecting.now,
        found=state.known_insights.kept(span.until) if counted else None,
        noticed=state.known_insights,
        unusual=unusual,
    )


@router.get("/analytics/unusual", dependencies=[needs("look")])
def out_of_the_ordinary(request: Request, asked: Annotated[SpanAsked, Query()]) -> HTMLResponse:
    """What was out of the ordinary, by itself: asked again until it is known, it must be a small page."""
    state = request.app.state
    span = asked.span(state.desk.now().date())
    return page(
        request,
        "unusual.html",
        title="Out of the ordinary",
        span=span,
        collecting=state.collecting.now,
        found=state.known_insights.kept(span.until),
        noticed=state.known_insights,
        unusual=unusual,
    )


def _charts(table: DownloadTable, asked: Asked) -> Iterator[Chart]:
    """One for each unit: pulls are never stacked on downloads."""
    found = table.downloads
    for unit in dict.fromkeys([*(total.unit for total in table.totals), *(one.unit for one in found.platforms)]):
        mine = tuple(one for one in found.platforms if one.unit is unit)
        drawn = by_day(replace(found, platforms=mine), form=asked.form, by=asked.by, mean=bool(asked.mean))
        if drawn is not None:
            yield drawn


@router.get("/analytics.csv", dependencies=[needs("look")])
def as_csv(request: Request, asked: Annotated[SpanAsked, Query()]) -> Response:
    """Every day and part of the period, as CSV."""
    desk = request.app.state.desk
    span = asked.span(desk.now().date())
    name = f"downloads-{span.since}-{span.until}.csv"
    return Response(
        downloads_csv(desk.loaded, span.since, span.until, ledger_url=desk.ledger_url),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/analytics/collect", dependencies=[needs("retry")])
def collect_now(request: Request, form: Sent) -> Response:
    """Ask every platform now, without waiting for them."""
    request.app.state.collecting.now.begin()
    note(request, "collect", subject="downloads", outcome="done")
    return RedirectResponse(own_path(form.get("back", "/analytics")), status_code=303)
