"""The shares of mirrors and CI machines, where a source tells them."""

from __future__ import annotations

import numpy as np
import pytest

from deployforge_tasks.analytics.audiences import audiences
from deployforge_tasks.core.downloads import Audience
from tests.analytics.planted import counts, platform, rates, without


def test_the_share_of_mirrors_is_counted() -> None:
    rng = np.random.default_rng(1)
    whole = counts(rng, rates(120))
    people = rng.binomial(whole.astype(int), 0.4).astype(float)
    (found,) = audiences([platform(whole, "pypi", audiences={"no mirrors": people})]).found
    assert found.sentence == f"Mirrors make {100 * (1 - people.sum() / whole.sum()):.0f} % of pypi's downloads"
    assert found.confidence.word == "counted"


def test_the_headline_may_be_the_one_without_mirrors() -> None:
    whole, people = np.full(30, 10.0), np.full(30, 4.0)
    known = platform(people, "pypi", audience=Audience.NO_MIRRORS, audiences={"all": whole})
    assert audiences([known]).found[0].sentence == "Mirrors make 60 % of pypi's downloads"


def test_days_that_only_one_of_them_has_do_not_count() -> None:
    whole, people = np.full(30, 10.0), without(np.full(30, 5.0), slice(0, 20))
    (found,) = audiences([platform(whole, audiences={"ci": people})]).found
    assert found.sentence == "CI machines make 50 % of npm's downloads"
    assert {fact.name: fact.value for fact in found.evidence}["days"] == 10


def test_a_share_that_changes_is_recovered() -> None:
    rng = np.random.default_rng(2)
    whole = counts(rng, rates(200, base=80))
    odds = np.linspace(np.log(0.1 / 0.9), np.log(0.4 / 0.6), 200)
    ci = rng.binomial(whole.astype(int), 1 / (1 + np.exp(-odds))).astype(float)
    (found,) = audiences([platform(whole, audiences={"ci": ci})]).found
    assert found.confidence.word == "sure"
    monthly = {fact.name: fact.value for fact in found.evidence}
    planted = 100 * (np.exp((odds[-1] - odds[0]) / 199 * 30.44) - 1)
    assert monthly["odds a month"] == pytest.approx(planted, abs=4)
    assert float(monthly["at least"]) < planted < float(monthly["at most"])
    assert "and that part grows: from about 1" in found.sentence


def test_a_source_that_cannot_tell_says_so() -> None:
    (unknown,) = audiences([platform(np.full(30, 10.0))]).unknown
    assert unknown.reason == "its source does not tell mirrors and CI from people"
