"""The first 24 hours of a release: read every hour while it is new, told hour by hour, and nothing where it was not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from deployforge_tasks.analytics.digest import digest
from deployforge_tasks.analytics.insight import FirstHours, Kind
from deployforge_tasks.analytics.series import Daily
from deployforge_tasks.core.downloads import Series
from deployforge_tasks.graph.context import ledger_url
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import open_engine, writing
from deployforge_tasks.ledger.model import Scope
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.first_hours import first_hours
from deployforge_tasks.operations.insights import insights
from deployforge_tasks.operations.report import report
from deployforge_tasks.operations.stats import collect, downloads, due
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import load_project, shelves, write_project
from tests.operations.counting_shelf import CountingShelf, daily, told, total
from tests.operations.remembering import noon, remember_run

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = datetime.now(UTC).date()
#: The day on which v1.0.0 came out, at noon.
DATE = TODAY - 3 * DAY
FILE = {"source": "github", "subject": "hello.zip", "version": "1.0.0"}
IMAGE = {"source": "docker hub", "subject": "hello/forge"}


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    CountingShelf.answers.clear()
    with shelves("github", "docker", kind=CountingShelf):
        yield load_project(write_project(tmp_path / "project", {"github": {}, "docker": {}}))


def release(loaded: Loaded, platform: str, day: date = DATE, version: str = "1.0.0") -> None:
    remember_run(loaded, version, day, [(platform, "publish", "ok", 1.0)], seconds=1.0)


def keep(loaded: Loaded, platform: str, at: datetime, *series: Series) -> None:
    with closing(Ledger.open(ledger_url(loaded))) as ledger:
        ledger.downloads().keep(Scope(loaded.project.name, loaded.profile), platform, series, at)


def read_hourly(loaded: Loaded, hours: range = range(27)) -> None:
    """Sixty pulls an hour since noon, read ten minutes after each full hour."""
    for hour in hours:
        at = noon(DATE) + hour * HOUR + HOUR / 6
        keep(loaded, "docker", at, total(1000 + 60 * hour + 10, at, **IMAGE))


def found(loaded: Loaded) -> list[FirstHours]:
    return list(first_hours(loaded, downloads(loaded, DATE - 60 * DAY, TODAY)))


def test_the_downloads_of_a_whole_platform_are_counted_from_the_first_reading_on(loaded: Loaded) -> None:
    release(loaded, "docker")
    read_hourly(loaded)
    (curve,) = found(loaded)
    assert curve.counts == (None, *(60 * hour - 10 for hour in range(1, 25)))
    assert (curve.own, round(curve.missed * 60)) == (False, 10)


def test_a_versions_own_total_begins_at_zero(loaded: Loaded) -> None:
    release(loaded, "github")
    for hour in range(27):
        at = noon(DATE) + hour * HOUR
        keep(loaded, "github", at, total(60 * hour, at, **FILE))
    (curve,) = found(loaded)
    assert curve.counts == tuple(60 * hour for hour in range(25))
    assert (curve.own, curve.missed) == (True, 0.0)


def test_files_of_one_version_are_added_up(loaded: Loaded) -> None:
    release(loaded, "github")
    for hour in range(27):
        at = noon(DATE) + hour * HOUR
        files = [total(hour * n, at, **{**FILE, "subject": f"hello-{n}.zip"}) for n in (1, 2)]
        keep(loaded, "github", at, *files)
    assert found(loaded)[0].counts[24] == 72


def test_hours_between_readings_that_are_far_apart_are_not_known(loaded: Loaded) -> None:
    release(loaded, "docker")
    read_hourly(loaded, range(5))
    read_hourly(loaded, range(10, 27))
    (curve,) = found(loaded)
    assert [hour for hour, count in enumerate(curve.counts) if count is None] == [0, 5, 6, 7, 8, 9, 10]


def test_a_counter_that_falls_ends_the_curve(loaded: Loaded) -> None:
    release(loaded, "docker")
    read_hourly(loaded, range(5))
    at = noon(DATE) + 5 * HOUR
    keep(loaded, "docker", at, total(3, at, **IMAGE))
    (curve,) = found(loaded)
    assert curve.counts[5:] == (None,) * 20
    assert curve.reason == f"at {at:%Y-%m-%d %H:%M} UTC a counter fell, or was not told any more"


def test_a_file_that_is_deleted_ends_the_curve(loaded: Loaded) -> None:
    release(loaded, "github")
    for hour in range(27):
        at = noon(DATE) + hour * HOUR
        files = [total(hour, at, **{**FILE, "subject": f"hello-{n}.zip"}) for n in (1, 2)]
        keep(loaded, "github", at, *files[: 2 if hour < 6 else 1])
    (curve,) = found(loaded)
    assert curve.counts[5:7] == (10, None)
    assert any("not told any more" in one.reason for one in insights(loaded, until=TODAY - DAY).unknown)


def test_an_image_that_is_read_later_counts_from_then_on(loaded: Loaded) -> None:
    release(loaded, "docker")
    for hour in range(27):
        at = noon(DATE) + hour * HOUR
        images = [total(10 * hour, at, **IMAGE), total(1_000_000, at, source="docker hub", subject="hello/other")]
        keep(loaded, "docker", at, *images[: 1 if hour < 3 else 2])
    assert found(loaded)[0].counts[24] == 240


def test_a_version_that_others_published_may_have_been_there_before(loaded: Loaded) -> None:
    release(loaded, "docker")
    engine = open_engine(ledger_url(loaded))
    with writing(engine) as connection:
        connection.execute(update(tables.receipts).values(kind="seen"))
    engine.dispose()
    read_hourly(loaded)
    assert found(loaded) == []


def test_readings_on_both_sides_of_a_release_tell_its_beginning(loaded: Loaded) -> None:
    release(loaded, "docker")
    before = noon(DATE) - HOUR / 2
    keep(loaded, "docker", before, total(1000 - 30, before, **IMAGE))
    read_hourly(loaded)
    (curve,) = found(loaded)
    assert (curve.counts[0], curve.counts[24], curve.missed) == (0, 24 * 60, 0.0)


def test_two_releases_in_the_same_hours_cannot_be_told_apart(loaded: Loaded) -> None:
    release(loaded, "docker")
    release(loaded, "docker", DATE + DAY, "1.0.1")
    read_hourly(loaded, range(50))
    assert found(loaded) == []


def test_a_total_that_is_read_too_late_is_no_beginning(loaded: Loaded) -> None:
    release(loaded, "docker")
    read_hourly(loaded, range(2, 27))
    assert not any(found(loaded)[0].counts)
    made = insights(loaded, until=TODAY - DAY)
    assert any("every hour on the day of a release" in one.reason for one in made.unknown)


def test_days_are_the_same_as_without_the_hours(loaded: Loaded) -> None:
    release(loaded, "docker")
    midnights = [noon(DATE) - 12 * HOUR + number * DAY for number in range(3)]
    for at in midnights:
        keep(loaded, "docker", at, total(round((at - midnights[0]) / HOUR), at, **IMAGE))
    before = downloads(loaded, DATE, DATE + DAY, platforms=["docker"]).platforms[0].daily
    for hour in range(12, 39):
        at = midnights[0] + hour * HOUR + HOUR / 60
        keep(loaded, "docker", at, total(hour, at, **IMAGE))
    after = downloads(loaded, DATE, DATE + DAY, platforms=["docker"]).platforms[0].daily
    assert before == after == Daily(DATE, (24, 24), before.reasons if before else {})


def test_the_day_is_right_while_it_is_read_hour_by_hour(loaded: Loaded) -> None:
    release(loaded, "docker")
    at = noon(DATE) - 12 * HOUR
    keep(loaded, "docker", at, total(0, at, **IMAGE))
    for hour in range(12, 39):
        at = noon(DATE) + (hour - 12) * HOUR
        keep(loaded, "docker", at, total(hour, at, **IMAGE))
    daily = downloads(loaded, DATE, DATE, platforms=["docker"]).platforms[0].daily
    assert daily is not None
    assert daily.counts == (24,)


def test_hours_of_other_days_are_forgotten(loaded: Loaded) -> None:
    read_hourly(loaded)
    release(loaded, "docker")
    assert not any(found(loaded)[0].counts)


def test_while_a_version_is_new_totals_are_due_every_hour(loaded: Loaded) -> None:
    CountingShelf.answers["docker"] = told(total(7, datetime.now(UTC), **IMAGE))
    CountingShelf.answers["github"] = told(daily([7], TODAY - DAY))
    collect(loaded)
    for platform in ("docker", "github"):
        release(loaded, platform, TODAY)
    assert due(loaded, now=datetime.now(UTC) + HOUR / 2) == []
    assert due(loaded, now=datetime.now(UTC) + HOUR) == ["docker"]


def test_a_platform_that_counted_nothing_before_its_first_version_is_asked_every_hour(loaded: Loaded) -> None:
    CountingShelf.answers["docker"] = told()
    CountingShelf.answers["github"] = told()
    collect(loaded)
    release(loaded, "docker", TODAY)
    assert due(loaded, now=datetime.now(UTC) + HOUR) == ["docker"]


def test_when_a_version_is_old_totals_are_due_as_often_as_the_project_says(loaded: Loaded) -> None:
    CountingShelf.answers["docker"] = told(total(7, datetime.now(UTC), **IMAGE))
    CountingShelf.answers["github"] = told(daily([7], TODAY - DAY))
    collect(loaded)
    release(loaded, "docker", TODAY - 3 * DAY)
    assert due(loaded, now=datetime.now(UTC) + 2 * HOUR) == []


def test_asking_again_within_the_hour_is_asking_too_often(loaded: Loaded) -> None:
    CountingShelf.answers["docker"] = told(total(7, datetime.now(UTC), **IMAGE))
    release(loaded, "docker", TODAY)
    collect(loaded, platforms=["docker"])
    assert [one.outcome for one in collect(loaded, platforms=["docker"]).platforms] == ["fresh"]


def test_a_whole_first_day_is_said_beside_those_before(loaded: Loaded) -> None:
    for number, day in enumerate(DATE - 10 * n * DAY for n in (4, 3, 2, 1, 0)):
        release(loaded, "github", day, f"1.{number}.0")
        for hour in range(27):
            at = noon(day) + hour * HOUR
            counter = {**FILE, "subject": f"hello-{number}.zip", "version": f"1.{number}.0"}
            keep(loaded, "github", at, total((number + 1) * hour, at, **counter))
    sentences = [one.sentence for one in insights(loaded, until=TODAY - DAY).found if one.kind is Kind.LAUNCH]
    assert sentences == ["Shelf: v1.4.0 had 120 downloads in its first 24 hours; the middle one of 4 before it had 60"]


def test_a_digest_tells_the_first_day_of_what_came_out_in_its_week(loaded: Loaded) -> None:
    release(loaded, "github")
    for hour in range(27):
        at = noon(DATE) + hour * HOUR
        keep(loaded, "github", at, total(10 * hour, at, **FILE))
    week = digest(report(loaded, since=DATE, until=TODAY - DAY))
    told_of = {section.title: section.entries for section in week.sections}
    assert "Shelf: v1.0.0 had 240 downloads in its first 24 hours" in told_of["In these days"]


def test_a_day_that_was_not_read_hour_by_hour_is_not_known(loaded: Loaded) -> None:
    release(loaded, "github")
    for at in (noon(DATE) + 20 * HOUR, noon(DATE) + 44 * HOUR):
        keep(loaded, "github", at, total(50, at, **FILE))
    made = insights(loaded, until=TODAY - DAY)
    assert not [one for one in made.found if one.kind is Kind.LAUNCH]
    assert any("every hour on the day of a release" in one.reason for one in made.unknown)
