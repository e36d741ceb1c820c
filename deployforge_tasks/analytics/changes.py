"""Days and weeks far from what was to be expected, with what the ledger knows of that time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.claims import LIKELY, Answers, confidence, number, too_short
from deployforge_tasks.analytics.frame import Frame
from deployforge_tasks.analytics.insight import Confidence, Fact, Insight, Kind
from deployforge_tasks.analytics.model import fit

if TYPE_CHECKING:
    from deployforge_tasks.analytics.frame import Numbers

#: Days of history that an expectation needs, and the days before each day that set its level.
NEEDED = 56
_LEVEL = 28
#: A day alone, some days, a week.
_SPANS = (1, 3, 7)
#: How many times more or less than expected is worth a sentence.
_WORTH = 1.8
_NORMAL_MAD = 0.6745
#: The part of spans that tells how much counts vary, what is left of a normal variance without the others, and a
#: margin for tails that are longer than that.
_ORDINARY, _KEPT, _MARGIN = 0.75, 0.37, 1.4
#: The chance of a day beside a change from which on it belongs to it.
_EDGE = 0.02
#: Tells what the ledger has of a platform between two days.
Causes = Callable[[str, date, date], tuple[str, ...]]


@dataclass(frozen=True)
class Change:
    """Successive days with far more or less than expected; `p` holds for all days of all platforms together."""

    frame: Frame
    first: date
    last: date
    counted: int
    expected: float
    p: float


def changes(frames: Sequence[Frame], causes: Causes) -> Answers:
    """Sudden drops and rises against each platform's own four weeks before."""
    unknown = [too_short(Kind.CHANGE, f.platform, f.known, NEEDED) for f in frames if f.known < NEEDED]
    long = [frame for frame in frames if frame.known >= NEEDED]
    found = [change for frame in long for change in sudden(frame, len(long))]
    said = [(change, confidence(change.p)) for change in found]
    return Answers(tuple(_said(c, sure, causes) for c, sure in said if sure), tuple(unknown))


def sudden(frame: Frame, series: int = 1) -> list[Change]:
    """The changes of one platform; `series` is how many platforms are looked at together."""
    import numpy as np

    fitted = fit(frame, trend=False)  # a sudden change must not look like a trend; the level follows a real one
    if fitted is None:
        return []
    model = fitted.expected
    level = _level(frame, model)
    expected = model * level
    usable = frame.seen & ~np.isnan(level)
    if usable.sum() < _LEVEL:
        return []
    tests = int(usable.sum()) * len(_SPANS) * series
    chance, more = np.ones(len(frame.counts)), frame.counts > expected
    for span in _SPANS:  # the shortest first: a day that is odd by itself tells where a change begins and ends
        for start, p in _spans(frame.counts, model, np.where(usable, level, np.nan), span):
            days = slice(start, start + span)
            if p * tests < LIKELY and (chance[days] == 1).all():
                chance[days] = p * tests
    edges = dict(_spans(frame.counts, model, np.where(usable, level, np.nan), 1))
    runs = [_widened(run, edges, more) for run in _runs(chance, more)]
    return [_change(frame, expected, chance, start, end) for start, end in runs]


