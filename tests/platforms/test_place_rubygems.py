"""RubyGems: totals of the gem and its versions; days by country from a ClickHouse, where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Kind, Series
from deployforge_tasks.core.errors import ConfigError, NetworkError
from deployforge_tasks.rehearsal.server import Reply, Request
from tests.support.counts import days
from tests.support.places import GEM, Placed, placed

ABOUT, LIST = r"/api/v1/gems/hello-forge\.json", r"/api/v1/versions/hello-forge\.json"
GEOGRAPHY = {"business": {"analytics": {"track_geographical_usage": True}}}


def clickhouse(request: Request) -> Any:
    country = "country_code AS part" in request.query["query"]
    rows = (
        [["2026-06-12", "DE", 9], ["2026-06-13", "DE", 3], ["2026-06-13", "", 4]]
        if country
        else [["2026-06-12", "1.0.0", 9], ["2026-06-13", "1.1.0", 7]]
    )
    return {"data": rows, "rows": len(rows)}


@pytest.fixture
def rubygems(tmp_path: Path) -> Iterator[Placed]:
    with placed("rubygems", tmp_path) as place:
        place.source.answers[r"/"] = clickhouse
        yield place


def by_clickgems(place: Placed) -> list[Series]:
    return [s for s in place.series(clickhouse=place.source.url) if s.counter.source == "clickgems"]


def test_the_figure_is_the_total_of_the_gem(rubygems: Placed) -> None:
    (found,) = [s for s in rubygems.series() if s.counter.headline]
    assert (found.counter.kind, found.counter.subject, found.readings[0].count) == (Kind.TOTAL, "hello-forge", 900)


def test_a_version_that_is_built_for_several_platforms_is_one_version(rubygems: Placed) -> None:
    found = {s.counter.version: s.readings[0].count for s in rubygems.series() if s.counter.version}
    assert found == {"1.1.0": 300, "1.0.0": 550}


def test_a_gem_that_rubygems_does_not_know_has_no_counts(rubygems: Placed) -> None:
    rubygems.source.answers[ABOUT] = Reply(404, "This rubygem could not be found.")
    assert rubygems.series() == []
    assert len(rubygems.source.asked) == 1


def test_a_gem_whose_versions_are_all_yanked_keeps_its_total(rubygems: Placed) -> None:
    rubygems.source.answers[LIST] = Reply(404, "This rubygem could not be found.")
    assert [s.readings[0].count for s in rubygems.series()] == [900]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (ABOUT, {**GEM, "downloads": "900"}),
        (ABOUT, {**GEM, "name": "another"}),
        (LIST, [{"number": "1.0.0"}]),
        (LIST, [{"number": 1, "downloads_count": 2}]),
        (LIST, {"error": "busy"}),
    ],
    ids=["no number", "another gem", "no count", "no version", "no list"],
)
def test_what_is_not_clearly_a_count_is_an_error(rubygems: Placed, path: str, answer: Any) -> None:
    rubygems.source.answers[path] = Reply(200, answer)
    with pytest.raises(NetworkError) as caught:
        rubygems.series()
    assert caught.value.code == "DF3230"


# --- countries ----------------------------------------------------------------------------------------------------


def test_nobody_asks_for_countries_unless_they_are_wanted(rubygems: Placed) -> None:
    rubygems.series()
    assert "/" not in rubygems.source.paths


def test_countries_and_versions_come_day_by_day_and_are_no_headline(rubygems: Placed) -> None:
    found = by_clickgems(rubygems)
    told = {(s.counter.country, s.counter.version): days(s) for s in found}
    assert told == {
        ("", ""): {"2026-06-12": 9, "2026-06-13": 7},
        ("", "1.0.0"): {"2026-06-12": 9},
        ("", "1.1.0"): {"2026-06-13": 7},
        ("DE", ""): {"2026-06-12": 9, "2026-06-13": 3},
    }
    assert not any(s.counter.headline for s in found)


def test_the_gem_never_becomes_part_of_the_question(rubygems: Placed) -> None:
    by_clickgems(rubygems)
    questions = [request for request in rubygems.source.asked if request.path == "/"]
    assert len(questions) == 2
    for question in questions:
        assert (
            "FROM rubygems.downloads_per_day_by_version_by_country WHERE gem = {name:String}"
            in (question.query["query"])
        )
        assert "hello-forge" not in question.query["query"]
        assert question.query["param_name"] == "hello-forge"


def test_a_project_that_tracks_geography_asks_clickgems_for_what_is_on_rubygems(
    rubygems: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.platforms.places.rubygems.RUBYGEMS_WEB", rubygems.source.url)
    with pytest.raises(ConfigError, match="never leaves this machine, but sql-clickhouse"):
        rubygems.series(project=GEOGRAPHY)


def test_clickgems_is_not_asked_for_what_is_on_another_server(rubygems: Placed) -> None:
    assert {s.counter.source for s in rubygems.series(project=GEOGRAPHY)} == {"rubygems"}
