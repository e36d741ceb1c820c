"""Taking over figures of earlier scripts into the ledger: once, of their own moment, and in no other number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.stats import collect, downloads
from deployforge_tasks.operations.stats_import import import_file
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told, total

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=10)
CRATE = {"source": "crates", "subject": "hello", "headline": True}


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    CountingShelf.answers.clear()
    with shelves("npm", "crates", kind=CountingShelf):
        yield load_project(write_project(tmp_path / "project", {"npm": {}, "crates": {}}))


def write(loaded: Loaded, **numbers: int) -> Path:
    file = loaded.root / "download_stats.json"
    file.write_text(json.dumps({"last_updated": OLD.isoformat(), "github_releases": 0, **numbers}), "utf-8")
    return file


def test_a_total_is_the_reading_of_its_day(loaded: Loaded) -> None:
    CountingShelf.answers["crates"] = told(total(142, NOW, **CRATE))
    collect(loaded, platforms=["crates"])
    found = import_file(loaded, write(loaded, crates_io=42))
    assert [(t.platform, t.kind, t.count, t.new) for t in found.taken] == [("crates", "total", 42, True)]
    (crates,) = downloads(loaded, OLD.date() - 2 * DAY, NOW.date(), platforms=["crates"]).platforms
    assert crates.total == 142
    assert crates.daily is not None
    assert crates.daily.sum == 100
    assert all(count is None for count in crates.daily.counts)


def test_doing_it_again_changes_nothing(loaded: Loaded) -> None:
    CountingShelf.answers["crates"] = told(total(142, NOW, **CRATE))
    collect(loaded, platforms=["crates"])
    file = write(loaded, crates_io=42)
    import_file(loaded, file)
    before = downloads(loaded, OLD.date(), NOW.date())
    assert [t.new for t in import_file(loaded, file).taken] == [False]
    assert downloads(loaded, OLD.date(), NOW.date()) == before


def test_a_rolling_sum_is_added_to_nothing(loaded: Loaded) -> None:
    CountingShelf.answers["npm"] = told(daily([5], NOW.date() - DAY, source="npm"))
    collect(loaded, platforms=["npm"])
    import_file(loaded, write(loaded, npm=1876))
    (npm,) = downloads(loaded, OLD.date(), NOW.date(), platforms=["npm"]).platforms
    assert (npm.daily and npm.daily.sum, npm.counted, npm.total) == (5, 5, None)


def test_a_number_of_which_nobody_knows_what_it_counts_waits_for_the_first_collection(loaded: Loaded) -> None:
    file = write(loaded, crates_io=42)
    (left,) = [one for one in import_file(loaded, file).left_out if one.field == "crates_io"]
    assert "does not say of what" in left.reason
    CountingShelf.answers["crates"] = told(total(142, NOW, **CRATE))
    collect(loaded, platforms=["crates"])
    assert [t.count for t in import_file(loaded, file).taken] == [42]


def test_a_platform_that_the_project_has_not_is_left_out(loaded: Loaded) -> None:
    (left,) = [one for one in import_file(loaded, write(loaded, pypi=7)).left_out if one.field == "pypi"]
    assert left.reason == "pypi is not in deployforge.yml"


def test_a_relative_name_begins_in_the_projects_folder(loaded: Loaded) -> None:
    write(loaded)
    assert import_file(loaded, Path("download_stats.json")).taken == ()


@pytest.mark.parametrize(
    ("content", "code"), [(None, None), (b"\xff\xfe\x00", None), (b" " * (1 << 20) + b"{}", "DF3334")]
)
def test_a_file_that_cannot_be_read_is_told(loaded: Loaded, content: bytes | None, code: str | None) -> None:
    file = loaded.root / "stats.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        import_file(loaded, file)
    assert code in (None, caught.value.code)
