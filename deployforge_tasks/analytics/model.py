"""A model of daily counts: a steady growth, the pattern of the week, what one's own releases add, and odd days.

Counts are fitted by quasi-Poisson regression with a log link; days far from what is expected lose weight (Huber). The
errors are those of Newey and West, and never smaller than what the persistence of the residuals asks for: daily counts
are autocorrelated, and plain errors would find a trend in a third of trendless series that wander.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.extras import quietly
from deployforge_tasks.analytics.frame import Frame

if TYPE_CHECKING:
    from deployforge_tasks.analytics.frame import Numbers

#: Robust standard deviations beyond which a day loses weight: odd days only, so that ordinary ones keep their mean.
_ODD = 3.0
_ROUNDS = 6
#: What makes a median of absolute deviations a standard deviation.
_NORMAL_MAD = 0.6745
#: A residual that persists from week to week more than this is a walk, in which every trend is chance.
WALK = 0.7


@dataclass(frozen=True)
class Slope:
    """Growth a day on the log scale, with its standard error and degrees of freedom."""

    value: float
    error: float
    freedom: float

    @property
    def p(self) -> float:
        """The probability of a slope as steep as this one by chance (two-sided)."""
        from scipy import stats

        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom))

    def between(self, level: float = 0.95) -> tuple[float, float]:
        """The interval that holds the slope."""
        from scipy import stats

        half = float(stats.t.ppf(0.5 + level / 2, self.freedom)) * self.error
        return self.value - half, self.value + half


@dataclass(frozen=True)
class CountModel:
    """A fitted model: what it expects of each day (gaps too), its slope, and how much residuals persist by the week."""

    frame: Frame
    expected: Numbers
    slope: Slope
    persistence: float


def fit(frame: Frame, *, trend: bool = True) -> CountModel | None:
    """Fit the model to the days that have a count, at least four weeks of them; None where the numbers do not allow it.

    Without a trend the slope is 0, and means nothing.
    """
    import numpy as np

    with quietly():
        try:
            return _fit(frame, trend=trend)
        except (ValueError, np.linalg.LinAlgError):  # such as a single huge day among zeros
            return None


def _fit(frame: Frame, *, trend: bool) -> CountModel:
    import numpy as np
    import statsmodels.api as sm

    matrix = design(frame)
    if not trend:
        matrix[:, 1] = 0.0
    seen, counts = frame.seen, frame.counts
    weights = np.ones(len(counts))
    for _ in range(_ROUNDS):
        model = sm.GLM(counts[seen], matrix[seen], family=sm.families.Poisson(), var_weights=weights[seen])
        expected = np.maximum(np.exp(matrix @ model.fit().params), 1e-3)
        pearson = np.where(seen, (counts - expected) / np.sqrt(expected), 0.0)
        spread = max(float(np.median(np.abs(pearson[seen]))) / _NORMAL_MAD, 1.0)
        weights = np.minimum(1.0, _ODD * spread / np.maximum(np.abs(pearson), 1e-9))
    # The last step of the same fit, as a linear regression in which a gap has no weight but keeps its place, so
    # that the errors compare days that are really neighbours.
    working = np.where(seen, np.log(expected) + np.nan_to_num(counts - expected) / expected, 0.0)
    linear = sm.WLS(working, matrix, weights=np.where(seen, weights * expected, 0.0))
    lags = round(1.3 * len(counts) ** 0.5)
    robust = linear.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    newey_west = float(robust.bse[1])
    inflation, weekly = persistence(pearson * np.sqrt(weights), seen)
    plain = float(np.sqrt(robust.normalized_cov_params[1, 1] * _dispersion(pearson, seen, matrix.shape[1])))
    slope = Slope(
        float(robust.params[1]),
        # Where the matrix of the errors cannot be inverted (a weekday without one count), nothing is known of them.
        max(newey_west, plain * float(np.sqrt(inflation))) if np.isfinite(newey_west) else np.inf,
        max(3.0, frame.known / inflation - 2),
    )
    return CountModel(frame, expected, slope, weekly)


def design(frame: Frame) -> Numbers:
    """The columns of the model: one, the day, six weekdays, and what was published on it and just before."""
    import numpy as np

    size = len(frame.counts)
    days = np.arange(size, dtype=float)
    columns = [np.ones(size), days - days.mean()]
    weekday = (frame.first.weekday() + np.arange(size)) % 7
    columns += [(weekday == number).astype(float) for number in range(1, 7)]
    late = sum(frame.versions(lag) for lag in range(2, 7))
    for came in (frame.versions(0), frame.versions(1), np.asarray(late)):
        if _tells(came[frame.seen]):
            columns.append(np.log1p(came))
    return np.column_stack(columns)


def _tells(came: Numbers) -> bool:
    """Whether a column has enough days with and without a release to be told from the rest."""
    return int((came > 0).sum()) >= 2 and len(set(came.tolist())) > 1


def _dispersion(pearson: Numbers, seen: Numbers, columns: int) -> float:
    import numpy as np

    clipped = np.clip(pearson[seen], *np.quantile(pearson[seen], (0.01, 0.99)))
    return max(1.0, float((clipped**2).sum()) / max(1, len(clipped) - columns))


def persistence(residuals: Numbers, seen: Numbers) -> tuple[float, float]:
    """By how much persistence inflates variances in the long run, and the autocorrelation of weeks.

    A slow wave below the noise of days is hardly seen from one day to the next, but well from week to week.
    """
    import numpy as np

    daily = _autocorrelation(residuals, seen)
    whole = len(residuals) // 7 * 7
    days_seen = seen[-whole:].reshape(-1, 7).sum(axis=1)
    weeks_seen = days_seen > 3
    sums = residuals[-whole:].reshape(-1, 7).sum(axis=1)
    if not weeks_seen.any():
        return max(1.0, _inflated(daily)), 0.0
    weeks = np.where(weeks_seen, sums / np.sqrt(np.maximum(days_seen, 1)), 0.0)
    weekly = _autocorrelation(weeks, weeks_seen)
    variance = float((residuals[seen] ** 2).mean()) or 1.0
    spread = float((weeks[weeks_seen] ** 2).mean()) / variance
    doubt = (1 - weekly**2) ** 0.5 / len(weeks) ** 0.5 if abs(weekly) < 1 else 0.0  # few weeks tell little about it
    inflation = max(1.0, _inflated(daily), spread * _inflated(weekly + doubt))
    return inflation, weekly


def long_run(residuals: Numbers, seen: Numbers) -> float:
    """By how much persistence from day to day inflates the variance of a long sum (at least 1)."""
    return _inflated(_autocorrelation(residuals, seen)) if seen.sum() >= 14 else 1.0


def _inflated(autocorrelation: float) -> float:
    bounded = min(max(autocorrelation, 0.0), 0.95)
    return (1 + bounded) / (1 - bounded)


def _autocorrelation(values: Numbers, seen: Numbers) -> float:
    """From one value to the next, corrected for the bias that a fitted mean and trend bring (Kendall, 1954)."""
    pairs = seen[:-1] & seen[1:]
    power = float((values[seen] ** 2).mean())
    if not pairs.sum() or power == 0:
        return 0.0
    raw = float((values[:-1] * values[1:])[pairs].mean()) / power
    return raw + (2 + 4 * raw) / int(seen.sum())
