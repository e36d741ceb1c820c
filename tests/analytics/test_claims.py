"""From many tests to claims, and the words for numbers."""

from __future__ import annotations

import numpy as np
import pytest

from deployforge_tasks.analytics.claims import confidence, holm, number, percent, signed
from deployforge_tasks.analytics.insight import Certainty, Confidence, Fact


def test_the_correction_for_many_tests_is_the_one_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    chances = list(np.random.default_rng(1).uniform(0, 0.2, 12))
    assert holm(chances) == pytest.approx(list(multipletests(chances, method="holm")[1]))
    assert holm([]) == []


@pytest.mark.parametrize(
    ("p", "said"), [(0.0001, "sure (p < 0.001)"), (0.004, "likely (p = 0.004)"), (0.012, "None"), (0.9, "None")]
)
def test_the_word_goes_with_the_number(p: float, said: str) -> None:
    assert str(confidence(p)) == said


def test_a_forecast_says_how_often_it_was_right() -> None:
    made = Confidence(Certainty.ESTIMATED, coverage=0.83)
    assert str(made) == "estimated (80 % intervals held 83 % of the days before)"


def test_numbers_are_written_as_people_read_them() -> None:
    assert (number(1204), number(3.25), number(4.0)) == ("1,204", "3.2", "4")
    assert (percent(0.123), percent(0.004), signed(0.2), signed(-0.2)) == ("12 %", "0.4 %", "+20 %", "-20 %")


def test_nearly_all_is_not_all_and_hardly_any_is_not_none() -> None:
    assert (percent(0.9996), percent(0.999999), percent(1.0)) == ("99.9 %", "99.9 %", "100 %")
    assert (percent(0.0004), percent(1e-9), percent(0.0), signed(-0.0002)) == ("0.04 %", "0.001 %", "0 %", "-0.02 %")


def test_one_of_something_is_one() -> None:
    facts = [
        Fact("counted", 1, "downloads"),
        Fact("gaps", 1, "days"),
        Fact("counted", 1, "EUR"),
        Fact("known", 2, "days"),
    ]
    assert [fact.word for fact in facts] == ["download", "day", "EUR", "days"]
