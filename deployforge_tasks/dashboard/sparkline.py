"""A small curve of downloads by day; a day of which nothing is known is a gap, never a zero."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Daily

_WIDTH, _HEIGHT, _MARGIN = 96, 24, 2


def sparkline(days: Daily | None, what: str) -> Markup:
    """An SVG picture, empty where no day is known.

    Args:
        days: the counts.
        what: what is counted, for those who cannot see it.
    """
    known = [count for count in days.counts if count is not None] if days else []
    if days is None or not known:
        return Markup("")
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(days.counts) - 1)
    top = max(known) or 1
    places = [
        None if count is None else (_MARGIN + step * day, _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * count / top)
        for day, count in enumerate(days.counts)
    ]
    lines = [list(part) for is_known, part in groupby(places, key=lambda place: place is not None) if is_known]
    said = f"{sum(known):,} {what} on {len(known)} of {len(days.counts)} days, at most {max(known):,} on one"
    return Markup(
        '<svg class="spark" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">'
        "<title>{2}</title>{3}</svg>"
    ).format(_WIDTH, _HEIGHT, said, Markup("").join(_line([place for place in part if place]) for part in lines))


def _line(places: list[tuple[float, float]]) -> Markup:
    if len(places) == 1:  # a line of one point would not be seen
        return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="1.5"/>').format(*places[0])
    return Markup('<polyline points="{}"/>').format(" ".join(f"{x:.1f},{y:.1f}" for x, y in places))
