"""Ranked bars: platforms, countries, costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deployforge_tasks.analytics.charts.chart import PALETTE, WIDTH, Chart, axis, chart

_MOST = 20
_ROW = 26


def ranked(title: str, unit: str, bars: Sequence[tuple[str, float]], *, form: str = ",.0f") -> Chart | None:
    """Names with their amounts, the largest first; None where there is none.

    Args:
        title: of the chart.
        unit: what an amount is.
        bars: name and amount; the twenty largest are drawn, all of them are in the table.
        form: how amounts are written (https://d3js.org/d3-format).

    Raises:
        ConfigError: the package that draws is not installed.
    """
    ordered = sorted(bars, key=lambda bar: (-bar[1], bar[0]))
    if not ordered:
        return None
    whole = sum(amount for _, amount in ordered)
    values = [{"name": name, "amount": amount} for name, amount in ordered[:_MOST]]
    y = {"field": "name", "type": "nominal", "sort": None, "axis": axis(ticks=False, domain=False, labelLimit=220)}
    x = {"field": "amount", "type": "quantitative", "axis": axis(unit, tickCount=5)}
    label = {"type": "text", "align": "left", "dx": 4}
    spec: dict[str, Any] = {
        "width": WIDTH - 120,
        "height": {"step": _ROW},
        "data": {"values": values},
        "encoding": {"y": y, "x": x},
        "layer": [
            {"mark": {"type": "bar", "color": PALETTE[0], "cornerRadiusEnd": 2}},
            {"mark": label, "encoding": {"text": {"field": "amount", "type": "quantitative", "format": form}}},
        ],
    }
    shares = [f"{name} {amount:,.0f}" for name, amount in ordered[:5]]
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    rows = [(name, round(amount, 2), round(100 * amount / whole, 1) if whole else None) for name, amount in ordered]
    return chart(spec, title, f"{title}, in {unit}: {', '.join(shares)}{more}.", ("name", unit, "part in %"), rows)
