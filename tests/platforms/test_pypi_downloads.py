"""PyPI: days from pypistats with and without mirrors; countries and versions from a ClickHouse, where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Audience, Series
from deployforge_tasks.core.errors import ConfigError, NetworkError
from deployforge_tasks.rehearsal.server import Reply
from tests.support.counts import Counted, counted, days, pypistats

GEOGRAPHY = {"business": {"analytics": {"track_geographical_usage": True}}}


@pytest.fixture
def pypi(tmp_path: Path) -> Iterator[Counted]:
    with counted("pypi", tmp_path) as case:
        del case.options["clickhouse"]
        yield case


def headline(series: list[Series]) -> Series:
    return next(s for s in series if s.counter.headline)


def test_the_headline_is_without_mirrors_and_those_with_them_stand_beside_it(pypi: Counted) -> None:
    series = pypi.series()
    assert headline(series).counter.audience is Audience.NO_MIRRORS
    assert days(headline(series)) == {"2026-06-12": 11, "2026-06-14": 13}
    assert [days(s) for s in series if not s.counter.headline] == [{"2026-06-12": 30, "2026-06-14": 41}]


def test_a_day_that_is_not_told_is_a_gap_and_no_zero(pypi: Counted) -> None:
    (gap,) = headline(pypi.series()).gaps
    assert (gap.first, gap.last) == (date(2026, 6, 13), date(2026, 6, 13))
    assert gap.reason


def test_the_newest_day_may_still_grow(pypi: Counted) -> None:
    assert headline(pypi.series()).settled == date(2026, 6, 13)


def test_the_name_is_asked_for_as_indexes_spell_it(pypi: Counted) -> None:
    pypi.series(package="Hello.Forge")
    assert pypi.source.paths == ["/api/packages/hello-forge/overall"]


def test_a_project_that_nobody_counted_has_no_series(pypi: Counted) -> None:
    assert pypi.series(package="unknown") == []


def test_a_kind_of_downloads_that_nobody_knows_is_no_answer(pypi: Counted) -> None:
    answer = pypistats()
    answer["data"][0]["category"] = "with_robots"
    pypi.source.answers[r"/api/packages/hello-forge/overall"] = answer
    with pytest.raises(NetworkError):
        pypi.series()


# --- countries and versions ---------------------------------------------------------------------------------------


def clickhouse(pypi: Counted, since: date | None = None, **more: Any) -> list[Series]:
    series = pypi.series(since, clickhouse=pypi.source.url, **more)
    return [s for s in series if s.counter.source == "clickpy"]


def test_nobody_asks_for_countries_unless_they_are_wanted(pypi: Counted) -> None:
    pypi.series()
    assert "/" not in pypi.source.paths


def test_a_project_that_tracks_geography_asks_clickpy_for_what_is_on_pypi(pypi: Counted) -> None:
    with pytest.raises(ConfigError, match="never leaves this machine, but sql-clickhouse"):
        pypi.series(project=GEOGRAPHY)


def test_clickpy_is_not_asked_for_what_is_on_another_index(pypi: Counted) -> None:
    assert {s.counter.source for s in pypi.series(project=GEOGRAPHY, index="http://127.0.0.1:9")} == {"pypistats"}


def test_countries_and_versions_come_day_by_day_and_are_no_headline(pypi: Counted) -> None:
    series = clickhouse(pypi)
    told = {(s.counter.country, s.counter.version): days(s) for s in series}
    assert told["DE", ""] == {"2026-06-12": 9, "2026-06-13": 3}
    assert told["", "1.1.0"] == {"2026-06-13": 2}
    assert told["", ""] == {"2026-06-12": 10, "2026-06-13": 7}
    assert not any(s.counter.headline for s in series)


def test_downloads_from_nobody_knows_where_have_no_country(pypi: Counted) -> None:
    assert {s.counter.country for s in clickhouse(pypi)} == {"", "DE", "US"}


def test_the_name_never_becomes_part_of_the_question(pypi: Counted) -> None:
    name = "hello'; DROP TABLE pypi --"
    pypi.source.answers[r"/api/packages/.*"] = Reply(404)
    clickhouse(pypi, date(2026, 6, 1), package=name)
    questions = [r for r in pypi.source.asked if r.path == "/"]
    assert len(questions) == 2
    for question in questions:
        assert "DROP" not in question.query["query"].upper()
        assert question.query["param_name"] == "hello'; drop table pypi -"
        assert question.query["param_since"] == "2026-06-01"
        assert question.headers["X-ClickHouse-User"] == "demo"


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [["2026-06-12", "DE", 9]], "rows": 2},
        {"data": [["2026-06-12", "DE", 9]], "rows": 1, "exception": "Code: 159. DB::Exception: Timeout"},
        {"data": [["2026-06-12", "DE"]], "rows": 1},
        {"data": [["2026-06-12", "DE", 9], ["2026-06-12", "DE", 4]], "rows": 2},
    ],
    ids=["cut off", "failed on the way", "another shape", "a day twice"],
)
def test_an_answer_that_is_not_whole_is_none(pypi: Counted, answer: dict[str, Any]) -> None:
    pypi.source.answers[r"/"] = Reply(200, answer)
    with pytest.raises(NetworkError) as caught:
        clickhouse(pypi)
    assert caught.value.code == "DF3230"


def test_a_clickhouse_of_ones_own_counts_another_index_without_pypistats(pypi: Counted) -> None:
    del pypi.options["counts"]
    series = pypi.series(clickhouse=pypi.source.url, index="http://127.0.0.1:9")
    assert {s.counter.source for s in series} == {"clickpy"}
