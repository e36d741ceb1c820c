"""npm: downloads by day, of the main package and of those for each target, and the last week by version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from deployforge_tasks.core.downloads import Kind, Series
from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.rehearsal.server import Reply
from tests.support.counts import Counted, counted, days, npm_range

JUNE = date(2026, 6, 9)
PART = {"@hello/tool-linux-x64": {"2026-06-12": 2}, "@hello/tool-linux-arm64": {}, "@hello/tool-win32-x64": {}}


@pytest.fixture
def npm(tmp_path: Path) -> Iterator[Counted]:
    with counted("npm", tmp_path) as case:
        yield case


def of(series: list[Series], subject: str) -> Series:
    return next(s for s in series if s.counter.subject == subject and s.counter.kind is Kind.DAILY)


def test_the_package_that_users_install_is_the_headline_day_by_day(npm: Counted) -> None:
    main = of(npm.series(JUNE), "hello-forge")
    assert main.counter.headline
    assert days(main) == {"2026-06-09": 0, "2026-06-10": 5, "2026-06-11": 0, "2026-06-12": 7, "2026-06-13": 9}


def test_zeros_of_the_newest_days_are_not_there_yet_and_no_zeros(npm: Counted) -> None:
    main = of(npm.series(JUNE), "hello-forge")
    assert "2026-06-14" not in days(main)
    assert main.settled == date(2026, 6, 13)


def test_a_week_of_zeros_is_a_week_without_downloads(npm: Counted) -> None:
    npm.source.answers[r"/downloads/range/.*"] = partial(npm_range, known={"hello-forge": {"2026-06-01": 3}})
    main = of(npm.series(date(2026, 6, 1)), "hello-forge")
    assert days(main)["2026-06-01"] == 3
    assert set(days(main).values()) == {3, 0}
    assert main.settled == date(2026, 6, 7)


def test_a_zero_between_days_stays_what_npm_says(npm: Counted) -> None:
    assert days(of(npm.series(JUNE), "hello-forge"))["2026-06-11"] == 0


def test_the_whole_history_is_asked_for_in_pieces_and_begins_with_the_first_download(npm: Counted) -> None:
    main = of(npm.series(), "hello-forge")
    asked = [p.split("/")[3].split(":") for p in npm.source.paths if p.endswith("/hello-forge") and "/range/" in p]
    spans = [(date.fromisoformat(a), date.fromisoformat(b)) for a, b in asked]
    assert spans[0][0] == date(2015, 1, 10)
    assert spans[-1][1] == date(2026, 6, 14)
    assert all((begin - end).days == 1 for (_, end), (begin, _) in pairwise(spans))
    assert max((end - begin).days for begin, end in spans) < 548
    assert next(iter(days(main))) == "2026-06-10"


def test_the_packages_of_targets_are_asked_for_together_and_stand_beside_the_headline(npm: Counted) -> None:
    series = npm.series(JUNE)
    part = of(series, "hello-forge-linux-x64")
    assert (part.counter.target, part.counter.headline) == ("linux/amd64", False)
    assert sum(days(part).values()) == 10
    together = [p for p in npm.source.paths if "," in p]
    assert len(together) == 1
    assert together[0].count(",") == 2


def test_a_package_of_a_target_that_npm_does_not_know_is_not_told(npm: Counted) -> None:
    assert "hello-forge-linux-arm64" not in {s.counter.subject for s in npm.series(JUNE)}


def test_packages_with_a_scope_are_asked_for_one_by_one(npm: Counted) -> None:
    known = {"@hello/tool": {"2026-06-12": 3}, **PART}
    npm.source.answers = {
        r"/downloads/range/.*": partial(npm_range, known=known),
        r"/versions/@hello/tool/last-week": {"package": "@hello/tool", "downloads": {}},
    }
    series = npm.series(JUNE, scope="@hello", package="tool")
    assert {s.counter.subject for s in series} == set(known)
    assert not any("," in path for path in npm.source.paths)
    assert any("@hello%2Ftool/last-week" in request.raw_path for request in npm.source.asked)


def test_the_last_week_is_told_by_version_and_added_to_nothing(npm: Counted) -> None:
    week = [s for s in npm.series(JUNE) if s.counter.kind is Kind.WINDOW]
    assert {s.counter.version: s.readings[0].count for s in week} == {"1.0.0": 3, "1.1.0": 13}
    assert not any(s.counter.headline for s in week)


def test_a_package_that_npm_does_not_know_has_no_series(npm: Counted) -> None:
    assert npm.series(JUNE, package="unknown-tool") == []


def test_an_answer_about_another_package_is_none(npm: Counted) -> None:
    npm.source.answers[r"/downloads/range/.*"] = {
        "package": "other",
        "downloads": [{"day": "2026-06-10", "downloads": 5}],
    }
    with pytest.raises(NetworkError) as caught:
        npm.series(JUNE)
    assert caught.value.code == "DF3230"


def test_an_answer_about_other_days_is_none(npm: Counted) -> None:
    told = {"package": "hello-forge", "downloads": [{"day": "2020-06-10", "downloads": 5}]}
    npm.source.answers[r"/downloads/range/.*"] = Reply(200, told)
    with pytest.raises(NetworkError):
        npm.series(JUNE)
