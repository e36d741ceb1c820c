"""The pages about numbers: downloads, insights, countries, costs and business; and the doctor."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.core.downloads import Counter, Gap, Kind, Reading, Series, Unit
from deployforge_tasks.core.presence import Presence, State
from deployforge_tasks.ledger.model import Scope, Try
from deployforge_tasks.ledger.store import Key, Ledger
from deployforge_tasks.operations.installation import Plugin
from deployforge_tasks.project.remembered import Remembered
from tests.dashboard.people import open_people
from tests.dashboard.site import Site, keep_downloads, keep_first_day, open_site
from tests.operations.remembering import remember_run

DAYS = 120


def series(site: Site, counter: Counter, amount: int, meaning: str = "every download") -> Series:
    """The same amount on each of the last days."""
    today = site.desk.now().date()
    moments = [datetime.combine(today - timedelta(days=n), time(), UTC) for n in range(DAYS, 0, -1)]
    return Series(counter, tuple(Reading(at, amount) for at in moments), meaning, "https://counts.example/hello")


@pytest.fixture
def counted(site: Site) -> Site:
    """Two platforms with days, one of them by version and country, and one with a total."""
    npm = Counter("npm", "hello", Kind.DAILY, headline=True)
    keep_downloads(site, "npm", series(site, npm, 100))
    pypi = Counter("pypistats", "hello", Kind.DAILY, headline=True)
    versions = [Counter("clickpy", "hello", Kind.DAILY, version=name) for name in ("1.0.0", "1.1.0")]
    countries = [Counter("clickpy", "hello", Kind.DAILY, country=name) for name in ("SE", "NO")]
    parts = [series(site, one, 20 + n, "rows of the log") for n, one in enumerate([*versions, *countries])]
    keep_downloads(site, "pypi", series(site, pypi, 50), *parts)
    total = Counter("Docker Hub", "hello", Kind.TOTAL, unit=Unit.PULLS, headline=True)
    keep_downloads(
        site, "docker", Series(total, (Reading(site.desk.now(), 4321),), "every pull", "https://hub.example")
    )
    return site


def failed(site: Site, platform: str, reason: str) -> None:
    """A platform was asked, and did not answer."""
    ledger = Ledger.open(site.desk.ledger_url)
    here = Scope(site.desk.project, site.desk.loaded.profile)
    ledger.downloads().record(here, Try(platform, site.desk.now(), "failed", reason, None))
    ledger.close()


def text(site: Site, path: str) -> str:
    """What a page says, without its markup and pictures."""
    found = site.client.get(path, headers={"accept": "text/html"})
    assert found.status_code == 200, found.text
    without = re.sub(r"<svg.*?</svg>", "", found.text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", without)).split())


def row(site: Site, path: str, name: str) -> str:
    """The row of a platform in the table of a page that tells what each number is."""
    table = site.client.get(path).text.partition("What the number is")[2]
    found = next(part for part in table.split("<tr>") if f'<th scope="row">{name}' in part)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found)).split())


def test_downloads_stand_in_a_chart_and_in_a_table_with_what_each_number_is(counted: Site) -> None:
    page = counted.client.get("/analytics").text
    assert page.count('role="img"') == 1
    npm = row(counted, "/analytics", "npm")
    assert npm.startswith("npm 3,000 67 % +0 % +0 %")
    assert "npm : every download" in npm


def test_a_total_is_never_added_to_the_days_of_others(counted: Site) -> None:
    docker = row(counted, "/analytics", "Docker")
    assert "4,321" in docker
    assert "%" not in docker


def test_the_whole_is_told_by_unit_and_against_the_days_before(counted: Site) -> None:
    today = counted.desk.now()
    npm = Counter("npm", "hello", Kind.DAILY, headline=True)
    days = [(number, 200 if number <= 30 else 100) for number in range(90, 0, -1)]
    readings = tuple(Reading(datetime.combine(today.date() - timedelta(days=n), time(), UTC), c) for n, c in days)
    keep_downloads(counted, "npm", Series(npm, readings, "every download", ""))
    said = text(counted, "/analytics")
    assert "Downloads on 2 platforms 7,500 +67 % a day against the 30 days before" in said


def test_a_week_is_compared_with_the_one_before_whatever_period_is_chosen(counted: Site) -> None:
    today = counted.desk.now()
    npm = Counter("npm", "hello", Kind.DAILY, headline=True)
    days = [(number, 150 if number <= 7 else 100) for number in range(30, 0, -1)]
    readings = tuple(Reading(datetime.combine(today.date() - timedelta(days=n), time(), UTC), c) for n, c in days)
    keep_downloads(counted, "npm", Series(npm, readings, "every download", ""))
    for period in ("days=7", "days=90"):
        assert "+50 %" in row(counted, f"/analytics?{period}", "npm")


def test_units_that_differ_have_charts_of_their_own(counted: Site) -> None:
    pulls = Counter("Docker Hub", "hello", Kind.DAILY, unit=Unit.PULLS, headline=True)
    keep_downloads(counted, "docker", series(counted, pulls, 7))
    titles = re.findall(r"<figcaption>(\w+) by platform", counted.client.get("/analytics").text)
    assert titles == ["Downloads", "Pulls"]


def test_a_source_that_failed_says_why_and_keeps_what_it_told_before(counted: Site) -> None:
    failed(counted, "pypi", "the source answered 503")
    pypi = row(counted, "/analytics", "PyPI")
    assert pypi.startswith("PyPI 1,500 ")
    assert pypi.endswith("UTC")
    assert "the source answered 503" in pypi


def test_days_without_a_count_stand_with_the_reason(site: Site) -> None:
    npm = Counter("npm", "hello", Kind.DAILY, headline=True)
    told = series(site, npm, 100)
    days = {told.readings[-5].at, told.readings[-4].at}
    gap = Gap(min(days).date(), max(days).date(), "the source lost them")
    readings = tuple(one for one in told.readings if one.at not in days)
    keep_downloads(site, "npm", replace(told, readings=readings, gaps=(gap,)))
    assert f"npm {gap.first} {gap.last} the source lost them" in text(site, "/analytics")


def test_a_release_of_these_days_leads_to_its_runs(counted: Site) -> None:
    ledger = Ledger.open(counted.desk.ledger_url)
    there = Presence(State.SAME, "it is there")
    ledger.record_presence(Key(counted.desk.project, "", "npm", "2.0.0"), there)
    ledger.close()
    today = counted.desk.now().date()
    week = f"since={today - timedelta(days=7)}&until={today}"
    assert 'href="/runs?version=2.0.0"' in counted.client.get(f"/analytics?{week}").text


def test_every_day_can_be_had_as_csv(counted: Site) -> None:
    yesterday = counted.desk.now().date() - timedelta(days=1)
    answer = counted.client.get("/analytics.csv?days=7")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f"{yesterday},npm,npm,downloads,daily,,,,100," in answer.text.splitlines()


def test_what_is_out_of_the_ordinary_stands_beside_the_numbers_once_it_is_known(counted: Site) -> None:
    told = series(counted, Counter("npm", "hello", Kind.DAILY, headline=True), 1000)
    readings = [replace(one, count=50 if 3 <= n < 6 else one.count) for n, one in enumerate(reversed(told.readings))]
    keep_downloads(counted, "npm", replace(told, readings=tuple(reversed(readings))))
    counted.app.state.known_insights.by_itself = True
    first = counted.client.get("/analytics").text
    assert 'data-fresh="unusual" data-live' in first
    smaller = html.unescape(first.split('data-fresh-from="')[1].split('"')[0])
    assert "Looking" in text(counted, smaller)
    counted.app.state.known_insights.wait(60)
    assert "npm fell from" in text(counted, smaller)
    assert "npm fell from" in text(counted, "/analytics")
    assert "npm fell from" not in text(counted, f"/analytics?until={told.readings[-30].at:%Y-%m-%d}")


def test_a_period_is_chosen_in_the_address(counted: Site) -> None:
    assert row(counted, "/analytics?days=7", "npm").startswith("npm 700 ")
    since = counted.desk.now().date() - timedelta(days=10)
    until = since + timedelta(days=1)
    assert row(counted, f"/analytics?since={since}&until={until}", "npm").startswith("npm 200 ")


@pytest.mark.parametrize("query", ["days=0", "days=99999", "since=2026-02-02&until=2026-01-01", "days=x"])
def test_days_that_there_are_not_are_told_on_a_page(site: Site, query: str) -> None:
    answer = site.client.get(f"/analytics?{query}", headers={"accept": "text/html"})
    assert answer.status_code == 400
    assert "DF3" in answer.text


@pytest.mark.parametrize("form", ["form=lines", "form=percent", "form=lines&mean=1", "by=version"])
def test_the_chart_is_drawn_as_the_address_says(counted: Site, form: str) -> None:
    plain = counted.client.get("/analytics").text
    other = counted.client.get(f"/analytics?{form}").text
    assert re.findall(r"<svg.*?</svg>", other, re.DOTALL) != re.findall(r"<svg.*?</svg>", plain, re.DOTALL)


def test_the_numbers_of_a_chart_can_be_read_as_a_table(counted: Site) -> None:
    yesterday = counted.desk.now().date() - timedelta(days=1)
    assert f"{yesterday} 100 50" in text(counted, "/analytics?days=7")


def test_where_nothing_is_known_the_page_says_how_to_begin(site: Site) -> None:
    said = text(site, "/analytics")
    assert "Nothing is known of these days" in said
    assert "deployforge stats --collect-only" in said


def test_a_collection_that_came_to_nothing_says_why(site: Site) -> None:
    site.app.state.collecting.now.problem = "the ledger is away; start it"
    assert "The platforms could not be asked: the ledger is away; start it" in text(site, "/analytics")


def test_while_platforms_are_asked_the_page_keeps_itself_fresh(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, release = threading.Event(), threading.Event()

    def ask(*args: object, **more: object) -> None:
        asked.set()
        release.wait(60)

    monkeypatch.setattr("deployforge_tasks.dashboard.collecting.collect", ask)
    back = site.client.post("/analytics/collect", data={"back": "/analytics?days=7"}, follow_redirects=False)
    try:
        assert back.headers["location"] == "/analytics?days=7"
        assert asked.wait(30)
        page = site.client.get("/analytics").text
        assert "Asking the platforms" in page
        assert 'data-fresh="table" data-live' in page
    finally:
        release.set()


def test_collecting_begins_at_once_for_who_may(site: Site) -> None:
    begun = []
    site.app.state.collecting.now.begin = lambda: begun.append(True)
    assert site.client.post("/analytics/collect", follow_redirects=False).status_code == 303
    assert begun == [True]


def test_who_may_only_look_collects_nothing(tmp_path: Path) -> None:
    with open_people(tmp_path) as people:
        eve = people.someone("eve", "viewer")
        assert eve.post("/analytics/collect").status_code == 403
        assert "your role, viewer, may not do this" in eve.get("/analytics").text


def test_an_insight_stands_with_its_evidence_and_how_sure_it_is(counted: Site) -> None:
    page = counted.client.get("/insights").text
    assert '<h2 class="sentence">' in page
    assert re.search(r'class="facts-list"><li>.*?<b>', page, re.DOTALL)
    assert "Not known" in page


def test_the_usual_year_is_looked_for_in_the_background(counted: Site) -> None:
    counted.app.state.known_insights.by_itself = True
    assert 'data-fresh="insights" data-live' in counted.client.get("/insights").text
    counted.app.state.known_insights.wait(60)
    page = counted.client.get("/insights").text
    assert '<h2 class="sentence">' in page
    assert "data-live" not in page


def test_an_insight_about_some_days_leads_to_them(counted: Site) -> None:
    told = series(counted, Counter("npm", "hello", Kind.DAILY, headline=True), 1000)
    days = range(DAYS - 20, DAYS - 17)
    readings = [replace(one, count=50) if n in days else one for n, one in enumerate(told.readings)]
    keep_downloads(counted, "npm", replace(told, readings=tuple(readings)))
    first, last = (readings[n].at.date() for n in (days[0] - 14, days[-1] + 14))
    assert f"/analytics?since={first}&amp;until={last}" in counted.client.get("/insights").text


def test_where_nothing_can_be_said_the_page_says_why(site: Site) -> None:
    said = text(site, "/insights")
    assert "Nothing can be said with confidence" in said
    assert "not collected yet" in said


def test_the_first_hours_of_a_release_stand_in_a_chart_and_in_a_table(counted: Site) -> None:
    keep_first_day(counted)
    page = counted.client.get("/insights").text
    assert "<figcaption>GitHub release: first 24 hours of each release</figcaption>" in page
    table = page.partition("GitHub release: first 24 hours of each release as a table")[2]
    rows = re.findall(r'<th scope="row">(\d+)</th><td class="num">(\d+)</td>', table.partition("</table>")[0])
    assert rows == [(str(hour), str(10 * hour)) for hour in range(25)]


def test_without_the_packages_for_insights_the_page_says_what_to_install(
    counted: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.analytics.extras.importlib.util.find_spec", lambda name: None)
    assert "pip install 'deployforge[analytics]'" in text(counted, "/insights")


def test_countries_stand_by_source_and_the_others_say_what_they_count(counted: Site) -> None:
    said = text(counted, "/geography")
    assert "clickpy : rows of the log" in said
    assert "NO 2,070" in said
    assert "npm not published by this source Downloads a day of the package" in said
    assert "Homebrew not collected yet" in said


@pytest.fixture
def placed(tmp_path: Path) -> Iterator[Site]:
    """A project that is also on Flathub and RubyGems, which it does not publish to."""
    places = {"flathub": {"app": "com.example.HelloForge"}, "rubygems": {"gem": "hello-forge"}}
    with open_site(tmp_path, analytics={"places": places}) as site:
        whole = Counter("flathub", "com.example.HelloForge", Kind.DAILY, Unit.INSTALLS, headline=True)
        at = datetime.combine(site.desk.now().date() - timedelta(days=2), time(), UTC)
        countries = [
            Series(replace(whole, kind=Kind.TOTAL, headline=False, country=name), (Reading(at, count),), "so far", "")
            for name, count in (("DE", 800), ("US", 400))
        ]
        keep_downloads(site, "flathub", series(site, whole, 10), *countries)
        yield site


def test_countries_of_a_place_that_is_not_published_to_are_told_by_its_title(placed: Site) -> None:
    said = text(placed, "/geography")
    assert re.search(r"Flathub flathub ?: so far.*DE 800.*US 400", said)
    assert "RubyGems not collected yet" in said
    assert "Downloads of the gem since its first version" in said


def test_downloads_of_a_place_stand_with_those_of_the_platforms(placed: Site) -> None:
    assert row(placed, "/analytics", "Flathub").startswith("Flathub 300")


def test_a_place_is_on_no_page_about_deploying(placed: Site) -> None:
    for path in ("/", "/deploy"):
        assert "Flathub" not in text(placed, path)


def test_countries_of_a_source_that_fails_now_are_still_told(counted: Site) -> None:
    failed(counted, "pypi", "the source answered 503")
    said = text(counted, "/geography")
    assert "NO 2,070" in said
    assert "the source answered 503" in said


def test_without_a_source_that_tells_countries_the_page_says_which_could(site: Site) -> None:
    assert "track_geographical_usage: true" in text(site, "/geography")


@pytest.fixture
def priced(tmp_path: Path) -> Iterator[Site]:
    costs = {"minute": 0.5, "budget": 1, "currency": "EUR", "platforms": {"npm": {"monthly": 30}}}
    with open_site(tmp_path, costs=costs) as site:
        site.record([("npm", "publish", "ok", 60.0, ""), ("pypi", "publish", "ok", 60.0, "")])
        yield site


def test_costs_stand_by_platform_with_the_budget(priced: Site) -> None:
    said = text(priced, "/costs?days=30")
    assert "EUR" in said
    assert "over the budget of 1.00" in said
    assert re.search(r"npm \d+\.\d \d+\.\d\d 29\.\d\d", said)


def test_one_minute_is_told_as_one(site: Site) -> None:
    today = site.desk.now().date()
    remember_run(site.desk.loaded, "1.0.0", today - timedelta(days=1), [("npm", "publish", "ok", 60.0)], seconds=60)
    assert "1 minute of runs, 1 version" in text(site, "/costs?days=7")


def test_costs_stand_by_release_with_the_platforms_that_took_most(priced: Site) -> None:
    today = priced.desk.now().date()
    said = text(priced, f"/costs?since={today}&until={today}")
    assert re.search(r"v1\.0\.0 \d+\.\d \d+\.\d\d", said)


def test_what_a_cost_lacks_is_told_beside_it(tmp_path: Path) -> None:
    with open_site(tmp_path, costs={"platforms": {"npm": {"traffic": 0.1}, "pypi": {"monthly": 3}}}) as site:
        said = text(site, "/costs")
    assert re.search(r"npm [\d. ]+ not known 0\.00 [^A-Z]*traffic: no counts", said)
    assert "No budget" in said


def test_without_prices_the_page_says_what_to_write(site: Site) -> None:
    assert "minute: 0.008" in text(site, "/costs")


def test_business_is_empty_until_something_is_configured(site: Site) -> None:
    assert "Nothing is configured." in text(site, "/business")


def test_business_counts_and_makes_nothing_up(tmp_path: Path) -> None:
    with open_site(tmp_path, business={"trial": {"enabled": True}, "licensing": {"price": "99 EUR"}}) as site:
        keep_downloads(site, "npm", series(site, Counter("npm", "hello", Kind.DAILY, headline=True), 100))
        said = text(site, "/business")
    assert "14 days" in said
    assert "99 EUR" in said
    assert "npm 3,000 downloads" in said
    assert "Downloads are no customers" in said


def test_an_address_that_no_browser_may_follow_is_no_link(tmp_path: Path) -> None:
    with open_site(tmp_path, business={"licensing": {"pricing_url": "javascript:alert(1)"}}) as site:
        assert 'href="javascript:' not in site.client.get("/business").text


def test_the_doctor_looks_when_asked_and_shows_no_value(tmp_path: Path) -> None:
    with open_site(
        tmp_path, environ={"NPM_TOKEN": "npm_secret_value"}, platforms={"npm": {"registry": "http://127.0.0.1:9"}}
    ) as site:
        assert "Look at everything" in text(site, "/doctor")
        site.client.post("/doctor/look")
        for question in (site.app.state.doctor, site.app.state.accounts):
            question.wait(60)
        said = text(site, "/doctor")
    assert "Project" in said
    assert "NPM_TOKEN" in said
    assert "npm_secret_value" not in said


def test_credentials_are_told_before_anybody_is_asked(tmp_path: Path) -> None:
    with open_site(tmp_path, environ={"NPM_TOKEN": "npm_secret_value"}) as site:
        said = text(site, "/doctor")
    assert "no platform was asked yet" in said
    assert re.search(r"npm \? there token: env NPM_TOKEN", said)
    assert re.search(r"PyPI ✗ missing looked in PYPI_TOKEN", said)
    assert "npm_secret_value" not in said


def test_a_credential_that_ends_soon_says_so_before_anybody_is_asked(tmp_path: Path) -> None:
    with open_site(tmp_path, environ={"NPM_TOKEN": "npm_secret_value"}) as site:
        now = site.desk.now()
        Remembered(site.desk.loaded.root, "").saw("npm", now + timedelta(days=2, hours=1), now)
        said = text(site, "/doctor")
    assert re.search(r"npm ! expiring token: env NPM_TOKEN .* it expires in 2 days", said)


def test_what_was_not_collected_says_why(site: Site) -> None:
    failed(site, "pypi", "the source answered 503")
    said = text(site, "/doctor")
    assert re.search(r"PyPI ✗ failed [^✗]* the source answered 503", said)
    assert "npm ○ not asked yet" in said


def test_the_configuration_in_short_holds_nothing_that_may_be_secret(tmp_path: Path) -> None:
    hook = {"kind": "webhook", "url": "http://127.0.0.1:9/a-secret-path"}
    with open_site(tmp_path, monitoring={"channels": {"hook": hook}}, costs={"budget": 20}) as site:
        said = text(site, "/doctor")
    assert "costs.budget 20.00 USD a month" in said
    assert "a-secret-path" not in said


def test_a_plugin_is_told_with_its_package(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = (Plugin("platform", "shelf", "deployforge-shelf", "1.2"),)
    monkeypatch.setattr("deployforge_tasks.dashboard.pages.doctor.plugins", lambda: found)
    assert "shelf platform deployforge-shelf 1.2" in text(site, "/doctor")


def test_who_has_which_role_is_told(tmp_path: Path) -> None:
    with open_people(tmp_path, roles={"release-team": "releaser"}) as people:
        people.token("grafana", "viewer")
        told = people.someone("ann", "admin").get("/doctor").text
    said = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", told)).split())
    assert "release-team releaser group" in said
    assert "grafana viewer token" in said


def test_the_doctor_is_for_those_who_may_see_settings(tmp_path: Path) -> None:
    with open_people(tmp_path) as people:
        assert people.someone("eve", "releaser").get("/doctor").status_code == 403


def test_a_test_on_every_channel_tells_what_became_of_it(tmp_path: Path) -> None:
    hook = {"kind": "webhook", "url": "http://127.0.0.1:9/hook"}
    with open_site(tmp_path, monitoring={"channels": {"hook": hook}, "error_notifications": ["hook"]}) as site:
        site.client.post("/doctor/channels")
        site.app.state.channels.wait(60)
        said = text(site, "/doctor")
    assert re.search(r"hook webhook .*failed", said)
