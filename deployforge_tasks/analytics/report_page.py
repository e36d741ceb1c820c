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
    shares = [(line.title, float(line.count)) for line in report.counts if line.count]
    found = [by_day(report.downloads), ranked("Counts by platform", "in these days", shares)]
    days = {one.platform: one for one in report.downloads.platforms}
    for ahead in report.insights.forecasts if report.insights else ():
        one = days[ahead.platform]
        found.append(forecast(f"{one.title}: the days to come", one.daily, ahead))
    return [chart for chart in found if chart is not None]


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "pages")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
