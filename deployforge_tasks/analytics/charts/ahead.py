"""The days to come with their intervals, and the first days of releases side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from deployforge_tasks.analytics.charts.chart import HEIGHT, PALETTE, WIDTH, Cell, Chart, axis, chart, days, told_apart
from deployforge_tasks.analytics.insight import FirstHours, Forecast, Launch
from deployforge_tasks.analytics.series import Daily

_PAST = 90
_MOST_LAUNCHES = 6


def forecast(title: str, past: Daily | None, ahead: Forecast) -> Chart:
    """The last days, what is expected of the next ones, and the ranges that hold them with 80 and 95 %.

    Raises:
        ConfigError: the package that draws is not installed.
    """
    known = [(day, count) for day, count in past or () if day >= ahead.days[0].day - timedelta(days=_PAST)]
    told = [{"day": str(day), "count": count} for day, count in known]
    coming = [
        {"day": str(one.day), "count": one.middle, "a": one.low80, "b": one.high80, "c": one.low95, "d": one.high95}
        for one in ahead.days
    ]
    x = days()
    y = {"field": "count", "type": "quantitative", "axis": axis(f"{ahead.unit} a day", tickCount=5)}

    def band(low: str, high: str, opacity: float) -> dict[str, Any]:
        mark = {"type": "area", "opacity": opacity, "color": PALETTE[0]}
        return {
            "data": {"values": coming},
            "mark": mark,
            "encoding": {"x": x, "y": {**y, "field": low}, "y2": {"field": high}},
        }

    line = {"type": "line", "color": PALETTE[0], "strokeWidth": 2}
    spec = {
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [
            band("c", "d", 0.18),
            band("a", "b", 0.3),
            {"data": {"values": told}, "mark": {**line, "color": "currentColor"}, "encoding": {"x": x, "y": y}},
            {"data": {"values": coming}, "mark": {**line, "strokeDash": [5, 3]}, "encoding": {"x": x, "y": y}},
        ],
    }
    first, last = ahead.days[0], ahead.days[-1]
    words = (
        f"{title}: {first.middle:,.0f} expected on {first.day}, {last.middle:,.0f} on {last.day} "
        f"(80 %: {last.low80:,.0f} to {last.high80:,.0f}, 95 %: {last.low95:,.0f} to {last.high95:,.0f})."
    )
    rows: list[list[Cell]] = [
        [str(one.day), *(round(value, 1) for value in (one.middle, one.low80, one.high80, one.low95, one.high95))]
        for one in ahead.days
    ]
    columns = ("day", "expected", "80 % from", "80 % to", "95 % from", "95 % to")
    return chart(spec, title, words, columns, rows)


def launches(title: str, found: Sequence[Launch]) -> Chart | None:
    """The first days of the newest releases of one platform, from the day of each; None where there is none.

    Raises:
        ConfigError: the package that draws is not installed.
    """
    newest = sorted(found, key=lambda one: one.day)[-_MOST_LAUNCHES:]
    if not newest:
        return None
    values = [
        {"since": place, "count": count, "version": one.version}
        for one in newest
        for place, count in enumerate(one.counts)
    ]
    names = [one.version for one in newest]
    spec = {
        "width": WIDTH,
        "height": HEIGHT,
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 30}},
        "encoding": {
            "x": {"field": "since", "type": "ordinal", "axis": axis("days after the release", labelAngle=0)},
            "y": {"field": "count", "type": "quantitative", "axis": axis(f"{newest[0].unit} a day", tickCount=5)},
            **told_apart("version", names, PALETTE[: len(names)], lines=True),
        },
    }
    sums = [f"{one.version} {_together(one)}" for one in newest]
    longest = max(len(one.counts) for one in newest)
    rows = [
        (place, *(one.counts[place] if place < len(one.counts) else None for one in newest)) for place in range(longest)
    ]
    return chart(spec, title, f"{title}: {', '.join(sums)}.", ("day", *names), rows)


def first_hours(title: str, found: Sequence[FirstHours]) -> Chart | None:
    """The first 24 hours of the newest releases of one platform, with the widest line for the newest one.

    None where nothing is known of any.

    Raises:
        ConfigError: the package that draws is not installed.
    """
    known = [one for one in found if any(one.counts)]
    newest = sorted(known, key=lambda one: one.at, reverse=True)[:_MOST_LAUNCHES]
    if not newest:
        return None
    names = [one.version for one in newest]
    is_newest = f"datum.version === {json.dumps(names[0])}"
    spec = {
        "width": WIDTH,
        "height": HEIGHT,
        "data": {
            "values": [
                {"since": hour, "count": count, "version": one.version}
                for one in newest
                for hour, count in enumerate(one.counts)
            ]
        },
        "mark": {"type": "line", "point": {"size": 20}},
        "encoding": {
            "x": {"field": "since", "type": "quantitative", "axis": axis("hours after the release", tickCount=12)},
            "y": {"field": "count", "type": "quantitative", "axis": axis(str(newest[0].unit), tickCount=5)},
            "strokeWidth": {
                "condition": {"test": is_newest, "value": 4},
                "value": 1.5,
            },
            **told_apart("version", names, PALETTE[: len(names)], lines=True),
        },
    }
    told = ", ".join(f"{one.version} {_after(one)}" for one in newest)
    rows = [(hour, *(one.counts[hour] for one in newest)) for hour in range(len(newest[0].counts))]
    return chart(spec, title, f"{title}: {told}.", ("hour", *names), rows)


def _after(one: FirstHours) -> str:
    hour, count = [(hour, count) for hour, count in enumerate(one.counts) if count is not None][-1]
    return f"{count:,} after {hour} hours"


def _together(launch: Launch) -> str:
    known = [count for count in launch.counts if count is not None]
    return f"{sum(known):,} in {len(known)} {'day' if len(known) == 1 else 'days'}" if known else "not known"
