"""What the numbers say: `/insights`, statements with their evidence."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.analytics.charts.ahead import first_hours, forecast, launches
from deployforge_tasks.analytics.charts.chart import Chart
from deployforge_tasks.analytics.insight import FirstHours, Insight, Insights, Launch
from deployforge_tasks.analytics.series import PlatformDownloads
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.span import CHOICES, Span, SpanAsked, address
from deployforge_tasks.operations.insights import USUAL_DAYS
from deployforge_tasks.operations.stats import downloads

router = APIRouter(include_in_schema=False, dependencies=[needs("look")])
ENTRY = Entry("Insights", "/insights", order=40, key="i")
#: Days that are shown before and after those of a statement.
_BESIDE = timedelta(days=14)


@router.get("/insights")
def insights(request: Request, asked: Annotated[SpanAsked, Query()]) -> HTMLResponse:
    """Statements, the weightiest first, and what is not known.

    The usual year is looked for in the background, and the page keeps itself fresh; other periods are waited for.
    """
    desk, known = request.app.state.desk, request.app.state.known_insights
    span = asked.span(desk.now().date(), usual=USUAL_DAYS)
    found, missing, charts = None, None, []
    try:
        found = known.kept(span.until) if span.length == USUAL_DAYS else None
        if found is None and not known.asking:
            found = known.of(span.since, span.until)
        if found is not None:
            known_days = downloads(desk.loaded, span.since, span.until, ledger_url=desk.ledger_url)
            charts = _charts(found, known_days.platforms)
    except ConfigError as error:  # the packages that it needs are an extra
        missing = error
    return page(
        request,
        "insights.html",
        title="Insights",
        span=span,
        spans_of=CHOICES,
        found=found,
        missing=missing,
        charts=charts,
        around=_around,
    )


def _around(one: Insight) -> str:
    """The downloads page with the days of a statement, and two weeks on both sides of them."""
    if one.days is None:
        return ""
    first, last = one.days
    return address("/analytics", Span(first - _BESIDE, last + _BESIDE, None))


def _charts(found: Insights, known: tuple[PlatformDownloads, ...]) -> list[Chart]:
    days = {one.platform: one for one in known}
    titles = {name: one.title for name, one in days.items()}
    made: list[Chart | None] = [
        forecast(f"{titles.get(one.platform, one.platform)}: the days to come", days[one.platform].daily, one)
        for one in found.forecasts
        if one.platform in days
    ]
    made += [
        launches(f"{titles.get(name, name)}: first days of each release", [*launched])
        for name, launched in groupby(sorted(found.launches, key=_platform), key=_platform)
    ]
    made += [
        first_hours(f"{titles.get(name, name)}: first 24 hours of each release", [*hours])
        for name, hours in groupby(sorted(found.first_hours, key=_platform), key=_platform)
    ]
    return [chart for chart in made if chart is not None]


def _platform(one: Launch | FirstHours) -> str:
    return one.platform
