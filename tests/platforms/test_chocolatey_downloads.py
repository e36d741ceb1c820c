"""Chocolatey: totals of the package and of each version, as its feed tells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.rehearsal.server import Reply
from tests.support.counts import Counted, counted, feed

LIST = r"/api/v2/FindPackagesById\(\)"


@pytest.fixture
def chocolatey(tmp_path: Path) -> Iterator[Counted]:
    with counted("chocolatey", tmp_path) as case:
        yield case


def test_the_package_is_the_headline_and_its_versions_stand_beside_it(chocolatey: Counted) -> None:
    series = chocolatey.series()
    assert {s.counter.version: s.readings[0].count for s in series} == {"": 101, "1.0.0": 60, "1.1.0": 40}
    assert [s.counter.version for s in series if s.counter.headline] == [""]


def test_every_page_is_read(chocolatey: Counted) -> None:
    chocolatey.series()
    assert len(chocolatey.source.asked) == 2


def test_a_version_that_two_pages_show_has_one_total(chocolatey: Counted) -> None:
    chocolatey.source.answers = {r"/api/v2/FindPackagesById\(\)": feed(("1.0.0", "60", "60"), ("1.0.0", "61", "61"))}
    assert [(s.counter.version, s.readings[0].count) for s in chocolatey.series()] == [("", 61), ("1.0.0", 61)]


def test_a_package_that_the_feed_does_not_list_has_no_series(chocolatey: Counted) -> None:
    chocolatey.source.answers[LIST] = feed()
    assert chocolatey.series() == []


@pytest.mark.parametrize("number", ["", "-1", "1.5", "many"])
def test_what_is_no_number_is_no_answer(chocolatey: Counted, number: str) -> None:
    for versions in ([("1.0.0", number, "3")], [("1.0.0", "3", number)]):
        chocolatey.source.answers[LIST] = feed(*versions)
        with pytest.raises(NetworkError):
            chocolatey.series()


@pytest.mark.parametrize("following", ["http://elsewhere.example/api/v2/FindPackagesById()", ""])
def test_a_feed_that_leads_elsewhere_or_in_a_circle_is_no_answer(chocolatey: Counted, following: str) -> None:
    here = f"{chocolatey.source.url}/api/v2/FindPackagesById()?id='hello-forge'"
    chocolatey.source.answers[LIST] = feed(("1.0.0", "1", "1"), following=following or here)
    with pytest.raises(NetworkError):
        chocolatey.series()


def test_a_feed_without_counts_does_not_tell(chocolatey: Counted) -> None:
    page = feed(("1.0.0", "1", "1")).body.replace("DownloadCount", "Other")
    chocolatey.source.answers[LIST] = Reply(200, page)
    with pytest.raises(NotImplementedError, match="does not tell"):
        chocolatey.series()
