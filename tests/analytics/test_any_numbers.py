"""Whatever the counts are, there is an answer: odd series lead to "not known", never to an exception or a nan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from deployforge_tasks.analytics.answers import answer
from deployforge_tasks.analytics.costs import cost_table
from deployforge_tasks.analytics.series import Downloads
from deployforge_tasks.project.schema_analytics import Costs
from tests.analytics.planted import FIRST, platform, released

Shape = Callable[[np.random.Generator, int], NDArray[Any]]
SHAPES: dict[str, Shape] = {
    "the same every day": lambda rng, n: np.full(n, 7.0),
    "nothing at all": lambda rng, n: np.zeros(n),
    "millions": lambda rng, n: rng.poisson(1e7, n).astype(float),
    "hardly any": lambda rng, n: rng.poisson(0.02, n).astype(float),
    "every other day": lambda rng, n: np.where(np.arange(n) % 2, np.nan, 5.0),
    "no day known": lambda rng, n: np.full(n, np.nan),
    "explosive": lambda rng, n: np.exp(np.arange(n) / 20.0).round(),
    "one huge day": lambda rng, n: np.where(np.arange(n) == n // 2, 1e9, 0.0),
    "never on Sundays": lambda rng, n: rng.poisson(50, n) * (np.arange(n) % 7 < 6).astype(float),
    "known for half of the time": lambda rng, n: np.where(np.arange(n) > n // 2, np.nan, rng.poisson(9, n)),
    "wild": lambda rng, n: rng.pareto(0.7, n).round(),
}


def nothing(name: str, first: date, last: date) -> tuple[str, ...]:
    return ()


@pytest.mark.parametrize("days", [1, 6, 29, 90, 200])
@pytest.mark.parametrize("shape", SHAPES)
def test_there_is_an_answer(shape: str, days: int) -> None:
    rng = np.random.default_rng(days)
    values = SHAPES[shape](rng, days)
    people = np.minimum(values, SHAPES["never on Sundays"](rng, days))
    releases = released(sorted(int(day) for day in rng.integers(0, days, min(days, 12))))
    known = (platform(values, "npm", audiences={"no mirrors": people}), platform(people, "pypi"))
    downloads = Downloads("hello", "", FIRST, FIRST + timedelta(days=days - 1), known, releases)
    found = answer(downloads, cost_table(downloads, Costs(minute=1), [], {}), ["npm"], nothing)
    said = " ".join(f"{one.sentence} {one.evidence}" for one in found.found)
    assert "nan" not in said
    assert "inf" not in said
