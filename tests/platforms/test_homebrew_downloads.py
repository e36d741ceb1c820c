"""Homebrew: sums of 30, 90 and 365 days, of people who let it count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Audience, Kind
from deployforge_tasks.core.errors import NetworkError
from tests.support.counts import Counted, counted


@pytest.fixture
def homebrew(tmp_path: Path) -> Iterator[Counted]:
    with counted("homebrew", tmp_path) as case:
        yield case


def listing(*items: tuple[str, Any]) -> dict[str, Any]:
    return {"category": "install", "items": [{"formula": name, "count": number} for name, number in items]}


def test_the_formula_of_the_tap_has_three_windows(homebrew: Counted) -> None:
    series = homebrew.series()
    assert {s.counter.window_days: s.readings[0].count for s in series} == {30: 1234, 90: 3456, 365: 12345}
    assert {s.counter.kind for s in series} == {Kind.WINDOW}
    assert {s.counter.audience for s in series} == {Audience.OPTED_IN}
    assert {s.counter.subject for s in series} == {"hello-makers/tap/hello-forge"}


def test_only_the_shortest_window_is_the_headline(homebrew: Counted) -> None:
    assert [s.counter.window_days for s in homebrew.series() if s.counter.headline] == [30]


def test_a_formula_of_the_same_name_elsewhere_is_another_one(homebrew: Counted) -> None:
    homebrew.source.answers = {r"/install/\d+d\.json": listing(("hello-forge", "9"), ("others/tap/hello-forge", "8"))}
    assert homebrew.series() == []


def test_a_window_without_the_formula_is_no_zero(homebrew: Counted) -> None:
    whole = listing(("hello-makers/tap/hello-forge", "3"))
    homebrew.source.answers = {r"/install/365d\.json": whole, r"/install/\d+d\.json": listing(("openssl@3", "9"))}
    assert [(s.counter.window_days, s.readings[0].count) for s in homebrew.series()] == [(365, 3)]


@pytest.mark.parametrize("number", ["", "-3", "1,23", "1.234", "many", 1234, None, "12 ", "9" * 5000])
def test_what_is_no_number_with_commas_is_no_answer(homebrew: Counted, number: Any) -> None:
    homebrew.source.answers = {r"/install/\d+d\.json": listing(("hello-makers/tap/hello-forge", number))}
    with pytest.raises(NetworkError):
        homebrew.series()


def test_an_empty_list_is_no_answer(homebrew: Counted) -> None:
    homebrew.source.answers = {r"/install/\d+d\.json": listing()}
    with pytest.raises(NetworkError):
        homebrew.series()
