"""Downloads: `/analytics`, by day and by platform, version or target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deployforge_tasks.analytics.charts.by_day import By, Form, by_day
from deployforge_tasks.analytics.periods import change, period
from deployforge_tasks.analytics.series import PlatformDownloads
from deployforge_tasks.core.downloads import Unit
from deployforge_tasks.dashboard.guard import needs, note
from deployforge_tasks.dashboard.navigation import Entry
from deployforge_tasks.dashboard.rendering import page
from deployforge_tasks.dashboard.span import CHOICES, SpanAsked, address
from deployforge_tasks.operations.stats import downloads

router = APIRouter(include_in_schema=False)
ENTRY = Entry("Downloads", "/analytics", order=30, key="a")


class Asked(SpanAsked):
    """The query of the page: days, what the series are, and how they are drawn."""

    by: By = "platform"
    form: Form = "stacked"
    mean: Literal["", "1"] = ""


@router.get("/analytics", dependencies=[needs("look")])
def analytics(request: Request, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """Downloads of a period with those before it."""
    desk = request.app.state.desk
    span = asked.span(desk.now().date())
    found = downloads(desk.loaded, span.since, span.until, ledger_url=desk.ledger_url)
    earlier = downloads(desk.loaded, span.before.since, span.before.until, ledger_url=desk.ledger_url)
    old = {one.platform: one.daily for one in earlier.platforms}
    choices = {"by": asked.by, "form": asked.form, "mean": asked.mean}
    return page(
        request,
        "analytics.html",
        title="Downloads",
        found=found,
        span=span,
        spans_of=CHOICES,
        sums=_sums(found.platforms),
        asked=asked,
        link=lambda **more: address("/analytics", span, **{**choices, **more}),
        period=period,
        changes={one.platform: change(old.get(one.platform), one.daily) for one in found.platforms},
        chart=by_day(found, form=asked.form, by=asked.by, mean=bool(asked.mean)),
        collecting=request.app.state.collecting.working,
    )


def _sums(platforms: Iterable[PlatformDownloads]) -> Counter[Unit]:
    """What all platforms that count the same have together."""
    sums: Counter[Unit] = Counter()
    for one in platforms:
        sums[one.unit] += period(one.daily).count or 0
    return sums


@router.post("/analytics/collect", dependencies=[needs("retry")])
def collect_now(request: Request) -> Response:
    """Ask every platform now, without waiting for them."""
    request.app.state.collecting.now()
    note(request, "collect", subject="downloads", outcome="done")
    return RedirectResponse("/analytics", status_code=303)