def _level(frame: Frame, model: Numbers) -> Numbers:
    """The four weeks before each day against the model of all days (nan: too little is known of them)."""
    import numpy as np

    # An odd day counts for four ordinary ones at most, and one week of the whole series steadies few small counts.
    held = np.where(frame.seen, np.minimum(np.nan_to_num(frame.counts), 4 * model + 4), 0.0)
    weight = np.where(frame.seen, model, 0.0)
    level = np.full(len(model), np.nan)
    for day in range(_LEVEL // 2, len(model)):
        before = slice(max(0, day - _LEVEL), day)
        if frame.seen[before].sum() >= _LEVEL // 2:
            steady = 7 * float(model[before].mean())
            level[day] = (held[before].sum() + steady) / (weight[before].sum() + steady)
    return level


def _spans(counts: Numbers, model: Numbers, level: Numbers, span: int) -> list[tuple[int, float]]:
    """Where spans of days begin that are far from the expectation, with their chance (two-sided), the least first."""
    import numpy as np
    from scipy import stats

    whole = [n for n in range(len(counts) - span + 1) if not np.isnan(level[n : n + span]).any()]
    if len(whole) < _LEVEL // 2:
        return []
    came = np.array([counts[n : n + span].sum() for n in whole])
    mean = np.array([model[n : n + span].sum() * level[n] for n in whole])  # a change does not set its own level
    shape = 1 / _overdispersion(came, mean)
    below = stats.nbinom.cdf(came, shape, shape / (shape + mean))
    above = stats.nbinom.sf(came - 1, shape, shape / (shape + mean))
    both = np.minimum(1.0, 2 * np.minimum(below, above))
    far = np.maximum(came, mean) > _WORTH * np.maximum(np.minimum(came, mean), 1.0)
    return sorted(((n, float(p)) for n, p, yes in zip(whole, both, far, strict=True) if yes), key=lambda one: one[1])


def _overdispersion(came: Numbers, mean: Numbers) -> float:
    """How much more counts vary than chance alone (negative binomial), by what holds for nearly all spans."""
    import numpy as np

    squares = (came - mean) ** 2
    ordinary = np.abs(came - mean) / np.sqrt(mean)
    kept = ordinary <= np.quantile(ordinary, _ORDINARY)
    moment = float((squares[kept] / _KEPT - mean[kept]).sum() / (mean[kept] ** 2).sum())
    low, high = 1e-6, 25.0
    for _ in range(40):  # the value at which half of the spans are within the middle half of a normal distribution
        middle = (low * high) ** 0.5
        inside = np.abs(came - mean) / np.sqrt(mean + middle * mean**2)
        low, high = (middle, high) if float(np.median(inside)) > _NORMAL_MAD else (low, middle)
    return max(_MARGIN * moment, low, 1e-6)


def _runs(chance: Numbers, more: Numbers) -> list[tuple[int, int]]:
    """Successive days that are said and go the same way; a day or two between them belong to them."""
    runs: list[tuple[int, int]] = []
    for day in map(int, (chance < LIKELY).nonzero()[0]):
        if runs and day - runs[-1][1] <= 3 and more[day] == more[runs[-1][1]]:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _widened(run: tuple[int, int], edges: Mapping[int, float], more: Numbers) -> tuple[int, int]:
    """With the days next to it that are odd in the same way, though not odd enough to be said alone."""
    start, end = run
    while edges.get(start - 1, 1.0) < _EDGE and more[start - 1] == more[start]:
        start -= 1
    while edges.get(end + 1, 1.0) < _EDGE and more[end + 1] == more[end]:
        end += 1
    return start, end


def _change(frame: Frame, expected: Numbers, chance: Numbers, start: int, end: int) -> Change:
    part = slice(start, end + 1)
    known = frame.seen[part]
    counted, usual = frame.counts[part][known].sum(), expected[part][known].sum()
    return Change(frame, frame.day(start), frame.day(end), int(counted), float(usual), float(chance[part].min()))


def _said(change: Change, sure: Confidence, causes: Causes) -> Insight:
    frame, unit = change.frame, str(change.frame.unit)
    days = (change.last - change.first).days + 1
    when = f"on {change.first}" if days == 1 else f"from {change.first} to {change.last}"
    age = (frame.day(len(frame.counts) - 1) - change.last).days
    return Insight(
        Kind.CHANGE,
        f"{frame.title} {'fell' if change.counted < change.expected else 'rose'} {when}: "
        f"{frame.unit.counted(change.counted)} "
        f"where about {number(round(change.expected))} were to be expected",
        (frame.platform,),
        (
            Fact("first day", str(change.first)),
            Fact("last day", str(change.last)),
            Fact("counted", change.counted, unit, frame.url),
            Fact("expected", round(change.expected, 1), unit),
            Fact("days of history", frame.known),
        ),
        sure,
        weight=0.8 - min(0.5, age / 180),
        causes=causes(frame.platform, change.first - timedelta(days=3), change.first + timedelta(days=1)),
        days=(change.first, change.last),
    )
