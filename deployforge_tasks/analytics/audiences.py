"""Who downloads, where a source can tell: mirrors, CI machines, everybody else; and whether that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.claims import COUNTED, MONTH, Answers, confidence, holm, percent
from deployforge_tasks.analytics.extras import quietly
from deployforge_tasks.analytics.insight import Confidence, Fact, Insight, Kind, Unknown
from deployforge_tasks.analytics.model import Slope, persistence
from deployforge_tasks.analytics.series import Daily, PlatformDownloads
from deployforge_tasks.core.downloads import Audience

if TYPE_CHECKING:
    from deployforge_tasks.analytics.frame import Numbers

#: Days and counts that a change of a share needs, and the change that is worth a sentence.
NEEDED = 56
_COUNTS = 200
_WORTH = 0.05


@dataclass(frozen=True)
class Shares:
    """One audience's part of everybody's downloads, on the days on which both are known (nan: gaps)."""

    platform: PlatformDownloads
    who: str
    part: Numbers
    whole: Numbers

    @property
    def share(self) -> float:
        """The part of all these days together."""
        import numpy as np

        return float(np.nansum(self.part) / np.nansum(self.whole))


def audiences(platforms: Sequence[PlatformDownloads]) -> Answers:
    """The shares of mirrors and CI, and how they change."""
    found, unknown = [], []
    shares = []
    for platform in platforms:
        own = _shares(platform)
        if own:
            shares += own
        elif platform.daily or platform.total is not None:
            reason = "its source does not tell mirrors and CI from people"
            unknown.append(Unknown(Kind.AUDIENCE, (platform.platform,), reason))
    slopes = [(one, slope) for one in shares if (slope := _slope(one))]
    chances = dict(zip(map(id, (s for s, _ in slopes)), holm([slope.p for _, slope in slopes]), strict=True))
    by_share = {id(one): slope for one, slope in slopes}
    for one in shares:
        sure = confidence(chances.get(id(one), 1.0))
        changed = _changed(one, by_share[id(one)], sure) if sure else None
        found.append(changed or _counted(one))
    return Answers(tuple(found), tuple(unknown))


def _shares(platform: PlatformDownloads) -> list[Shares]:
    import numpy as np

    by = {part.name: part.daily for part in platform.audiences if part.daily}
    if platform.daily:
        by.setdefault(str(platform.audience), platform.daily)
    whole = by.get(str(Audience.ALL))
    if whole is None:
        return []
    made = []
    for audience, who in ((Audience.NO_MIRRORS, "Mirrors"), (Audience.CI, "CI machines")):
        part = by.get(str(audience))
        if part is None:
            continue
        inner, outer = _together(part, whole)
        values = np.maximum(outer - inner, 0.0) if audience is Audience.NO_MIRRORS else np.minimum(inner, outer)
        if np.nansum(np.where(np.isnan(values), np.nan, outer)) > 0:
            made.append(Shares(platform, who, values, outer))
    return made


def _together(one: Daily, other: Daily) -> tuple[Numbers, Numbers]:
    """Two series over the days of both; a day that one does not know is a gap in both."""
    import numpy as np

    first, last = max(one.first, other.first), min(one.last, other.last)
    size = max(0, (last - first).days + 1)

    def values(daily: Daily) -> Numbers:
        start = (first - daily.first).days
        return np.array([np.nan if c is None else float(c) for c in daily.counts[start : start + size]], dtype=float)

    a, b = values(one), values(other)
    gap = np.isnan(a) | np.isnan(b)
    return np.where(gap, np.nan, a), np.where(gap, np.nan, b)


def _slope(shares: Shares) -> Slope | None:
    """The change of the share's log odds a day; None where the numbers do not allow it."""
    import numpy as np

    seen = ~np.isnan(shares.part) & (np.nan_to_num(shares.whole) > 0)
    if seen.sum() < NEEDED or np.nansum(shares.whole) < _COUNTS or not 0.001 < shares.share < 0.999:
        return None
    with quietly():
        try:
            return _fit(shares, seen)
        except (ValueError, np.linalg.LinAlgError):
            return None


