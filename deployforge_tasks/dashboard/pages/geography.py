"""Where downloads come from: `/geography`, as far as a source tells it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.analytics.charts.chart import Chart
from deployforge_tasks.analytics.charts.ranked import ranked
from deployforge_tasks.analytics.periods import sizes
from deployforge_tasks.analytics.series import PlatformDownloads
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.span import CHOICES, SpanAsked
from deployforge_tasks.operations.platforms import counts
from deployforge_tasks.operations.stats import downloads

router = APIRouter(include_in_schema=False, dependencies=[needs("look")])
ENTRY = Entry("Geography", "/geography", order=60)
_USUAL = 90


@router.get("/geography")
def geography(request: Request, asked: Annotated[SpanAsked, Query()]) -> HTMLResponse:
    """Countries, of the platforms whose source tells them."""
    desk = request.app.state.desk
    span = asked.span(desk.now().date(), usual=_USUAL)
    found = downloads(desk.loaded, span.since, span.until, ledger_url=desk.ledger_url)
    told = [(one, _countries(one)) for one in found.platforms if one.countries]
    silent = [(one, counts(one.platform)) for one in found.platforms if not one.countries]
    return page(request, "geography.html", title="Geography", span=span, spans_of=CHOICES, told=told, silent=silent)


def _countries(one: PlatformDownloads) -> Chart | None:
    bars = [(part.name, float(size)) for part, size in zip(one.countries, sizes(one.countries), strict=True)]
    unit = next((str(part.level.unit) for part in one.countries if part.level), str(one.unit))
    return ranked(f"{one.title} by country", unit, bars)
