"""Channels that had downloads and have none any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.changes import Causes
from deployforge_tasks.analytics.claims import Answers, confidence, holm, number
from deployforge_tasks.analytics.frame import Frame
from deployforge_tasks.analytics.insight import Confidence, Fact, Insight, Kind, Unknown
from deployforge_tasks.analytics.model import long_run

if TYPE_CHECKING:
    from deployforge_tasks.analytics.frame import Numbers

#: Silent days below which nothing is said, and the days before that tell what was usual.
QUIET, USUAL = 7, 28
#: Days without any news of a source after which its numbers are called missing.
_STALE = 14


@dataclass(frozen=True)
class Silence:
    """The days without one count at the end of a series; `usual` is the mean of a day before, `p` the chance of it."""

    frame: Frame
    since: date
    days: int
    usual: float
    p: float


def silences(frames: Sequence[Frame], until: date, causes: Causes) -> Answers:
    """Dead channels; those whose source tells nothing any more are no dead channels, only unknown."""
    missing = []
    for frame in frames:
        last = frame.day(int(frame.seen.nonzero()[0][-1]))
        if (until - last).days > _STALE:
            missing.append(Unknown(Kind.SILENCE, (frame.platform,), f"no numbers since {last}: nothing, not zero"))
    found = [one for frame in frames if (one := silence(frame))]
    chances = holm([one.p for one in found])
    said = [(one, confidence(p)) for one, p in zip(found, chances, strict=True)]
    return Answers(tuple(_said(one, sure, causes) for one, sure in said if sure), tuple(missing))


def silence(frame: Frame) -> Silence | None:
    """The silence at the end of a series, if it is longer than any before and there was enough to compare with."""
    import numpy as np

    loud = (np.nan_to_num(frame.counts) > 0).nonzero()[0]
    end = max(int(loud[-1]), frame.lumped)
    quiet = int(frame.seen[end + 1 :].sum())
    before = frame.counts[: end + 1][frame.seen[: end + 1]]
    if quiet < QUIET or len(before) < USUAL or quiet <= 2 * _longest_pause(before):
        return None
    recent = min(float(before[-USUAL:].mean()), float(before[-2 * USUAL :].mean()))
    if not recent:
        return None
    inflation = long_run(before - before.mean(), np.ones(len(before), dtype=bool))
    p = _none(recent, before[-2 * USUAL :]) ** (quiet / inflation)
    begin = end + 1 + int(frame.seen[end + 1 :].nonzero()[0][0])  # of a gap before it nothing is known
    return Silence(frame, frame.day(begin), quiet, recent, p)


def _longest_pause(counts: Numbers) -> int:
    longest = now = 0
    for count in counts:
        now = 0 if count else now + 1
        longest = max(longest, now)
    return longest


def _none(mean: float, counts: Numbers) -> float:
    """The chance of a day without one count: negative binomial, or the part of such days if that is larger."""
    variance = float(counts.var(ddof=1))
    extra = max((variance - mean) / mean**2, 1e-6)
    often = (float((counts == 0).sum()) + 0.5) / (len(counts) + 1)
    return max(exp(-log(1 + extra * mean) / extra), often)


def _said(found: Silence, sure: Confidence, causes: Causes) -> Insight:
    frame, unit = found.frame, str(found.frame.unit)
    return Insight(
        Kind.SILENCE,
        f"{frame.title} has had no {unit} for {found.days} days, since {found.since}; "
        f"before, it had about {number(found.usual)} a day",
        (frame.platform,),
        (
            Fact("silent since", str(found.since)),
            Fact("silent days", found.days),
            Fact("before, a day", round(found.usual, 1), unit, frame.url),
            Fact("days of history", frame.known),
        ),
        sure,
        weight=0.95,
        caution="a source that counts no longer looks the same as a channel that nobody uses",
        causes=causes(frame.platform, found.since - timedelta(days=3), found.since + timedelta(days=1)),
        days=(found.since, frame.day(len(frame.counts) - 1)),
    )
