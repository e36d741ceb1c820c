"""What releasing costs: `/costs`, by platform and by release."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from deployforge_tasks.analytics.charts.ranked import ranked
from deployforge_tasks.dashboard.guard import needs
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.span import CHOICES, SpanAsked
from deployforge_tasks.operations.costs import costs as ask

router = APIRouter(include_in_schema=False, dependencies=[needs("look")])
ENTRY = Entry("Costs", "/costs", order=50, key="c")


@router.get("/costs")
def costs(request: Request, asked: Annotated[SpanAsked, Query()]) -> HTMLResponse:
    """The prices of the configuration, put on what was measured."""
    desk = request.app.state.desk
    span = asked.span(desk.now().date(), usual=90)
    found = ask(desk.loaded, since=span.since, until=span.until, ledger_url=desk.ledger_url)
    bars = [(one.title, one.amounts.total) for one in found.platforms if one.amounts.total]
    chart = ranked(f"Costs from {found.since} to {found.until}", found.currency, bars, form=",.2f")
    return page(request, "costs.html", title="Costs", span=span, spans_of=CHOICES, found=found, chart=chart)
