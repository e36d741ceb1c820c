"""The next four weeks of a platform, with intervals that were tried on the past.

The model is a local level with a pattern of the week, on logarithms, with one's own releases as known effects; its
Kalman filter passes over gaps. It is tried on the last weeks first: from each of them it looks a week ahead with what
was known then, and where its 80 % intervals held too few of the days that came, no forecast is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deployforge_tasks.analytics.claims import Answers, number, too_short
from deployforge_tasks.analytics.extras import quietly
from deployforge_tasks.analytics.frame import Frame
from deployforge_tasks.analytics.insight import (
    Certainty,
    Confidence,
    Fact,
    Forecast,
    ForecastDay,
    Insight,
    Kind,
    Unknown,
)

if TYPE_CHECKING:
    from deployforge_tasks.analytics.frame import Numbers

#: Days with a count that a forecast needs, the days that it looks ahead, and the days that are read at most.
NEEDED, AHEAD, _LONGEST = 84, 28, 400
#: Counts a day below which the model does not fit, and the part of days that may be missing.
_FEW, _GAPS = 3.0, 0.2
#: Weeks of the backtest, and the part of the days that 80 % intervals must have held there.
_WEEKS, HELD = 8, 0.65
_PATHS = 400


def forecasts(frames: Sequence[Frame]) -> tuple[Answers, tuple[Forecast, ...]]:
    """A sentence and the days to come of every platform that can be looked ahead."""
    found, unknown, curves = [], [], []
    for frame in frames:
        reason = _unfit(frame)
        made = None if reason else look_ahead(frame)
        if made is None:
            unknown.append(reason or Unknown(Kind.FORECAST, (frame.platform,), "no model fits its numbers"))
            continue
        forecast, insight = made
        if forecast.coverage80 < HELD:
            held = f"held only {100 * forecast.coverage80:.0f} % of the last {forecast.backtest_days} days"
            unknown.append(Unknown(Kind.FORECAST, (frame.platform,), f"80 % intervals {held}"))
            continue
        curves.append(forecast)
        found.append(insight)
    return Answers(tuple(found), tuple(unknown)), tuple(curves)


def _unfit(frame: Frame) -> Unknown | None:
    recent = frame.counts[-_LONGEST:]
    known = int(frame.seen[-_LONGEST:].sum())
    if known < NEEDED:
        return too_short(Kind.FORECAST, frame.platform, known, NEEDED)
    missing = len(recent) - known
    if missing > _GAPS * len(recent) or not frame.seen[-7:].any():
        return Unknown(Kind.FORECAST, (frame.platform,), f"too many gaps: {missing} of {len(recent)} days")
    if frame.counts[frame.seen][-NEEDED:].mean() < _FEW:
        return Unknown(Kind.FORECAST, (frame.platform,), f"fewer than {_FEW:.0f} {frame.unit} a day")
    return None


def look_ahead(frame: Frame) -> tuple[Forecast, Insight] | None:
    """The forecast with its backtest; None where the model cannot be fitted."""
    import numpy as np

    logs = np.log1p(frame.counts[-_LONGEST:])
    known_effects = _effects(frame)[-_LONGEST:]
    told = known_effects.any(axis=0)
    effects = known_effects[:, told] if told.any() else None
    with quietly():
        try:
            model = _model(logs, effects)
            result = model.fit(disp=False, maxiter=100)
            if not np.isfinite(result.params).all():
                return None
            covered = _backtest(logs, effects, result.params)
            none = None if effects is None else np.zeros((AHEAD, effects.shape[1]))
            paths = _paths(result, AHEAD, none)
        except (np.linalg.LinAlgError, ValueError):
            return None
    low95, low80, middle, high80, high95 = np.quantile(paths, (0.025, 0.1, 0.5, 0.9, 0.975), axis=1)
    last = frame.day(len(frame.counts) - 1)
    days = tuple(
        ForecastDay(last + timedelta(days=n + 1), *map(float, (middle[n], low80[n], high80[n], low95[n], high95[n])))
        for n in range(AHEAD)
    )
    c80, c95, tried = covered
    forecast = Forecast(frame.platform, frame.unit, days, c80, c95, tried)
    return forecast, _said(frame, forecast, paths.sum(axis=0), effects is not None)


def _model(logs: Numbers, effects: Numbers | None) -> Any:
    import statsmodels.api as sm

    return sm.tsa.UnobservedComponents(logs, level="local level", seasonal=7, stochastic_seasonal=False, exog=effects)


def _effects(frame: Frame) -> Numbers:
    import numpy as np

    effects: Numbers = np.log1p(np.column_stack([frame.versions(0), frame.versions(1)]))
    return effects


def _paths(result: Any, ahead: int, effects: Numbers | None) -> Numbers:
    """Many possible futures, as counts: days by paths. Seeded, so that the same data give the same forecast."""
    import numpy as np

    made = result.simulate(ahead, repetitions=_PATHS, anchor="end", exog=effects, rng=np.random.default_rng(7))
    counts: Numbers = np.maximum(np.expm1(np.asarray(made).reshape(ahead, _PATHS)), 0.0)
    return counts


def _backtest(logs: Numbers, effects: Numbers | None, params: Numbers) -> tuple[float, float, int]:
    """How much of each of the last weeks the intervals held, seen from the week before it."""
    import numpy as np

    held80 = held95 = tried = 0
    for week in range(_WEEKS, 0, -1):
        start = len(logs) - 7 * week
        past = _model(logs[:start], None if effects is None else effects[:start])
        came = logs[start : start + 7]
        ahead = past.smooth(params).get_forecast(7, exog=None if effects is None else effects[start : start + 7])
        known = ~np.isnan(came)
        tried += int(known.sum())
        for alpha in (0.2, 0.05):
            low, high = ahead.conf_int(alpha=alpha).T
            inside = int(((came >= low) & (came <= high) & known).sum())
            held80, held95 = (held80 + inside, held95) if alpha == 0.2 else (held80, held95 + inside)
    return (held80 / tried, held95 / tried, tried) if tried else (0.0, 0.0, 0)


def _said(frame: Frame, forecast: Forecast, sums: Numbers, released: bool) -> Insight:
    import numpy as np

    low95, low80, middle, high80, high95 = (round(float(q)) for q in np.quantile(sums, (0.025, 0.1, 0.5, 0.9, 0.975)))
    without = " if nothing is released" if released else ""
    unit = str(frame.unit)
    return Insight(
        Kind.FORECAST,
        f"{frame.title}: about {number(middle)} {unit} in the next {AHEAD} days{without} "
        f"(80 %: {number(low80)} to {number(high80)}; 95 %: {number(low95)} to {number(high95)})",
        (frame.platform,),
        (
            Fact("middle", middle, unit),
            Fact("80 %", f"{number(low80)} to {number(high80)}", unit),
            Fact("95 %", f"{number(low95)} to {number(high95)}", unit),
            Fact("80 % intervals held", round(100 * forecast.coverage80), "%"),
            Fact("95 % intervals held", round(100 * forecast.coverage95), "%"),
            Fact("days tried", forecast.backtest_days),
            Fact("days of history", frame.known),
        ),
        Confidence(Certainty.ESTIMATED, coverage=forecast.coverage80),
        weight=0.4,
        caution="it knows nothing of what will be different",
    )
