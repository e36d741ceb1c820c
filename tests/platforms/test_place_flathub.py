"""Flathub: installations by day are the figure; those by country are a total up to the same day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.downloads import Kind, Series, Unit
from deployforge_tasks.core.errors import NetworkError, StatusError
from deployforge_tasks.rehearsal.server import Reply
from tests.support.counts import days
from tests.support.places import APP, FLATHUB, Placed, placed

PATH = rf"/api/v2/stats/{APP}"


@pytest.fixture
def flathub(tmp_path: Path) -> Iterator[Placed]:
    with placed("flathub", tmp_path) as place:
        yield place


def headline(series: list[Series]) -> Series:
    (found,) = [one for one in series if one.counter.headline]
    return found


def test_the_figure_is_installations_by_day(flathub: Placed) -> None:
    found = headline(flathub.series())
    assert (found.counter.kind, found.counter.unit, found.counter.subject) == (Kind.DAILY, Unit.INSTALLS, APP)
    assert days(found) == {"2026-06-10": 5, "2026-06-12": 7, "2026-06-13": 9}


def test_every_day_that_flathub_has_is_asked_for(flathub: Placed) -> None:
    flathub.series(date(2026, 6, 13))
    (request,) = flathub.source.asked
    assert dict(request.query) == {"all": "true"}


def test_a_day_that_is_not_told_is_a_gap_and_no_zero(flathub: Placed) -> None:
    (gap,) = headline(flathub.series()).gaps
    assert (gap.first, gap.last) == (date(2026, 6, 11), date(2026, 6, 11))
    assert "Flathub tells nothing of this day" in gap.reason


def test_countries_are_totals_up_to_the_end_of_the_last_day_that_is_told(flathub: Placed) -> None:
    found = {s.counter.country: s for s in flathub.series() if s.counter.country}
    assert {name: (s.counter.kind, s.readings[0].count) for name, s in found.items()} == {
        "DE": (Kind.TOTAL, 800),
        "US": (Kind.TOTAL, 400),
    }
    assert {s.readings[0].at for s in found.values()} == {datetime(2026, 6, 14, tzinfo=UTC)}


def test_the_total_of_everything_stands_beside_the_days(flathub: Placed) -> None:
    (total,) = [s for s in flathub.series() if s.counter.kind is Kind.TOTAL and not s.counter.country]
    assert (total.readings[0].count, total.counter.headline) == (1234, False)


def test_an_application_that_flathub_does_not_know_has_no_counts(flathub: Placed) -> None:
    flathub.source.answers[PATH] = Reply(404, None)
    assert flathub.series() == []


def test_an_application_of_which_no_day_is_complete_has_no_countries_yet(flathub: Placed) -> None:
    flathub.source.answers[PATH] = {**FLATHUB, "installs_per_day": {}}
    assert not [s for s in flathub.series() if s.counter.country]


@pytest.mark.parametrize(
    "answer",
    [
        {**FLATHUB, "installs_per_day": {"2026-06-12": -1}},
        {**FLATHUB, "installs_per_day": {"12 June": 1}},
        {**FLATHUB, "installs_per_country": {"DE": "many"}},
        {**FLATHUB, "installs_total": None},
        {**FLATHUB, "id": "com.example.Another"},
        {"installs_total": 1},
        [],
    ],
    ids=["less than nothing", "no day", "no number", "no total", "another application", "no days", "a list"],
)
def test_what_is_not_clearly_a_count_is_an_error(flathub: Placed, answer: Any) -> None:
    flathub.source.answers[PATH] = Reply(200, answer)
    with pytest.raises(NetworkError) as caught:
        flathub.series()
    assert caught.value.code == "DF3230"


def test_a_source_that_is_down_tells_nothing(flathub: Placed) -> None:
    flathub.source.answers[PATH] = Reply(503, "down", {"Retry-After": "120"})
    with pytest.raises(StatusError) as caught:
        flathub.series()
    assert caught.value.retry_after == 120
