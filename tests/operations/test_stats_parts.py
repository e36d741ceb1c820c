"""Parts of a platform's downloads: from whichever source has them, never in the platform's figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.analytics.series import PlatformDownloads
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series, Unit
from deployforge_tasks.operations.stats import collect, downloads
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, midnight, told, total

NOW = datetime.now(UTC)
TODAY = NOW.date()
YESTERDAY = TODAY - DAY


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    CountingShelf.answers.clear()
    CountingShelf.asked.clear()
    with shelves("a", kind=CountingShelf):
        yield load_project(write_project(tmp_path / "project", {"a": {}}))


def level(*counts: int, last: date, settled: date | None = None, **more: Any) -> Series:
    """Devices that there were on the last days."""
    counter = Counter("store", "hello", Kind.LEVEL, Unit.DEVICES, **more)
    days = [last - n * DAY for n in reversed(range(len(counts)))]
    readings = tuple(Reading(midnight(day), count) for day, count in zip(days, counts, strict=True))
    return Series(counter, readings, "devices on that day", "http://127.0.0.1/levels", settled)


def window(count: int, days: int, **more: Any) -> Series:
    counter = Counter("shelf", "hello", Kind.WINDOW, window_days=days, **more)
    return Series(counter, (Reading(NOW, count),), "the last days", "http://127.0.0.1/window")


def after(loaded: Loaded, *series: Series, since: date = YESTERDAY) -> PlatformDownloads:
    """What is known after a source told that."""
    CountingShelf.answers["a"] = told(*series)
    assert collect(loaded, force=True).exit_code == 0
    (a,) = downloads(loaded, since, TODAY).platforms
    return a


def test_parts_of_the_headline_are_told_by_its_source(loaded: Loaded) -> None:
    a = after(loaded, daily([3], YESTERDAY, version="1.0"), daily([4], YESTERDAY, version="1.1"))
    assert [(p.name, p.source, p.daily and p.daily.sum) for p in a.versions] == [
        ("1.1", "shelf", 4),
        ("1.0", "shelf", 3),
    ]
    assert (a.daily and a.daily.sum) == 7


def test_another_source_tells_the_parts_that_the_headlines_lacks(loaded: Loaded) -> None:
    other: dict[str, Any] = {"source": "mirror log", "headline": False}
    a = after(
        loaded,
        daily([10], YESTERDAY),
        daily([25], YESTERDAY, **other),
        daily([20], YESTERDAY, country="DE", **other),
        daily([5], YESTERDAY, country="FR", **other),
    )
    assert [(p.name, p.source, p.daily and p.daily.sum) for p in a.countries] == [
        ("DE", "mirror log", 20),
        ("FR", "mirror log", 5),
    ]
    assert a.countries[0].meaning == "what was fetched"
    assert (a.source, a.daily and a.daily.sum, a.counted) == ("shelf", 10, 10)


def test_the_headlines_source_is_preferred_to_another(loaded: Loaded) -> None:
    a = after(
        loaded,
        daily([10], YESTERDAY),
        daily([9], YESTERDAY, version="1.0", headline=False),
        daily([30], YESTERDAY, version="1.0", source="mirror log", headline=False),
    )
    assert [(p.source, p.daily and p.daily.sum) for p in a.versions] == [("shelf", 9)]


def test_levels_are_parts_where_a_source_has_nothing_else(loaded: Loaded) -> None:
    a = after(
        loaded,
        daily([4], YESTERDAY, unit=Unit.DEVICES),
        level(30, 32, last=YESTERDAY, country="DE"),
        level(7, 8, last=YESTERDAY, country="FR"),
        since=YESTERDAY - DAY,
    )
    assert [(p.name, p.level and p.level.count, p.daily, p.total) for p in a.countries] == [
        ("DE", 32, None, None),
        ("FR", 8, None, None),
    ]
    assert (a.daily and a.daily.sum) == 4


def test_rolling_sums_are_parts_where_a_source_has_no_days(loaded: Loaded) -> None:
    a = after(loaded, daily([10], YESTERDAY), window(6, 7, version="1.0"), window(2, 7, version="1.1"))
    assert [(p.name, p.window and (p.window.days, p.window.count), p.daily) for p in a.versions] == [
        ("1.0", (7, 6), None),
        ("1.1", (7, 2), None),
    ]


def test_parts_are_told_where_there_is_no_figure(loaded: Loaded) -> None:
    a = after(loaded, level(30, last=YESTERDAY, version="1.0"))
    assert (a.daily, a.unit, [p.name for p in a.versions]) == (None, Unit.DEVICES, ["1.0"])


def test_a_level_has_its_days_and_is_of_the_last_final_one(loaded: Loaded) -> None:
    a = after(loaded, level(30, 31, 12, last=YESTERDAY, settled=YESTERDAY - DAY), since=YESTERDAY - 2 * DAY)
    (devices,) = a.levels
    assert (devices.count, devices.at.date()) == (31, YESTERDAY - DAY)
    assert devices.days is not None
    assert devices.days.counts == (30, 31, None, None)


def test_days_of_a_level_are_kept_from_one_collection_to_the_next(loaded: Loaded) -> None:
    after(loaded, level(30, 31, last=YESTERDAY - DAY))
    a = after(loaded, level(31, 40, last=YESTERDAY), since=YESTERDAY - 2 * DAY)
    (devices,) = a.levels
    assert (devices.count, devices.days and devices.days.counts) == (40, (30, 31, 40, None))


def test_a_level_that_is_no_more_told_is_no_part(loaded: Loaded) -> None:
    after(loaded, level(30, last=YESTERDAY, version="0.9"), level(5, last=YESTERDAY, version="1.0"))
    a = after(loaded, level(5, last=YESTERDAY, version="1.0"))
    assert [p.name for p in a.versions] == ["1.0"]


def test_levels_of_two_subjects_are_not_added(loaded: Loaded) -> None:
    one = level(30, last=YESTERDAY, version="1.0")
    a = after(
        loaded, one, Series(Counter("store", "other", Kind.LEVEL, Unit.DEVICES, version="1.0"), one.readings, "", "")
    )
    assert a.versions == ()


def test_totals_are_in_their_order_until_days_are_known(loaded: Loaded) -> None:
    a = after(loaded, total(3, NOW, version="1.0"), total(40, NOW, version="1.1"))
    assert [(p.name, p.total) for p in a.versions] == [("1.1", 40), ("1.0", 3)]
