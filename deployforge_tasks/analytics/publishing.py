"""What part of a platform's downloads comes with one's own publishing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.claims import Answers, confidence, holm, number, percent, too_short
from deployforge_tasks.analytics.extras import quietly
from deployforge_tasks.analytics.frame import Frame
from deployforge_tasks.analytics.insight import Confidence, Fact, Insight, Kind, Unknown
from deployforge_tasks.analytics.model import long_run

if TYPE_CHECKING:
    from deployforge_tasks.analytics.frame import Numbers

#: The least days with a count, and the least of them on which something came out: one release fits every odd day.
NEEDED, PUBLISHED = 6, 3
#: From so many days on, the day after a release, growth and the week's pattern are told apart too.
_NEXT_DAY, _TREND, _WEEK = 14, 28, 42
#: A share that is worth a sentence.
_WORTH = 0.05

CAUTION = "mirrors and scanners download every new version, so this part says nothing about people"


@dataclass(frozen=True)
class Part:
    """Downloads = `base` a day + `each` a version: with the share of all that `each` makes, and its interval.

    `p` is the probability that versions add as much by chance (one-sided).
    """

    frame: Frame
    base: float
    each: float
    share: float
    low: float
    high: float
    explained: float
    p: float


def publishing(frames: Sequence[Frame]) -> Answers:
    """The part of downloads that follows own releases, by platform."""
    parts, unknown = [], []
    for frame in frames:
        days = int((frame.versions()[frame.seen] > 0).sum())
        if frame.known < NEEDED:
            unknown.append(too_short(Kind.PUBLISHING, frame.platform, frame.known, NEEDED))
        elif days < PUBLISHED:
            reason = f"too few releases in these days: {days} of {PUBLISHED} days with one"
            unknown.append(Unknown(Kind.PUBLISHING, (frame.platform,), reason))
        elif days > frame.known - PUBLISHED:
            unknown.append(Unknown(Kind.PUBLISHING, (frame.platform,), "nearly every day has a release of its own"))
        else:
            parts.append(part(frame))
    chances = holm([found.p for found in parts])
    said = [(found, confidence(p)) for found, p in zip(parts, chances, strict=True)]
    return Answers(tuple(_said(f, sure) for f, sure in said if sure and f.share >= _WORTH), tuple(unknown))


def part(frame: Frame) -> Part:
    """Fit downloads to the versions that came out that day and the day before.

    The error of the added counts is the largest of the plain one, the plain one made wider by the persistence of the
    residuals, and that of Newey and West, which alone would trust a handful of release days too much.
    """
    import numpy as np
    import statsmodels.api as sm
    from scipy import stats

    matrix, lags = _columns(frame)
    seen = frame.seen
    counts = np.where(seen, np.nan_to_num(frame.counts), 0.0)
    came = matrix[:, 1 : 1 + lags] * seen[:, None]
    with quietly():
        # A gap keeps its place with no weight, so that neighbours in the errors are neighbours in time.
        fitted = sm.WLS(counts, matrix, weights=seen.astype(float)).fit()
        degrees = frame.known - matrix.shape[1]
        scale = float((fitted.wresid**2).sum()) / degrees
        robust = fitted.get_robustcov_results("HAC", maxlags=_lags(frame), use_correction=True)
    added = np.zeros(matrix.shape[1])
    added[1 : 1 + lags] = came.sum(axis=0)
    plain = float(added @ fitted.normalized_cov_params @ added) * scale * long_run(fitted.wresid, seen)
    newey_west = float(added @ robust.cov_params() @ added)
    error = max(plain, newey_west if frame.known >= _TREND else 0.0) ** 0.5
    total, versions = frame.total, float(came[:, 0].sum())
    brought = float(added @ fitted.params)
    half = float(stats.t.ppf(0.975, degrees)) * error
    centred = counts[seen] - counts[seen].mean()
    return Part(
        frame,
        base=(total - brought) / frame.known,
        each=brought / versions,
        share=brought / total,
        low=max(0.0, (brought - half) / total),
        high=min(1.0, (brought + half) / total),
        explained=1 - float((fitted.wresid**2).sum()) / (float((centred**2).sum()) or 1.0),
        p=float(stats.t.sf(brought / error, degrees)) if error else float(brought <= 0),
    )


def _columns(frame: Frame) -> tuple[Numbers, int]:
    """The columns, of which those behind the first one are versions by lag, and how many lags there are."""
    import numpy as np

    size = len(frame.counts)
    columns = [np.ones(size), frame.versions(0)]
    if frame.known >= _NEXT_DAY and _apart(frame):
        columns.append(frame.versions(1))
    lags = len(columns) - 1
    days = np.arange(size, dtype=float)
    if frame.known >= _TREND:
        columns.append(days - days.mean())
    if frame.known >= _WEEK:
        weekday = (frame.first.weekday() + np.arange(size)) % 7
        columns += [(weekday == day).astype(float) for day in range(1, 7)]
    return np.column_stack(columns), lags


def _apart(frame: Frame) -> bool:
    """Whether the day after a release can be told from the day itself."""
    import numpy as np

    both = np.column_stack([np.ones(frame.known), frame.versions(0)[frame.seen], frame.versions(1)[frame.seen]])
    return int(np.linalg.matrix_rank(both)) == 3


def _lags(frame: Frame) -> int:
    return min(frame.known - 1, round(1.3 * sqrt(frame.known)))


def _said(found: Part, sure: Confidence) -> Insight:
    frame = found.frame
    unit = str(frame.unit)
    return Insight(
        Kind.PUBLISHING,
        f"About {percent(found.share)} of {frame.title}'s {unit} (between {percent(found.low)} and "
        f"{percent(found.high)}) follow own releases: {number(found.base)} a day without one, and "
        f"{number(found.each)} more for each version",
        (frame.platform,),
        (
            Fact("share", round(100 * found.share, 1), "%"),
            Fact("at least", round(100 * found.low, 1), "%"),
            Fact("at most", round(100 * found.high, 1), "%"),
            Fact("each version", round(found.each, 1), unit),
            Fact("a day without one", round(found.base, 1), unit),
            Fact("versions", int(frame.versions()[frame.seen].sum())),
            Fact("days", frame.known),
            Fact("R²", round(found.explained, 3)),
            Fact("counted", frame.total, unit, frame.url),
        ),
        sure,
        weight=min(0.9, 0.4 + 0.5 * found.share),
        caution=CAUTION,
    )
