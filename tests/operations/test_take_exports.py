"""Taking over exports with days and countries: what a file tells, under its own source, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deployforge_tasks.analytics.series import PlatformDownloads
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.stats import collect, downloads
from deployforge_tasks.operations.stats_import import Imported, import_file
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told, total

NOW = datetime.now(UTC)
TODAY = NOW.date()
FIRST = TODAY - 40 * DAY
PYPI = "day,country_code,version,downloads"
TRENDS = (
    "DATE_GRANULARITY,DATE_REFERENCE,PUBLISHER_NAME,IMAGE_REPOSITORY,NAMESPACE,IP_COUNTRY,CLOUD_SERVICE_PROVIDER,"
    "USER_AGENT,TAG,DATA_DOWNLOADS,VERSION_CHECKS,PULLS,UNIQUE_AUTHENTICATED_USERS,UNIQUE_UNAUTHENTICATED_USERS"
)
ACTIONS = "Action,Action day,Country,Digest,HTTP method,Namespace,Reference,Repository,Tag,Timestamp"


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    """A project whose counters on PyPI and Docker Hub were read once."""
    CountingShelf.answers.clear()
    CountingShelf.asked.clear()
    with shelves("pypi", "docker", kind=CountingShelf):
        project = load_project(write_project(tmp_path / "project", {"pypi": {}, "docker": {}}))
        days = daily([50, 60], TODAY - 2 * DAY, source="pypistats", subject="hello-forge")
        CountingShelf.answers["pypi"] = told(days)
        CountingShelf.answers["docker"] = told(total(900, NOW, source="docker hub", subject="hello/forge"))
        collect(project)
        yield project


def take(loaded: Loaded, *lines: str, name: str = "export.csv") -> Imported:
    (loaded.root / name).write_text("\n".join(lines) + "\n", "utf-8")
    return import_file(loaded, Path(name))


def known(loaded: Loaded, platform: str) -> PlatformDownloads:
    return downloads(loaded, FIRST, TODAY, platforms=[platform]).platforms[0]


def countries(one: PlatformDownloads) -> dict[str, int | None]:
    return {part.name: part.daily.sum if part.daily else None for part in one.countries}


def day(number: int) -> date:
    return FIRST + number * DAY


def test_countries_stand_beside_the_platforms_figure(loaded: Loaded) -> None:
    before = known(loaded, "pypi")
    take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{day(0)},US,1.0.0,5", f"{day(1)},DE,1.0.0,3")
    now = known(loaded, "pypi")
    assert countries(now) == {"DE": 10, "US": 5}
    assert (now.daily, now.source) == (before.daily, "pypistats")
    assert {part.source for part in now.countries} == {"pypi export"}


def test_versions_are_told_too(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{day(1)},DE,1.1.0,5", f"{day(1)},US,1.1.0,2")
    assert {part.name: part.daily and part.daily.sum for part in known(loaded, "pypi").versions} == {
        "1.0.0": 7,
        "1.1.0": 7,
    }


def test_a_country_had_none_on_a_day_of_which_others_are_told(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{day(1)},US,1.0.0,5")
    (us, de) = sorted(known(loaded, "pypi").countries, key=lambda part: part.name, reverse=True)
    assert us.daily is not None
    assert us.daily.counts[:2] == (0, 5)
    assert de.daily is not None
    assert de.daily.counts[:2] == (7, 0)


def test_a_day_without_any_row_is_a_gap(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{day(2)},DE,1.0.0,5")
    (de,) = known(loaded, "pypi").countries
    assert de.daily is not None
    assert de.daily.counts[:3] == (7, None, 5)


def test_json_lines_are_read_like_csv(loaded: Loaded) -> None:
    rows = [
        {"project": "Hello_Forge", "version": "1.0.0", "date": str(day(0)), "country_code": "DE", "count": 7},
        {"project": "hello-forge", "version": "1.0.0", "date": str(day(1)), "country_code": "DE", "count": "4"},
    ]
    take(loaded, *map(json.dumps, rows[1:]), name="export.jsonl")
    assert countries(known(loaded, "pypi")) == {"DE": 4}
    take(loaded, *map(json.dumps, rows[:1]), name="export.jsonl")
    assert countries(known(loaded, "pypi")) == {"DE": 11}


def test_taking_a_file_twice_changes_nothing(loaded: Loaded) -> None:
    lines = (PYPI, f"{day(0)},DE,1.0.0,7", f"{day(1)},DE,1.0.0,3")
    assert [one.new for one in take(loaded, *lines).taken] == [True, True]
    once = known(loaded, "pypi")
    assert [one.new for one in take(loaded, *lines).taken] == [False, False]
    assert known(loaded, "pypi") == once


def test_what_was_taken_is_summed_up(loaded: Loaded) -> None:
    found = take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{day(3)},US,1.0.0,5")
    by_country = found.taken[0]
    assert (by_country.field, by_country.platform, by_country.count) == ("hello-forge by country", "pypi", 12)
    assert (by_country.first, by_country.last, by_country.parts) == (day(0), day(3), 2)


def test_downloads_without_a_country_are_none_of_any(loaded: Loaded) -> None:
    found = take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{day(0)},,1.0.0,5", f"{day(0)},ZZ,1.0.0,4")
    assert countries(known(loaded, "pypi")) == {"DE": 7}
    assert [left.reason for left in found.left_out] == ["of 9 downloads no country is told"]


def test_a_day_that_is_not_over_is_left_out(loaded: Loaded) -> None:
    found = take(loaded, PYPI, f"{day(0)},DE,1.0.0,7", f"{TODAY},DE,1.0.0,2")
    assert countries(known(loaded, "pypi")) == {"DE": 7}
    assert "1 row is of days" in found.left_out[0].reason


def test_another_project_is_left_out(loaded: Loaded) -> None:
    found = take(loaded, "project," + PYPI, f"hello-forge,{day(0)},DE,1,7", f"other,{day(0)},DE,1,9")
    assert countries(known(loaded, "pypi")) == {"DE": 7}
    assert [(left.field, left.reason) for left in found.left_out] == [
        ("other", "it is not the project's: that is hello-forge")
    ]


def test_a_package_that_was_never_counted_has_the_projects_name(tmp_path: Path) -> None:
    with shelves("pypi", kind=CountingShelf):
        fresh = load_project(write_project(tmp_path / "fresh", {"pypi": {}}))
        take(fresh, PYPI, f"{day(0)},DE,1.0.0,7")
        assert countries(known(fresh, "pypi")) == {"DE": 7}


def test_an_image_that_was_never_counted_has_no_name_yet(tmp_path: Path) -> None:
    with shelves("docker", kind=CountingShelf):
        fresh = load_project(write_project(tmp_path / "fresh", {"docker": {}}))
        found = take(fresh, TRENDS, f"weekly,{day(0)},hello,hello/forge,hello,DE,aws,docker,1.0.0,30,5,35,1,9")
    assert "`deployforge stats` first" in found.left_out[0].reason


def test_a_platform_that_the_project_has_not_is_left_out(loaded: Loaded) -> None:
    found = take(loaded, "gem,date,country_code,count", f"hello-forge,{day(0)},DE,7")
    assert [(left.field, left.reason) for left in found.left_out] == [
        ("rubygems", "rubygems is not in deployforge.yml")
    ]


def test_a_place_that_only_counts_takes_its_export(tmp_path: Path) -> None:
    with shelves("pypi", kind=CountingShelf):
        folder = write_project(tmp_path / "fresh", {"pypi": {}})
        with (folder / "deployforge.yml").open("a", encoding="utf-8") as file:
            file.write("analytics: {places: {rubygems: {gem: hello_gem}}}\n")
        fresh = load_project(folder)
        take(fresh, "gem,version,date,country_code,count", f"hello_gem,1.0.0,{day(0)},DE,7")
        assert countries(known(fresh, "rubygems")) == {"DE": 7}


def test_a_line_of_json_may_leave_out_what_is_empty(loaded: Loaded) -> None:
    rows = [{"day": str(day(0)), "downloads": 5}, {"day": str(day(0)), "downloads": 7, "country_code": "DE"}]
    found = take(loaded, *map(json.dumps, rows), name="export.jsonl")
    assert countries(known(loaded, "pypi")) == {"DE": 7}
    assert [left.reason for left in found.left_out] == ["of 5 downloads no country is told"]


def test_two_spellings_of_a_name_are_one_project(loaded: Loaded) -> None:
    rows = (f"hello-forge,{day(0)},DE,1.0.0,5", f"Hello_Forge,{day(0)},DE,1.0.0,7")
    take(loaded, "project," + PYPI, *rows)
    assert countries(known(loaded, "pypi")) == {"DE": 12}


def test_days_of_other_projects_say_nothing_of_this_one(loaded: Loaded) -> None:
    take(loaded, "project," + PYPI, f"hello-forge,{day(0)},DE,1.0.0,5", f"other,{day(2)},DE,1.0.0,7")
    (de,) = known(loaded, "pypi").countries
    assert de.daily is not None
    assert de.daily.counts[:3] == (5, None, None)


def test_a_moment_is_of_its_day_in_utc(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)}T23:30:00-05:00,DE,1.0.0,5", f"{day(0)} 00:00:00 UTC,DE,1.0.0,7")
    (de,) = known(loaded, "pypi").countries
    assert de.daily is not None
    assert de.daily.counts[:2] == (7, 5)


def test_a_report_on_some_companies_is_not_taken_for_all_pulls(loaded: Loaded) -> None:
    with pytest.raises(ConfigError, match="say nothing"):
        take(loaded, f"{TRENDS},DOMAIN,INFERRED_USE_CASE", "x")


def test_a_column_that_stands_twice_is_told(loaded: Loaded) -> None:
    with pytest.raises(ConfigError, match="`downloads` stands there twice"):
        take(loaded, PYPI + ",downloads", f"{day(0)},DE,1.0.0,5,6")


def test_a_file_without_rows_says_so(loaded: Loaded) -> None:
    assert [left.reason for left in take(loaded, PYPI).left_out] == ["the file has none"]


def test_a_file_with_semicolons_is_told_what_it_can_be(loaded: Loaded) -> None:
    with pytest.raises(ConfigError, match="day;country_code;downloads") as caught:
        take(loaded, "day;country_code;downloads", f"{day(0)};DE;7")
    assert "CSV with commas" in caught.value.hint


def test_other_columns_are_parts_that_are_added_up(loaded: Loaded) -> None:
    take(loaded, PYPI + ",installer", f"{day(0)},DE,1.0.0,7,pip", f"{day(0)},DE,1.0.0,5,uv")
    assert countries(known(loaded, "pypi")) == {"DE": 12}


def test_what_is_collected_later_begins_where_collecting_ended(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{TODAY - DAY},DE,1.0.0,7")
    collect(loaded, platforms=["pypi"], force=True)
    assert CountingShelf.asked["pypi"] == [None, TODAY - 2 * DAY]


def test_weeks_of_docker_hub_stay_weeks(loaded: Loaded) -> None:
    week = f"weekly,{day(0)},hello,hello/forge,hello"
    take(
        loaded,
        TRENDS,
        f"{week},DE,no csp,docker,1.0.0,30,5,35,1,9",
        f"{week},DE,aws,docker,1.0.0,20,5,25,1,9",
        f"{week},US,no csp,docker,latest,8,5,13,1,9",
    )
    docker = known(loaded, "docker")
    assert countries(docker) == {"DE": 50, "US": 8}
    (lump,) = docker.countries[0].daily.lumps if docker.countries[0].daily else ()
    assert (lump.first, lump.last, lump.count) == (day(0), day(6), 50)


def test_a_later_report_leaves_the_weeks_before_alone(loaded: Loaded) -> None:
    for number, pulls in ((7, 8), (0, 30), (14, 5), (7, 9)):
        row = f"weekly,{day(number)},hello,hello/forge,hello,DE,aws,docker,1.0.0,{pulls},5,35,1,9"
        assert [one.new for one in take(loaded, TRENDS, row).taken] == [True]
    assert countries(known(loaded, "docker")) == {"DE": 44}


def test_looks_for_a_new_version_are_no_pulls(loaded: Loaded) -> None:
    found = take(
        loaded,
        ACTIONS,
        f"pull_by_tag,{day(0)},DE,sha256:1,GET,hello,1.0,forge,1.0,{day(0)} 00:00:00",
        f"pull_by_tag,{day(0)},DE,sha256:1,GET,hello,1.0,forge,1.0,{day(0)} 00:00:00",
        f"version_check,{day(0)},DE,sha256:1,HEAD,hello,1.0,forge,1.0,{day(0)} 00:00:00",
    )
    assert countries(known(loaded, "docker")) == {"DE": 2}
    assert [left.reason for left in found.left_out] == ["1 row is no download"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("yesterday,DE,1.0.0,7", "line 3: 'yesterday' in `day` is no day that was"),
        ("2026-02-30,DE,1.0.0,7", "line 3: '2026-02-30' in `day` is no day that was"),
        ("2026-02-03,DE,1.0.0,-7", "line 3: '-7' in `downloads` is no count"),
        ("2026-02-03,DE,1.0.0", "line 3: it has 3 columns, and the header 4"),
        ("2026-02-01,DE,1.0.0,9", "line 3: it is about the same as an earlier line"),
        ('2026-02-01,"DE,1.0.0,9', "line 3: it is no CSV"),
        ("2026-02-01 nonsense,DE,1.0.0,9", "line 3: '2026-02-01 nonsense' in `day` is no day that was"),
        ("9999-12-30,DE,1.0.0,9", "line 3: '9999-12-30' in `day` is no day that was"),
        ("2026-02-01,DE,1.0.0,9223372036854775807", "line 3: it is about the same"),
        (f"2026-02-02,DE,1.0.0,{2**63}", "is no count"),
        ("2026-02-02,DE,1.1.0,9223372036854775807\n2026-02-02,DE,1.2.0,1", "line 4: its counts are too many"),
    ],
)
def test_nothing_of_a_file_with_a_bad_row_is_taken(loaded: Loaded, row: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        take(loaded, PYPI, "2026-02-01,DE,1.0.0,7", row)
    assert what in caught.value.message
    assert known(loaded, "pypi").countries == ()


def test_weeks_and_months_in_one_file_hold_the_same_downloads(loaded: Loaded) -> None:
    rest = "hello,hello/forge,hello,DE,aws,docker,1.0.0,30,5,35,1,9"
    with pytest.raises(ConfigError, match="weeks and months"):
        take(loaded, TRENDS, f"weekly,2026-02-02,{rest}", f"monthly,2026-02-01,{rest}")


def test_a_table_that_is_no_export_is_told_with_its_columns(loaded: Loaded) -> None:
    with pytest.raises(ConfigError, match=r"columns of export\.csv say nothing: name, stars") as caught:
        take(loaded, "name,stars", "hello,7")
    assert "trends report" in caught.value.hint


def test_a_file_that_is_no_text_is_told(loaded: Loaded) -> None:
    (loaded.root / "export.csv").write_bytes(b"day,country,count\n\xff\xfe\xff,DE,7\n")
    with pytest.raises(ConfigError, match="no text in UTF-8"):
        import_file(loaded, Path("export.csv"))


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "1970-01-01", "1999-12-31"])
def test_a_day_before_there_were_downloads_is_refused(loaded: Loaded, when: str) -> None:
    with pytest.raises(ConfigError, match="is no day that was"):
        take(loaded, PYPI, f"{when},DE,1.0.0,7")


@pytest.mark.parametrize("version", ["1.0\ud800", "1.0\0", "1" * 9000])
def test_a_version_that_no_ledger_can_hold_is_refused(loaded: Loaded, version: str) -> None:
    row = {"day": str(day(0)), "country_code": "DE", "version": version, "downloads": 7}
    with pytest.raises(ConfigError, match="is no version"):
        take(loaded, json.dumps(row), name="export.jsonl")


def test_whoever_waits_hears_how_much_is_read(loaded: Loaded) -> None:
    rows = [f"{day(0)},DE,1.0,1,{n}" for n in range(25_000)]
    (loaded.root / "export.csv").write_text("\n".join([f"{PYPI},installer", *rows, ""]), "utf-8")
    heard: list[float] = []
    import_file(loaded, Path("export.csv"), progress=heard.append)
    assert heard == sorted(heard)
    assert len(heard) == 3
    assert heard[0] < 0.5 < heard[-1] <= 1


def test_a_later_file_of_the_same_log_leaves_no_country_of_an_earlier_one(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)},CN,1.0.0,100", f"{day(0)},DE,1.0.0,10")
    found = take(loaded, PYPI, f"{day(0)},DE,1.0.0,3", f"{day(1)},DE,1.0.0,4", name="without-mirrors.csv")
    assert countries(known(loaded, "pypi")) == {"CN": 0, "DE": 7}
    assert [(taken.count, taken.parts) for taken in found.taken] == [(7, 1), (7, 1)]


def test_a_file_of_other_days_leaves_what_an_earlier_one_told(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)},CN,1.0.0,100")
    take(loaded, PYPI, f"{day(1)},DE,1.0.0,3", name="later.csv")
    assert countries(known(loaded, "pypi")) == {"CN": 100, "DE": 3}


def test_a_file_without_countries_says_nothing_of_them(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(0)},CN,1.0.0,100")
    take(loaded, "day,version,downloads", f"{day(0)},1.0.0,120", name="versions.csv")
    assert countries(known(loaded, "pypi")) == {"CN": 100}


def test_weeks_of_a_later_report_leave_no_country_of_an_earlier_one(loaded: Loaded) -> None:
    def row(country: str, pulls: int) -> str:
        return f"weekly,{day(0)},hello,hello/forge,hello,{country},aws,docker,1.0.0,{pulls},5,35,1,9"

    take(loaded, TRENDS, row("CN", 30), row("DE", 8))
    take(loaded, TRENDS, row("DE", 9), name="again.csv")
    assert countries(known(loaded, "docker")) == {"CN": 0, "DE": 9}


def test_a_file_that_ends_earlier_says_that_it_changes_no_known_day(loaded: Loaded) -> None:
    take(loaded, PYPI, f"{day(1)},DE,1.0.0,7", f"{day(2)},DE,1.0.0,3")
    found = take(loaded, PYPI, f"{day(0)},DE,1.0.0,5", f"{day(1)},DE,1.0.0,9", name="earlier.csv")
    assert countries(known(loaded, "pypi")) == {"DE": 15}
    assert [(left.field, left.reason) for left in found.left_out] == [
        ("hello-forge", f"days that a file up to {day(2)} told stay as they are")
    ]
