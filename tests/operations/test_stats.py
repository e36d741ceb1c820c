"""Collecting download counts, and telling them: through the ledger, from platforms that count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployforge_tasks.operations.stats import collect, downloads
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - DAY


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    CountingShelf.answers.clear()
    CountingShelf.asked.clear()
    with shelves("a", "b", "c", kind=CountingShelf):
        yield load_project(write_project(tmp_path / "project", {"a": {}, "b": {}, "c": {}}))


def test_what_platforms_tell_is_stored_and_read_again(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1, 2, 3], YESTERDAY))}
    found = collect(loaded, platforms=["a"])
    assert [(p.platform, p.outcome) for p in found.platforms] == [("a", "collected")]
    (a,) = downloads(loaded, YESTERDAY - 2 * DAY, YESTERDAY, platforms=["a"]).platforms
    assert a.daily is not None
    assert a.daily.counts == (1, 2, 3)
    assert (a.source, a.meaning, a.counted) == ("shelf", "what was fetched", 6)


def test_a_platform_without_counts_says_why(loaded: Loaded) -> None:
    (b,) = collect(loaded, platforms=["b"]).platforms
    assert (b.outcome, b.reason) == ("none", "a shelf counts nothing")
    (known,) = downloads(loaded, YESTERDAY, TODAY, platforms=["b"]).platforms
    assert (known.reason, known.daily, known.total) == ("a shelf counts nothing", None, None)


def test_a_platform_that_was_never_asked_says_so(loaded: Loaded) -> None:
    (a,) = downloads(loaded, YESTERDAY, TODAY, platforms=["a"]).platforms
    assert "not collected yet" in a.reason
