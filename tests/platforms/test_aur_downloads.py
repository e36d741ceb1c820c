"""AUR: votes, which are no downloads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.downloads import Kind, Unit
from deployforge_tasks.core.errors import NetworkError
from tests.support.counts import Counted, aur, counted


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Counted]:
    with counted("aur", tmp_path) as case:
        yield case


def test_votes_are_a_level_and_no_headline(site: Counted) -> None:
    (votes,) = site.series()
    assert (votes.counter.kind, votes.counter.unit, votes.counter.headline) == (Kind.LEVEL, Unit.VOTES, False)
    assert votes.readings[0].count == 4
    assert site.source.asked[0].query["arg[]"] == "hello-forge-bin"


def test_popularity_is_no_count(site: Counted) -> None:
    assert 0.93 not in [r.count for s in site.series() for r in s.readings]
    assert len(site.series()) == 1


def test_a_package_that_is_not_there_has_no_series(site: Counted) -> None:
    site.source.answers[r"/rpc/v5/info"] = {"version": 5, "type": "multiinfo", "resultcount": 0, "results": []}
    assert site.series() == []


def test_an_error_with_status_200_is_no_answer(site: Counted) -> None:
    error = {"version": 5, "type": "error", "resultcount": 0, "results": [], "error": "Too many package results."}
    site.source.answers[r"/rpc/v5/info"] = error
    with pytest.raises(NetworkError):
        site.series()


def test_an_answer_about_another_package_is_none(site: Counted) -> None:
    site.source.answers[r"/rpc/v5/info"] = {**aur(), "results": [{"Name": "other", "NumVotes": 4}]}
    with pytest.raises(NetworkError):
        site.series()