def _fit(shares: Shares, seen: Numbers) -> Slope:
    """Quasi-binomial regression with the week's pattern; errors as in `model`."""
    import numpy as np
    import statsmodels.api as sm

    size = len(shares.part)
    days = np.arange(size, dtype=float)
    matrix = np.column_stack([np.ones(size), days - days.mean(), *(days % 7 == n for n in range(1, 7))]).astype(float)
    part, whole = np.where(seen, shares.part, 0.0), np.where(seen, shares.whole, 1.0)
    model = sm.GLM(np.column_stack([part, whole - part])[seen], matrix[seen], family=sm.families.Binomial())
    fitted = model.fit()
    chance = 1 / (1 + np.exp(-(matrix @ fitted.params)))
    information = np.maximum(whole * chance * (1 - chance), 1e-9)
    working = np.where(seen, matrix @ fitted.params + (part - whole * chance) / information, 0.0)
    linear = sm.WLS(working, matrix, weights=np.where(seen, information, 0.0))
    robust = linear.fit(cov_type="HAC", cov_kwds={"maxlags": round(1.3 * size**0.5), "use_correction": True})
    newey_west = float(robust.bse[1])
    pearson = np.where(seen, (part - whole * chance) / np.sqrt(information), 0.0)
    known = int(seen.sum())
    dispersion = max(1.0, float((pearson**2).sum()) / (known - matrix.shape[1]))
    inflation, _ = persistence(pearson, seen)
    plain = float(np.sqrt(robust.normalized_cov_params[1, 1] * dispersion * inflation))
    return Slope(
        float(robust.params[1]),
        max(newey_west, plain) if np.isfinite(newey_west) else np.inf,
        max(3.0, known / inflation - 2),
    )


def _counted(shares: Shares) -> Insight:
    import numpy as np

    platform = shares.platform
    return Insight(
        Kind.AUDIENCE,
        f"{shares.who} make {percent(shares.share)} of {platform.title}'s {platform.unit}",
        (platform.platform,),
        (*_facts(shares), Fact("days", int((~np.isnan(shares.part)).sum()))),
        COUNTED,
        weight=0.2 + 0.4 * shares.share,
    )


def _changed(shares: Shares, slope: Slope, sure: Confidence) -> Insight | None:
    import numpy as np

    size = len(shares.part)
    middle = shares.share
    first, last = (_at(middle, slope.value, sign * size / 2) for sign in (-1, 1))
    if abs(last - first) < _WORTH:
        return None
    platform = shares.platform
    low, high = slope.between()
    return Insight(
        Kind.AUDIENCE,
        f"{shares.who} make {percent(middle)} of {platform.title}'s {platform.unit}, and that part "
        f"{'grows' if slope.value > 0 else 'shrinks'}: from about {percent(first)} to {percent(last)} in {size} days",
        (platform.platform,),
        (
            *_facts(shares),
            Fact("odds a month", round(100 * (exp(slope.value * MONTH) - 1), 1), "%"),
            Fact("at least", round(100 * (exp(low * MONTH) - 1), 1), "%"),
            Fact("at most", round(100 * (exp(high * MONTH) - 1), 1), "%"),
            Fact("days", int((~np.isnan(shares.part)).sum())),
        ),
        sure,
        weight=min(0.8, 0.4 + abs(last - first)),
    )


def _facts(shares: Shares) -> tuple[Fact, ...]:
    import numpy as np

    unit, url = str(shares.platform.unit), shares.platform.url
    whole = np.nansum(np.where(np.isnan(shares.part), np.nan, shares.whole))
    return (
        Fact(shares.who.lower(), int(np.nansum(shares.part)), unit, url),
        Fact("everybody", int(whole), unit, url),
    )


def _at(share: float, slope: float, days: float) -> float:
    odds = share / (1 - share) * exp(slope * days)
    return odds / (1 + odds)
