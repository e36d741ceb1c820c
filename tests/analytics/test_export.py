"""Counts for other programs, read back by these: gaps stay gaps, parts are told apart, and nothing is there twice."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.analytics import export
from deployforge_tasks.analytics.series import Downloads
from deployforge_tasks.core.errors import ConfigError
from tests.cli.counts import FIRST, FOUND, LAST

Metrics = dict[str, list[tuple[dict[str, str], float]]]


def as_csv(found: Downloads) -> list[dict[str, str]]:
    text = io.StringIO()
    export.write_csv(found, text)
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def figure(rows: list[dict[str, str]], platform: str) -> list[dict[str, str]]:
    of_all = [r for r in rows if not (r["version"] or r["target"] or r["country"])]
    return [r for r in of_all if r["platform"] == platform and r["kind"] == "daily"]


def metrics(found: Downloads) -> Metrics:
    """What Prometheus' own parser reads."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="needs prometheus_client")
    text = "".join(f"{line}\n" for line in export.open_metrics(found))
    return {
        family.name: [(dict(s.labels), s.value) for s in family.samples]
        for family in parser.text_string_to_metric_families(text)
    }


def test_every_day_of_a_figure_has_a_row_and_a_day_without_a_count_its_reason() -> None:
    days = figure(as_csv(FOUND), "pypi")
    assert (days[0]["day"], days[-1]["day"], len(days)) == (str(FIRST), str(LAST), 14)
    assert [(d["count"], d["gap_reason"]) for d in days[4:6]] == [
        ("90", ""),
        ("", "the source could not be asked: it answered 503"),
    ]


def test_adding_what_the_page_calls_figures_gives_the_tables_number() -> None:
    days = figure(as_csv(FOUND), "npm")
    assert sum(int(d["count"]) for d in days if d["count"]) == 5753


def test_parts_of_another_source_say_so() -> None:
    germany = [r for r in as_csv(FOUND) if r["country"] == "DE" and r["platform"] == "pypi"]
    assert {(r["source"], r["unit"], r["kind"]) for r in germany} == {("clickpy", "downloads", "daily")}
    assert len(germany) == 10


def test_levels_are_marked_as_such() -> None:
    levels = [r for r in as_csv(FOUND) if r["kind"] == "level"]
    assert {(r["platform"], r["unit"]) for r in levels} == {("snap", "devices")}
    assert [r["count"] for r in levels if r["country"] == "DE"] == ["800", "803", "810"]


def test_no_day_of_anything_is_there_twice() -> None:
    keys = Counter(tuple(r[k] for k in export.HEADER[:8]) for r in as_csv(FOUND))
    assert [key for key, count in keys.items() if count > 1] == []


def test_parquet_is_read_back_with_its_types(tmp_path: Path) -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow")
    export.write_parquet(FOUND, tmp_path / "told.parquet")
    table = parquet.read_table(tmp_path / "told.parquet")
    assert tuple(table.column_names) == export.HEADER
    assert (str(table.schema.field("day").type), str(table.schema.field("count").type)) == ("date32[day]", "int64")
    rows = table.to_pylist()
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == as_csv(FOUND)
    assert next(r for r in rows if r["platform"] == "pypi" and r["day"] == date(2026, 11, 17))["count"] is None


def test_parquet_without_its_package_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ConfigError) as caught:
        export.write_parquet(FOUND, tmp_path / "told.parquet")
    assert "deployforge[analytics]" in caught.value.hint


def test_openmetrics_tells_totals_the_period_windows_and_levels_apart() -> None:
    found = metrics(FOUND)
    assert found["deployforge_downloads"] == [
        ({"platform": "github", "source": "github", "unit": "downloads"}, 4208.0),
    ]
    period = {labels["platform"]: value for labels, value in found["deployforge_downloads_period"]}
    assert period == {"npm": 5753, "pypi": 669, "github": 168, "snap": 39}
    assert [(labels["days"], value) for labels, value in found["deployforge_downloads_window"]] == [
        ("30", 1234),
        ("90", 3456),
    ]
    assert [value for _, value in found["deployforge_level"]] == [1204]


def test_openmetrics_tells_parts_with_their_source() -> None:
    found = metrics(FOUND)
    assert ("clickpy", "US", 910) in [
        (labels["source"], labels["country"], value) for labels, value in found["deployforge_country_downloads_period"]
    ]
    assert [(labels["version"], value) for labels, value in found["deployforge_version_downloads_window"]] == [
        ("1.4.0", 3301),
        ("1.3.2", 98),
    ]


def test_openmetrics_has_no_sample_for_what_is_not_known() -> None:
    platforms = {labels["platform"] for samples in metrics(FOUND).values() for labels, _ in samples}
    assert platforms == {"npm", "pypi", "github", "homebrew", "snap"}
    assert metrics(replace(FOUND, platforms=())) == {}


def test_openmetrics_survives_any_name() -> None:
    npm = FOUND.platforms[0]
    odd = 'a"b\\c\nd é'
    named = replace(FOUND, platforms=(replace(npm, versions=(replace(npm.versions[0], name=odd),)),))
    assert [labels["version"] for labels, _ in metrics(named)["deployforge_version_downloads_window"]] == [odd]


def test_openmetrics_tells_nothing_twice_where_a_source_has_two_of_a_kind() -> None:
    npm, homebrew = FOUND.platforms[0], FOUND.platforms[3]
    twice = replace(homebrew, windows=(*homebrew.windows, homebrew.windows[0]))
    assert len(metrics(replace(FOUND, platforms=(npm, twice)))["deployforge_downloads_window"]) == 1
