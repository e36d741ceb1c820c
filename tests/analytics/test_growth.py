"""Growth that was planted is found, also through gaps, weekdays, releases and odd days."""

from __future__ import annotations

import numpy as np
import pytest

from deployforge_tasks.analytics.growth import growth
from deployforge_tasks.analytics.insight import Insight, Kind
from deployforge_tasks.core.downloads import Unit
from tests.analytics.planted import counts, frame, platform, rates, released, some_releases, without


def value(insight: Insight, name: str) -> float:
    return next(float(fact.value) for fact in insight.evidence if fact.name == name)


@pytest.mark.parametrize("planted", [0.10, -0.08, 0.25])
@pytest.mark.parametrize("noise", ["poisson", "clumped"])
def test_a_trend_is_recovered_within_a_few_percent(planted: float, noise: str) -> None:
    rng = np.random.default_rng(11)
    releases = some_releases(rng, 365, 20)
    (found,) = growth([frame(counts(rng, rates(365, growth=planted), noise), releases)]).found
    assert value(found, "growth") == pytest.approx(100 * planted, abs=2)
    assert value(found, "at least") < 100 * planted < value(found, "at most")
    assert found.confidence.word == "sure"


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(25):
        for found in growth([frame(counts(rng, rates(200, growth=0.15), "clumped"))]).found:
            held += value(found, "at least") < 15 < value(found, "at most")
    assert held >= 22


def test_what_releases_add_is_no_growth() -> None:
    rng = np.random.default_rng(3)
    releases = released([n for n in range(100, 200) if n % 4 == 0])  # all in the second half
    values = counts(rng, rates(200))
    plain = growth([frame(values, releases)]).found
    for release in releases:
        values[(release.at.date() - frame(values).first).days] += 60
    assert plain == ()
    assert growth([frame(values, releases)]).found == ()


def test_gaps_stay_gaps() -> None:
    rng = np.random.default_rng(4)
    values = counts(rng, rates(300, growth=0.1))
    gappy = without(values, slice(20, 40), slice(200, 230))
    (found,) = growth([frame(gappy)]).found
    assert value(found, "growth") == pytest.approx(10, abs=2)
    assert value(found, "gaps") == 50


def test_gaps_at_the_end_are_no_decline() -> None:
    values = without(counts(np.random.default_rng(8), rates(200)), slice(150, 200))
    assert growth([frame(values)]).found == ()


def test_an_odd_day_is_no_trend() -> None:
    values = counts(np.random.default_rng(6), rates(120))
    values[-2] = 4000
    assert growth([frame(values)]).found == ()


def test_a_short_history_says_how_short() -> None:
    answers = growth([frame(counts(np.random.default_rng(1), rates(12)))])
    assert answers.found == ()
    assert [(u.kind, u.reason) for u in answers.unknown] == [(Kind.GROWTH, "too little history: 12 of 84 days")]


def test_mostly_gaps_are_named() -> None:
    values = counts(np.random.default_rng(1), rates(300))
    values[[n for n in range(1, 299) if n % 3]] = np.nan
    assert "too many gaps" in growth([frame(values)]).unknown[0].reason


def test_the_platform_that_grows_faster_is_named_first() -> None:
    rng = np.random.default_rng(9)
    fast, slow = counts(rng, rates(250, growth=0.2)), counts(rng, rates(250, growth=0.01))
    found = growth([frame(slow, name="pypi"), frame(fast, name="npm")]).found
    (compared,) = [one for one in found if one.kind is Kind.COMPARISON]
    assert compared.platforms == ("npm", "pypi")
    assert value(compared, "npm") == pytest.approx(20, abs=3)


def test_two_that_grow_alike_are_not_compared() -> None:
    rng = np.random.default_rng(10)
    both = [frame(counts(rng, rates(250, growth=0.1)), name=name) for name in ("npm", "pypi")]
    assert [one.kind for one in growth(both).found] == [Kind.GROWTH, Kind.GROWTH]


def test_a_comparison_of_different_units_says_so() -> None:
    from deployforge_tasks.analytics.frame import frame as frame_of

    rng = np.random.default_rng(9)
    pulls = frame_of(platform(counts(rng, rates(250, growth=0.2)), "docker", unit=Unit.PULLS), ())
    assert pulls is not None
    found = growth([pulls, frame(counts(rng, rates(250)))]).found
    (compared,) = [one for one in found if one.kind is Kind.COMPARISON]
    assert compared.caution == "pulls are compared with downloads"
