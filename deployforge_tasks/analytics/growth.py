"""How each platform grows, and which grow differently."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, hypot

from deployforge_tasks.analytics.claims import MONTH, Answers, confidence, holm, signed, too_short
from deployforge_tasks.analytics.frame import Frame
from deployforge_tasks.analytics.insight import Confidence, Fact, Insight, Kind, Unknown
from deployforge_tasks.analytics.model import WALK, CountModel, Slope, fit

#: Days with a count below which nothing is said: in fewer weeks a slow wave cannot be told from a trend.
NEEDED = 84
#: Counts a day below which nothing is said.
_FEW = 0.5
#: A growth a month that is worth a sentence.
_WORTH = 0.03


def growth(frames: Sequence[Frame]) -> Answers:
    """Growth a month by platform, and the greatest difference between two of them."""
    fitted, unknown = [], []
    for frame in frames:
        reason = _unfit(frame)
        if reason:
            unknown.append(reason)
            continue
        model = fit(frame)
        if model is None:
            unknown.append(Unknown(Kind.GROWTH, (frame.platform,), "no model fits its numbers"))
        elif model.persistence > WALK:
            reason = Unknown(
                Kind.GROWTH, (frame.platform,), "its weeks drift so much by themselves that a trend would be chance"
            )
            unknown.append(reason)
        else:
            fitted.append(model)
    said = [_said(m, p) for m, p in zip(fitted, holm([m.slope.p for m in fitted]), strict=True)]
    return Answers((*(s for s in said if s), *_comparison(fitted)), tuple(unknown))


def _unfit(frame: Frame) -> Unknown | None:
    if frame.known < NEEDED:
        return too_short(Kind.GROWTH, frame.platform, frame.known, NEEDED)
    if frame.known < 0.6 * len(frame.counts):
        gaps = len(frame.counts) - frame.known
        return Unknown(Kind.GROWTH, (frame.platform,), f"too many gaps: {gaps} of {len(frame.counts)} days")
    if frame.total < _FEW * frame.known:
        return Unknown(Kind.GROWTH, (frame.platform,), f"too few counts: {frame.total} in {frame.known} days")
    return None


def _said(model: CountModel, p: float) -> Insight | None:
    sure, rate = confidence(p), _monthly(model.slope.value)
    if sure is None or abs(rate) < _WORTH:
        return None
    frame = model.frame
    low, high = map(_monthly, model.slope.between())
    verb = "grows" if rate > 0 else "shrinks"
    return Insight(
        Kind.GROWTH,
        f"{frame.title} {verb} by {_span(rate, low, high)} a month, without the week's pattern and own releases",
        (frame.platform,),
        (
            Fact("growth", round(100 * rate, 1), "% a month"),
            Fact("at least", round(100 * low, 1), "% a month"),
            Fact("at most", round(100 * high, 1), "% a month"),
            Fact("days", frame.known),
            Fact("gaps", len(frame.counts) - frame.known, "days"),
            Fact("counted", frame.total, str(frame.unit), frame.url),
        ),
        sure,
        weight=min(0.85, 0.45 + abs(rate)),
    )


def _span(rate: float, low: float, high: float) -> str:
    near, far = sorted((low, high), key=abs)
    if rate < 0 and low < 0 and high < 0:
        rate, near, far = -rate, -near, -far
    digits = 0 if abs(rate) >= 0.1 else 1
    return f"{100 * rate:.{digits}f} % (between {100 * near:.{digits}f} % and {100 * far:.{digits}f} %)"


def _monthly(slope: float) -> float:
    return exp(slope * MONTH) - 1


def _comparison(models: Sequence[CountModel]) -> list[Insight]:
    """The pair that differs most, if chance does not explain it; units do not matter for rates of growth."""
    pairs = [(_difference(a.slope, b.slope), a, b) for a, b in combinations(models, 2)]
    chances = holm([difference.p for difference, _, _ in pairs])
    sure = [(p, d, a, b) for p, (d, a, b) in zip(chances, pairs, strict=True) if confidence(p)]
    worth = [found for found in sure if abs(found[1].value) * MONTH >= 2 * _WORTH]
    if not worth:
        return []
    p, difference, one, other = max(worth, key=lambda found: abs(found[1].value))
    said = confidence(p)
    assert said is not None
    return [_compared(said, difference, *sorted((one, other), key=lambda m: -m.slope.value))]


def _compared(said: Confidence, difference: Slope, fast: CountModel, slow: CountModel) -> Insight:
    a, b = _monthly(fast.slope.value), _monthly(slow.slope.value)
    low, high = difference.between()
    factors = sorted(exp(abs(edge) * MONTH) for edge in (low, high))
    return Insight(
        Kind.COMPARISON,
        f"{fast.frame.title} grows faster than {slow.frame.title}: {signed(a)} against {signed(b)} a month",
        (fast.frame.platform, slow.frame.platform),
        (
            Fact(fast.frame.platform, round(100 * a, 1), "% a month"),
            Fact(slow.frame.platform, round(100 * b, 1), "% a month"),
            Fact("ratio gained a month, at least", round(factors[0], 3)),
            Fact("at most", round(factors[1], 3)),
            Fact("days", min(fast.frame.known, slow.frame.known)),
        ),
        said,
        weight=0.5,
        caution="" if fast.frame.unit is slow.frame.unit else f"{fast.frame.unit} are compared with {slow.frame.unit}",
    )


def _difference(one: Slope, other: Slope) -> Slope:
    return Slope(one.value - other.value, hypot(one.error, other.error), min(one.freedom, other.freedom))
