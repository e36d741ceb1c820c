"""A report as one HTML file that needs no network: its styles and charts are in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deployforge_tasks.analytics.charts.ahead import forecast
from deployforge_tasks.analytics.charts.by_day import by_day
from deployforge_tasks.analytics.charts.chart import Chart
from deployforge_tasks.analytics.charts.ranked import ranked
from deployforge_tasks.analytics.report import Report, summary
from deployforge_tasks.core.errors import ConfigError


def html(report: Report) -> str:
    """The report as a page; charts are left out, with a line that says so, where what draws them is missing."""
    charts: list[Chart] = []
    left_out = list(report.left_out)
    try:
        charts = _charts(report)
    except ConfigError as error:
        left_out.append(f"{error.message}; {error.hint}")
    page = _environment().get_template("report.html")
    return page.render(report=report, summary="; ".join(summary(report)), charts=charts, left_out=left_out)


def _charts(report: Report) -> list[Chart]:
    found: list[Chart | None] = []
    for one in report.units:
        (unit,) = {platform.unit for platform in one.platforms}
        bars = [(line.title, float(line.count)) for line in report.counts if line.count and line.unit is unit]
        found += [by_day(one), ranked(f"{unit.capitalize()} by platform", unit, bars) if len(bars) > 1 else None]
    known = {one.platform: one for one in report.downloads.platforms}
    for ahead in report.insights.forecasts if report.insights else ():
        platform = known[ahead.platform]
        found.append(forecast(f"{platform.title}: the days to come", platform.daily, ahead))
    return [chart for chart in found if chart is not None]


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "pages")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
