"""Costs from measured runs, and what they say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from deployforge_tasks.analytics.answers import answer
from deployforge_tasks.analytics.costs import CostTable, Size, Work, cost_table
from deployforge_tasks.analytics.insight import Kind
from deployforge_tasks.analytics.series import Downloads, Level, PlatformDownloads, Slice
from deployforge_tasks.analytics.worth import costs, dear, geography, missing
from deployforge_tasks.core.downloads import Unit
from deployforge_tasks.project.schema_analytics import Costs
from tests.analytics.planted import FIRST, platform, released

LAST = FIRST + timedelta(days=99)
RELEASES = released([0, 50], ("npm", "pypi", "github", "snap"))


def known(*platforms: PlatformDownloads) -> Downloads:
    return Downloads("hello", "", FIRST, LAST, platforms, RELEASES)


def table(downloads: Downloads, prices: object, runs: tuple[Work, ...] = (), **sizes: Size) -> CostTable:
    by = {(name, "1.0.0"): size for name, size in sizes.items()}
    return cost_table(downloads, Costs.model_validate(prices), runs, by)


def flat(name: str, a_day: float, **more: object) -> PlatformDownloads:
    return platform(np.full(100, a_day), name, **more)  # type: ignore[arg-type]


def run(seconds: float, version: str = "1.0.0", **platforms: float) -> Work:
    return Work(version, datetime(2026, 1, 5, tzinfo=UTC), seconds, platforms)


def test_a_run_is_paid_by_the_clock_and_shared_by_what_its_platforms_took() -> None:
    found = table(known(flat("npm", 10), flat("pypi", 10)), {"minute": 0.5}, (run(600, npm=300, pypi=900),))
    assert [(p.amounts.minutes, p.amounts.ci) for p in found.platforms] == [(2.5, 1.25), (7.5, 3.75)]
    assert found.releases[0].platforms == {"npm": 1.25, "pypi": 3.75}
    assert found.releases[0].amount == 5.0


def test_fees_are_of_the_time_and_of_its_releases() -> None:
    found = table(known(flat("npm", 10)), {"platforms": {"npm": {"monthly": 10, "yearly": 120, "release": 3}}})
    assert found.platforms[0].amounts.fees == pytest.approx(20 * 100 / 30.44 + 6)
    assert found.monthly == pytest.approx(20 + 6 / (100 / 30.44))


def test_storage_is_what_was_packaged_from_its_release_on() -> None:
    prices = {"platforms": {"npm": {"storage": 2}}}
    (npm,) = table(known(flat("npm", 10)), prices, npm=Size(2, 3_000_000_000)).platforms
    assert npm.amounts.storage == pytest.approx(3 * 2 * 99.5 / 30.44)
    assert npm.notes == ("storage: 1 of 2 releases were packaged before sizes were noted",)


def test_traffic_is_one_file_a_download() -> None:
    prices = {"platforms": {"npm": {"traffic": 0.1}}}
    (npm,) = table(known(flat("npm", 10)), prices, npm=Size(2, 100_000_000)).platforms
    assert npm.amounts.traffic == pytest.approx(1000 * 0.05 * 0.1)
    assert npm.per_thousand == pytest.approx(5.0)


def test_what_is_not_measured_is_not_zero() -> None:
    prices = {"platforms": {"npm": {"traffic": 0.1, "storage": 1}}}
    (npm,) = table(known(flat("npm", 10)), prices).platforms
    assert (npm.amounts.traffic, npm.amounts.storage) == (None, None)
    (unknown,) = table(known(platform(None, "npm")), prices).platforms
    assert (unknown.downloads, unknown.per_thousand) == (None, None)


def test_a_thousand_downloads_cost_what_was_spent_while_they_were_counted() -> None:
    prices = {"platforms": {"npm": {"monthly": 30.44}}}
    (half,) = table(known(platform([None] * 50 + [10.0] * 50, "npm")), prices).platforms
    assert half.downloads == 500
    assert half.amounts.total == pytest.approx(100)
    assert half.per_thousand == pytest.approx(100)


def test_more_than_the_budget_comes_first() -> None:
    prices = {"budget": 5, "platforms": {"npm": {"monthly": 9}}}
    (found,) = costs(table(known(flat("npm", 10)), prices)).found
    assert found.sentence == "Releasing costs about 9.00 USD a month, more than the budget of 5.00 USD"
    assert found.weight == 0.9


def test_without_prices_nothing_is_said_of_costs() -> None:
    answers = costs(table(known(flat("npm", 10)), {}))
    assert answers.found == ()
    assert "no prices" in answers.unknown[0].reason


def test_where_nothing_was_spent_no_amount_is_said() -> None:
    answers = costs(table(known(flat("npm", 10)), {"minute": 1}))
    assert answers.found == ()
    assert answers.unknown[0].reason == "nothing was spent: no run, no fee in these days"


DEAR = {"platforms": {name: {"monthly": 5} for name in ("npm", "pypi", "snap", "github")}}


def test_a_platform_that_brings_little_for_its_cost_is_named() -> None:
    downloads = known(flat("npm", 40), flat("pypi", 30), flat("github", 50), platform([1.0] * 20 + [0.0] * 80, "snap"))
    (found,) = dear(table(downloads, DEAR)).found
    assert found.platforms == ("snap",)
    assert found.sentence.startswith("snap is dear for what it brings: 16.43 USD for 20 downloads in 100 days")
    assert found.caution.startswith("who installs from there may have no other way")


@pytest.mark.parametrize(
    "last",
    [
        flat("snap", 8),  # not ten times dearer
        platform([1.0] * 20 + [None] * 79 + [0.0], "snap"),  # mostly not known
        flat("snap", 0.0, unit=Unit.INSTALLS),  # another unit
    ],
)
def test_a_platform_is_not_named_without_evidence(last: PlatformDownloads) -> None:
    downloads = known(flat("npm", 40), flat("pypi", 30), flat("github", 50), last)
    assert dear(table(downloads, DEAR)).found == ()


def files(**targets: int) -> Downloads:
    parts = tuple(Slice(name.replace("_", "/"), None, total) for name, total in targets.items())
    return known(flat("github", 10, targets=parts))


def test_a_system_whose_package_manager_is_not_served_is_named() -> None:
    (found,) = missing(files(windows_amd64=300, windows_arm64=50, linux_amd64=600), ("github", "npm", "aur")).found
    assert found.sentence == (
        "37 % of the release files fetched from github are for Windows, and no package manager of that system is "
        "served: scoop or chocolatey could be"
    )
    assert "a download is no wish" in found.caution


@pytest.mark.parametrize(
    ("counts", "served"),
    [({"windows_amd64": 300, "linux_amd64": 10}, ("scoop", "snap")), ({"windows_amd64": 60}, ()), ({}, ())],
)
def test_a_system_that_is_served_or_hardly_used_is_not(counts: dict[str, int], served: tuple[str, ...]) -> None:
    assert missing(files(**counts), served).found == ()


def test_countries_are_told_where_a_source_has_them_and_nowhere_else() -> None:
    places = (Slice("DE", None, 60), Slice("US", None, 30), Slice("FR", None, 10))
    answers = geography(known(flat("snap", 1, countries=places), flat("npm", 10)))
    assert answers.found[0].sentence == "snap's downloads come from 3 countries: DE 60 %, US 30 %, FR 10 %"
    assert [(u.platforms, u.reason) for u in answers.unknown] == [(("npm",), "not published by this source")]


def test_a_country_without_downloads_in_these_days_is_none_that_they_come_from() -> None:
    places = (Slice("DE", None, 60), Slice("US", None, 0))
    (found,) = geography(known(flat("snap", 1, countries=places))).found
    assert found.sentence == "snap's downloads come from 1 country: DE 100 %"


def test_countries_of_devices_and_of_another_source_say_so() -> None:
    at = datetime(2026, 4, 1, tzinfo=UTC)
    devices = tuple(Slice(c, level=Level(Unit.DEVICES, n, at), source="store") for c, n in (("DE", 30), ("US", 10)))
    log = (Slice("JP", None, 9, source="a log", meaning="every download, mirrors included", url="https://log.example"),)
    first, second = geography(known(flat("snap", 1, countries=devices), flat("pypi", 1, countries=log))).found
    assert first.sentence == "snap's devices come from 2 countries: DE 75 %, US 25 %"
    assert "told by a log: every download, mirrors included" in second.caution
    assert [fact.url for fact in second.evidence] == ["https://log.example"]


def nothing(name: str, first: date, last: date) -> tuple[str, ...]:
    return ()


def test_of_a_dead_channel_only_its_death_is_told() -> None:
    rng = np.random.default_rng(1)
    dead = rng.poisson(40, 100).astype(float)
    dead[-20:] = 0
    downloads = known(platform(dead, "npm"), flat("pypi", 10))
    found = answer(downloads, table(downloads, {}), ("npm",), nothing)
    assert found.found[0].kind is Kind.SILENCE
    assert not [one for one in found.found if one.kind in (Kind.GROWTH, Kind.FORECAST) and "npm" in one.platforms]
    assert [one.platform for one in found.forecasts] in ([], ["pypi"])


def test_units_are_never_added() -> None:
    downloads = known(flat("npm", 40), flat("pypi", 10), flat("docker", 900, unit=Unit.PULLS))
    found = answer(downloads, table(downloads, {}), ("npm",), nothing)
    (leading,) = [one for one in found.found if "has the most" in one.sentence]
    assert leading.sentence == (
        "npm has the most downloads: 40 a day, 80 % of what the 2 platforms that count downloads by day have"
    )


def test_a_first_day_is_not_compared_with_a_year() -> None:
    downloads = known(flat("npm", 40), platform([500], "pypi", first=LAST))
    found = answer(downloads, table(downloads, {}), ("npm",), nothing)
    assert not [one for one in found.found if "has the most" in one.sentence]


def test_platforms_are_compared_by_the_same_days() -> None:
    was_loud = np.r_[np.full(50, 500), np.full(50, 10)]
    downloads = known(platform(was_loud, "npm"), platform(np.full(50, 30), "pypi", first=FIRST + timedelta(days=50)))
    found = answer(downloads, table(downloads, {}), ("npm",), nothing)
    (leading,) = [one for one in found.found if "has the most" in one.sentence]
    assert leading.sentence.startswith("pypi has the most downloads: 30 a day, 75 %")
    assert {fact.name: fact.value for fact in leading.evidence}["days"] == 50


def test_a_platform_without_counts_tells_why() -> None:
    downloads = known(platform(None, "scoop", reason="a git repository counts nothing"))
    found = answer(downloads, table(downloads, {}), ("scoop",), nothing)
    assert (Kind.GROWTH, ("scoop",), "a git repository counts nothing") in [
        (u.kind, u.platforms, u.reason) for u in found.unknown
    ]
