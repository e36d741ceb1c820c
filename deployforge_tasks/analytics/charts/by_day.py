"""Downloads by day: stacked, as lines, or as parts of a hundred."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from deployforge_tasks.analytics.charts.chart import (
    HEIGHT,
    MOST_SERIES,
    OTHER,
    PALETTE,
    WIDTH,
    Cell,
    Chart,
    axis,
    chart,
    plot_of,
    told_apart,
)
from deployforge_tasks.analytics.charts.chart import days as on_days
from deployforge_tasks.analytics.periods import gaps
from deployforge_tasks.analytics.series import Daily, Downloads, PlatformDownloads, Released
from deployforge_tasks.core.downloads import Unit

Form = Literal["stacked", "lines", "percent"]
By = Literal["platform", "version", "target"]
#: More days than this are drawn as weeks, more weeks as months.
_MOST_BUCKETS = 120
_SIZES = (1, 7, 30)
_MOST_MARKS = 12
_MOST_REASONS = 3
#: Pixels that the name of a release needs.
_NAME = 44


@dataclass(frozen=True)
class Curve:
    """One series: a name, what is known of each day (None is not known), and why not."""

    name: str
    counts: tuple[int | None, ...]
    reasons: frozenset[str] = frozenset()

    @property
    def total(self) -> int:
        return sum(count or 0 for count in self.counts)


def by_day(found: Downloads, *, form: Form = "stacked", by: By = "platform", mean: bool = False) -> Chart | None:
    """Downloads by day; None where no day of the period is known.

    Args:
        found: what is known.
        form: how the series are drawn.
        by: what the series are.
        mean: draw the mean of each day and the six before it (lines only).

    Raises:
        ConfigError: the package that draws is not installed.
    """
    curves = _few(_curves(found, by))
    if not curves:
        return None
    size = next((size for size in _SIZES if (found.until - found.since).days < size * _MOST_BUCKETS), _SIZES[-1])
    smooth = mean and form == "lines" and size == 1
    drawn = [(curve.name, _smooth(curve.counts) if smooth else _means(curve.counts, size)) for curve in curves]
    days = [found.since + timedelta(days=size * number) for number in range(len(drawn[0][1]))]
    title = f"{_what(found)} by {by}, {found.since} to {found.until}"
    columns = ("day" if size == 1 else f"{size} days from", *(name for name, _ in drawn))
    rows: list[list[Cell]] = [
        [str(day), *(_round(values[place]) for _, values in drawn)] for place, day in enumerate(days)
    ]
    spec = _spec(days, drawn, form, _marks(found.releases, found.since, found.until), _unit(size, smooth))
    made = chart(spec, title, _words(curves, found), columns, rows)
    return replace(made, plot=plot_of(made.svg, found.since, found.until, size, len(days)))


def _what(found: Downloads) -> str:
    units = {platform.unit for platform in found.platforms if platform.daily}
    return str(units.pop() if len(units) == 1 else Unit.DOWNLOADS).capitalize()


def _curves(found: Downloads, by: By) -> list[Curve]:
    days = (found.until - found.since).days + 1
    sums: dict[str, list[int | None]] = {}
    reasons: dict[str, set[str]] = {}
    for platform in found.platforms:
        for name, daily in _parts(platform, by):
            values = sums.setdefault(name, [None] * days)
            reasons.setdefault(name, set()).update(gap.reason for gap in gaps(daily))
            for day, count in daily:
                place = (day - found.since).days
                if count is not None and 0 <= place < days:
                    values[place] = (values[place] or 0) + count
    curves = [Curve(name, tuple(values), frozenset(reasons[name])) for name, values in sums.items()]
    return [curve for curve in curves if any(count is not None for count in curve.counts)]


def _parts(platform: PlatformDownloads, by: By) -> Iterable[tuple[str, Daily]]:
    if by == "platform":
        return [(platform.title, platform.daily)] if platform.daily else []
    slices = platform.versions if by == "version" else platform.targets
    return [(part.name, part.daily) for part in slices if part.daily]


def _few(curves: Sequence[Curve]) -> list[Curve]:
    """The largest, and the rest as one; a day of which none of them is known stays unknown."""
    ordered = sorted(curves, key=lambda curve: (-curve.total, curve.name))
    if len(ordered) <= MOST_SERIES:
        return ordered
    small = ordered[MOST_SERIES:]
    rest = [_added(counts) for counts in zip(*(curve.counts for curve in small), strict=True)]
    return [*ordered[:MOST_SERIES], Curve(OTHER, tuple(rest), frozenset().union(*(curve.reasons for curve in small)))]


def _added(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _means(counts: Sequence[int | None], size: int) -> list[float | None]:
    return [_mean(counts[start : start + size]) for start in range(0, len(counts), size)]


def _smooth(counts: Sequence[int | None]) -> list[float | None]:
    weeks = [counts[max(0, place - 6) : place + 1] for place in range(len(counts))]
    return [_mean(week) if week[-1] is not None else None for week in weeks]


def _mean(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) / len(known) if known else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _marks(releases: Sequence[Released], since: date, until: date) -> list[dict[str, str]]:
    """The newest releases; one whose name would be written over a newer one's has none, but for its line."""
    a_day = WIDTH / ((until - since).days + 1)
    marks: list[dict[str, str]] = []
    taken = float("inf")
    for one in reversed(_newest(releases, since, until)):
        place = a_day * (_day(one) - since).days
        named = taken - place >= _NAME
        taken = place if named else taken
        marks.append({"day": str(_day(one)), "version": one.version if named else ""})
    return marks


