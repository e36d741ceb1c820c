"""A file that went: the day has what the others tell, and says that it is at least that."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.analytics.series import PlatformDownloads
from deployforge_tasks.cli.stats_json import as_json
from deployforge_tasks.cli.stats_table import lines
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.ledger.model import Scope, Try
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.download_table import downloads_csv
from deployforge_tasks.operations.stats import downloads
from tests.dashboard.site import Site, open_site
from tests.operations.counting_shelf import DAY, midnight


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made


def read(site: Site, day: date, **totals: int) -> None:
    """A collection shortly after the midnight at which a day begins."""
    at = midnight(day) + timedelta(minutes=10)
    ledger, here = Ledger.open(site.desk.ledger_url), Scope(site.desk.project, site.desk.loaded.profile)
    told = [_series(f"{name}.zip", count, at) for name, count in totals.items()]
    ledger.downloads().keep(here, "npm", told, at)
    ledger.downloads().record(here, Try("npm", at, "collected", "", None))
    ledger.close()


def _series(name: str, count: int, at: datetime) -> Series:
    return Series(Counter("github", name, Kind.TOTAL, headline=True), (Reading(at, count),), "downloads", "")


@pytest.fixture
def replaced(site: Site) -> Site:
    """`old.zip` went on the second of the last three days."""
    today = site.desk.now().date()
    read(site, today - 3 * DAY, hello=100, old=50)
    read(site, today - 2 * DAY, hello=110, old=55)
    read(site, today - DAY, hello=130)
    read(site, today, hello=135)
    return site


def known(site: Site) -> PlatformDownloads:
    today = site.desk.now().date()
    found = downloads(site.desk.loaded, today - 3 * DAY, today - DAY, ledger_url=site.desk.ledger_url)
    return next(one for one in found.platforms if one.platform == "npm")


def test_the_day_keeps_its_number_and_says_that_it_is_at_least_that(replaced: Site) -> None:
    daily, gone = known(replaced).daily, replaced.desk.now().date() - 2 * DAY
    assert daily is not None
    assert daily.counts == (15, 20, 5)
    assert dict(daily.reasons) == {gone: "at least: old.zip is gone"}


def test_days_before_and_after_are_complete(replaced: Site) -> None:
    today = replaced.desk.now().date()
    found = downloads(replaced.desk.loaded, today - DAY, today - DAY, ledger_url=replaced.desk.ledger_url)
    (daily,) = [one.daily for one in found.platforms if one.platform == "npm"]
    assert daily is not None
    assert not daily.reasons


def test_many_files_are_named_in_short(site: Site) -> None:
    today = site.desk.now().date()
    read(site, today - 3 * DAY, hello=1, a=1, b=1, c=1, d=1)
    read(site, today - 2 * DAY, hello=2, a=1, b=1, c=1, d=1)
    read(site, today - DAY, hello=3)
    daily = known(site).daily
    assert daily is not None
    assert daily.reasons[today - 2 * DAY] == "at least: a.zip, b.zip, c.zip and 1 more are gone"


def test_it_is_a_reason_in_the_csv_too(replaced: Site) -> None:
    today = replaced.desk.now().date()
    text = downloads_csv(replaced.desk.loaded, today - 3 * DAY, today - DAY, ledger_url=replaced.desk.ledger_url)
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["platform"] == "npm" and not row["version"]]
    assert [(row["count"], row["gap_reason"]) for row in rows] == [
        ("15", ""),
        ("20", "at least: old.zip is gone"),
        ("5", ""),
    ]


def test_the_dashboard_lists_the_day_beside_those_without_a_count(replaced: Site) -> None:
    text = replaced.client.get("/analytics?days=7").text
    row = text.split("Days with at least their count, by platform")[1].split("</table>")[0]
    assert "old.zip is gone" in row
    assert '<td class="num">20</td>' in row


def test_it_stands_in_the_json_and_beside_the_row_of_the_table(replaced: Site) -> None:
    today = replaced.desk.now().date()
    gone = today - 2 * DAY
    found = downloads(replaced.desk.loaded, today - 3 * DAY, today - DAY, ledger_url=replaced.desk.ledger_url)
    (npm,) = [one for one in as_json(found, found, None)["platforms"] if one["name"] == "npm"]
    assert npm["daily"]["reasons"] == {str(gone): "at least: old.zip is gone"}
    table = lines(found, found, {}, lambda text, _: text, at=replaced.desk.now(), width=None)
    (row,) = [line for line in table if line.strip().startswith("npm ")]
    assert f"on {gone} at least: old.zip is gone" in row
