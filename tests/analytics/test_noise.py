"""Nothing is claimed on noise: `python -m tests.bench.claims` measures the rates over many more series."""

from __future__ import annotations

import pytest

from tests.analytics.noise import QUESTIONS, false_alarms
from tests.analytics.planted import NOISES

#: Each claim may be wrong in one of a hundred projects; what 100 series (20 of each noise) show of that by chance.
ALLOWED = 0.05


@pytest.mark.parametrize("question", QUESTIONS)
def test_noise_is_no_news(question: str) -> None:
    rates = [false_alarms(question, noise, 150, 20) for noise in NOISES]
    assert sum(rates) / len(rates) <= ALLOWED
