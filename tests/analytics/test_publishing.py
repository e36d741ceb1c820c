"""The part of downloads that follows own releases."""

from __future__ import annotations

import numpy as np
import pytest

from deployforge_tasks.analytics.insight import Kind
from deployforge_tasks.analytics.publishing import CAUTION, part, publishing
from tests.analytics.planted import counts, frame, rates, released, some_releases, without


def test_what_was_seen_of_a_project_that_published_26_versions_in_a_day() -> None:
    releases = released([1] * 26 + [2] * 9 + [3])
    (found,) = publishing([frame([84, 1800, 646, 138, 76, 27], releases)]).found
    told = {fact.name: fact.value for fact in found.evidence}
    assert told["each version"] == pytest.approx(66.7, abs=0.1)
    assert told["a day without one"] == pytest.approx(62, abs=0.5)
    assert told["R²"] == 0.999
    assert found.sentence.startswith("About 87 % of npm's downloads (between 83 % and 90 %) follow own releases")
    assert found.caution == CAUTION


@pytest.mark.parametrize("noise", ["poisson", "clumped", "wandering 0.5"])
def test_a_planted_share_is_recovered(noise: str) -> None:
    rng = np.random.default_rng(21)
    releases = some_releases(rng, 180, 30)
    values = counts(rng, rates(180, growth=0.05), noise)
    total = values.sum()
    for release in releases:
        day = (release.at.date() - frame(values).first).days
        values[day] += rng.poisson(120)
        if day + 1 < len(values):
            values[day + 1] += rng.poisson(40)
    found = part(frame(values, releases))
    assert found.share == pytest.approx(1 - total / values.sum(), abs=0.05)
    assert found.low < 1 - total / values.sum() < found.high
    assert publishing([frame(values, releases)]).found[0].confidence.word == "sure"


def test_gaps_on_release_days_are_not_zero() -> None:
    rng = np.random.default_rng(22)
    releases = released(list(range(5, 120, 6)))
    values = counts(rng, rates(120))
    for day in range(5, 120, 6):
        values[day] += rng.poisson(100)
    gappy = without(values, slice(5, 6), slice(11, 12), slice(17, 18), slice(60, 70))
    assert part(frame(gappy, releases)).each == pytest.approx(100, abs=12)


def test_one_release_proves_nothing() -> None:
    values = counts(np.random.default_rng(1), rates(60))
    values[30] += 500
    answers = publishing([frame(values, released([30]))])
    assert answers.found == ()
    assert [(u.kind, u.reason) for u in answers.unknown] == [
        (Kind.PUBLISHING, "too few releases in these days: 1 of 3 days with one")
    ]


def test_a_release_every_day_cannot_be_told_from_a_day_without() -> None:
    values = counts(np.random.default_rng(1), rates(40))
    (unknown,) = publishing([frame(values, released(list(range(40))))]).unknown
    assert unknown.reason == "nearly every day has a release of its own"
