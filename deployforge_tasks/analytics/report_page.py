"""A report as one HTML file that needs no network: its styles and charts are in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deployforge_tasks.analytics.charts.ahead import first_hours, forecast, launches
from deployforge_tasks.analytics.charts.by_day import by_day
from deployforge_tasks.analytics.charts.chart import Chart
from deployforge_tasks.analytics.charts.ranked import ranked
from deployforge_tasks.analytics.report import Report, summary
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.markup import code


def html(report: Report) -> str:
    """The report as a page; charts are left out, with a line that says so, where what draws them is missing."""
    charts: dict[str, list[Chart]] = {"counts": [], "ahead": [], "costs": []}
    left_out = list(report.left_out)
    try:
        charts = {"counts": [*_counts(report)], "ahead": [*_ahead(report)], "costs": [*_costs(report)]}
    except ConfigError as error:
        left_out.append(f"{error.message}; {error.hint}")
    page = _environment().get_template("report.html")
    return page.render(report=report, summary="; ".join(summary(report)), charts=charts, left_out=left_out)


def _counts(report: Report) -> Iterator[Chart]:
    for one in report.units:
        (unit,) = {platform.unit for platform in one.platforms}
        bars = [(line.title, float(line.count)) for line in report.counts if line.count and line.unit is unit]
        shares = ranked(f"{unit.capitalize()} by platform", unit, bars) if len(bars) > 1 else None
        yield from filter(None, [by_day(one), shares])


def _ahead(report: Report) -> Iterator[Chart]:
    """What comes next, and how releases began where there are two to compare."""
    found = report.insights
    known = {one.platform: one for one in report.downloads.platforms}
    for ahead in found.forecasts if found else ():
        platform = known[ahead.platform]
        yield forecast(f"{platform.title}: the days to come", platform.daily, ahead)
    for name, platform in known.items():
        launched = [one for one in (found.launches if found else ()) if one.platform == name]
        first_days = launches(f"{platform.title}: first days of each release", launched) if len(launched) > 1 else None
        hours = [one for one in (found.first_hours if found else ()) if one.platform == name]
        first_day = first_hours(f"{platform.title}: first 24 hours of each release", hours)
        yield from filter(None, (first_days, first_day))


def _costs(report: Report) -> Iterator[Chart]:
    bars = [(one.title, one.amounts.total) for one in report.costs.platforms if one.amounts.total]
    spent = ranked("Costs by platform", report.costs.currency, bars, form=",.2f") if len(bars) > 1 else None
    if spent is not None:
        yield spent


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "pages")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(code=code)
    return made