def _newest(releases: Sequence[Released], since: date, until: date) -> list[Released]:
    inside = [one for one in releases if since <= _day(one) <= until]
    return sorted(inside, key=lambda one: one.at)[-_MOST_MARKS:]


def _day(released: Released) -> date:
    return released.at.astimezone(UTC).date()


def _unit(size: int, smooth: bool) -> str:
    if smooth:
        return "a day, mean of 7 days"
    return "a day" if size == 1 else f"a day, mean of {size} days"


def _spec(
    days: Sequence[date],
    drawn: Sequence[tuple[str, Sequence[float | None]]],
    form: Form,
    marks: Sequence[Mapping[str, str]],
    unit: str,
) -> dict[str, Any]:
    values = [
        {
            "day": _middle(days, place).isoformat(),
            "count": _round(counts[place]),
            "series": name,
            "order": number,
        }
        for number, (name, counts) in enumerate(drawn)
        for place in range(len(days))
    ]
    names = [name for name, _ in drawn]
    colours = [PALETTE[-1] if name == OTHER else PALETTE[number] for number, name in enumerate(names)]
    ends = _ends(days)
    series: dict[str, Any] = {
        "x": on_days(within=ends),
        "y": {"field": "count", "type": "quantitative", "axis": axis(unit, tickCount=5)},
        **told_apart("series", names, colours, lines=form == "lines"),
    }
    if form == "lines":
        mark: dict[str, Any] = {
            "type": "line",
            "aria": False,
            "strokeWidth": 2,
            "point": {"size": 12} if len(days) < 32 else False,
        }
    else:
        mark = {"type": "bar", "aria": False, "width": max(1.0, 0.86 * WIDTH / len(days))}
        series["order"] = {"field": "order", "type": "quantitative"}
        series["y"]["stack"] = "normalize" if form == "percent" else "zero"
        if form == "percent":
            series["y"]["axis"] = axis("part of all", format="%", tickCount=5)
    layers: list[dict[str, Any]] = [{"data": {"values": values}, "mark": mark, "encoding": series}]
    shade = [] if form == "lines" else _shaded(days, drawn)
    return {"width": WIDTH, "height": HEIGHT, "layer": [*shade, *layers, *_releases(marks, ends)]}


def _ends(days: Sequence[date]) -> tuple[datetime, datetime]:
    """From half a bar before the first one to half a bar behind the last one: each has the same room."""
    half = _bar(days) / 2
    return _middle(days, 0) - half, _middle(days, len(days) - 1) + half


def _bar(days: Sequence[date]) -> timedelta:
    return days[1] - days[0] if len(days) > 1 else timedelta(days=1)


def _middle(days: Sequence[date], place: int) -> datetime:
    """Where a bar stands: on the one in the middle of its days, each of which is drawn at its midnight."""
    return datetime.combine(days[place], time(), UTC) + (_bar(days) - timedelta(days=1)) / 2


def _shaded(days: Sequence[date], drawn: Sequence[tuple[str, Sequence[float | None]]]) -> list[dict[str, Any]]:
    """A shade behind days on which a series that had begun is not known: a low stack there is no drop."""
    places = {place for _, counts in drawn for place in _unknown_since_begun(counts)}
    if not places:
        return []
    half = _bar(days) / 2
    middles = [_middle(days, place) for place in sorted(places)]
    values = [{"from": (at - half).isoformat(), "to": (at + half).isoformat()} for at in middles]
    mark = {"type": "rect", "aria": False, "opacity": 0.13, "color": "currentColor"}
    x = on_days("from", _ends(days))
    return [{"data": {"values": values}, "mark": mark, "encoding": {"x": x, "x2": {"field": "to"}}}]


def _unknown_since_begun(counts: Sequence[float | None]) -> list[int]:
    begin = next(place for place, count in enumerate(counts) if count is not None)
    return [place for place, count in enumerate(counts) if count is None and place > begin]


def _releases(marks: Sequence[Mapping[str, str]], ends: tuple[datetime, datetime]) -> list[dict[str, Any]]:
    if not marks:
        return []
    x = on_days(within=ends)
    rule = {"type": "rule", "strokeDash": [3, 3], "opacity": 0.5, "aria": False}
    text = {"type": "text", "y": -7, "fontSize": 10, "aria": False}
    return [
        {"data": {"values": list(marks)}, "mark": rule, "encoding": {"x": x}},
        {"data": {"values": list(marks)}, "mark": text, "encoding": {"x": x, "text": {"field": "version"}}},
    ]


def _words(curves: Sequence[Curve], found: Downloads) -> str:
    parts = [f"{curve.name} {curve.total:,}" for curve in curves]
    sentences = [f"{_what(found)} from {found.since} to {found.until}: {', '.join(parts)}"]
    if gaps := [gap for curve in curves if (gap := _gap(curve))]:
        sentences.append("; ".join(gaps))
    if released := [f"{one.version} on {_day(one)}" for one in _newest(found.releases, found.since, found.until)]:
        sentences.append(f"Released: {', '.join(released)}")
    return " ".join(f"{sentence}." for sentence in sentences)


def _gap(curve: Curve) -> str:
    lost = sum(count is None for count in curve.counts)
    told = sorted(filter(None, curve.reasons))
    more = [f"{len(told) - _MOST_REASONS} other reasons"] if len(told) > _MOST_REASONS else []
    why = f" ({', '.join([*told[:_MOST_REASONS], *more])})" if told else ""
    return f"{curve.name}: nothing is known of {lost} {'day' if lost == 1 else 'days'}{why}" if lost else ""
