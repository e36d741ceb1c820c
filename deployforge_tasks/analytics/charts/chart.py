"""What a chart is, and how all of them look: readable on a light and on a dark page, without colour too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from deployforge_tasks.analytics.charts.render import MEASURED_WITH, draw

Spec = Mapping[str, Any]
Cell = str | int | float | None

#: Each with at least 3:1 against #ffffff and #1b1f23 (https://www.w3.org/WAI/WCAG22/Understanding/non-text-contrast.html).
#: People without one kind of cones tell neighbours apart, and any two of the first four. The last one is for the rest.
PALETTE = ("#37718c", "#975d00", "#1ea873", "#b07cd9", "#3e8249", "#a350a8", "#c4890a", "#4569c9", "#84888d")
#: Lines are told apart without colours, too.
DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 2], [3, 1], [1, 0])
#: Series that are drawn by themselves; the rest is one.
MOST_SERIES = 8
OTHER = "other"
WIDTH, HEIGHT = 860, 280


@dataclass(frozen=True)
class Plot:
    """Where a chart draws its days, in units of its SVG, so that a page can tell which one somebody points at.

    There are `bars` of the same width, each of `step` days (the last one ends with the day `last`), from `first` on.
    """

    first: date
    last: date
    step: int
    bars: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """A picture with what it shows.

    Fields: `svg` to be put into a page; `title` and `description` say in words what is to be seen; `columns` and `rows`
    are the same numbers as a table (None is not known); `plot` is where its days are, if it has any.
    """

    svg: str
    title: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    plot: Plot | None = None


def chart(spec: Spec, title: str, description: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Chart:
    """Draw a specification.

    Raises:
        ConfigError: the package that draws is not installed.
    """
    whole = {"config": _LOOK, **spec}
    svg = draw(whole, title, description)
    return Chart(svg, title, description, tuple(columns), tuple(tuple(row) for row in rows))


def plot_of(svg: str, first: date, last: date, step: int, bars: int) -> Plot:
    """Where days are drawn over the whole width of a picture: behind its axis, which the first group makes room for."""
    left, top = map(float, re.findall(r'transform="translate\(([\d.]+),([\d.]+)\)"', svg)[0])
    return Plot(first, last, step, bars, left, top, WIDTH, HEIGHT)


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with a title, or none."""
    return {"title": title or None, **more}


def days(field: str = "day", within: tuple[datetime, datetime] | None = None) -> dict[str, Any]:
    """The place of a day on an axis: days are UTC's, wherever the drawing is made.

    Args:
        field: that holds it.
        within: the moments at both ends of the axis; None: the first and the last day.
    """
    domain = {"domain": [at.isoformat() for at in within], "nice": False} if within else {}
    return {
        "field": field,
        "type": "temporal",
        "scale": {"type": "utc", **domain},
        "axis": axis(format="%d %b", labelOverlap=True),
    }


def told_apart(field: str, names: Sequence[str], colours: Sequence[str], *, lines: bool) -> dict[str, Any]:
    """Series told apart by colour, lines by dashes too."""
    legend = {"symbolType": "stroke", "symbolSize": 400, "symbolStrokeWidth": 2} if lines else {}
    one = {"field": field, "type": "nominal", "title": None, "legend": legend}
    found = {"color": {**one, "scale": {"domain": list(names), "range": list(colours)}}}
    if lines:
        found["strokeDash"] = {**one, "scale": {"domain": list(names), "range": list(DASHES[: len(names)])}}
    return found


_INK = "currentColor"
_LOOK: Spec = {
    "background": None,
    "padding": {"left": 16, "right": 12, "top": 6, "bottom": 6},  # the reader's font may be wider than the measured one
    "font": MEASURED_WITH,
    "view": {"stroke": None},
    "range": {"category": list(PALETTE)},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "domainColor": _INK,
        "tickColor": _INK,
        "gridColor": _INK,
        "domainOpacity": 0.4,
        "tickOpacity": 0.4,
        "gridOpacity": 0.12,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelSeparation": 8,
    },
    "legend": {"labelColor": _INK, "titleColor": _INK, "labelFontSize": 12, "symbolSize": 120, "orient": "bottom"},
    "text": {"color": _INK, "fontSize": 11},
    "rule": {"color": _INK},
}
