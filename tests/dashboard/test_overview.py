"""The overview: what it shows without a script, and how the address chooses."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.core.events import Event
from tests.dashboard.site import Site, keep_downloads
from tests.dashboard.test_run_page import told

_STAGES = ("render", "package", "preflight", "publish", "verify")


def rows(html: str) -> list[str]:
    """The platforms that are shown, in their order."""
    return re.findall(r'data-name="(\w+)"', html)


def row(html: str, platform: str) -> str:
    return html.split(f'data-name="{platform}"')[1].split("</tr>", maxsplit=1)[0]


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def mixed(site: Site, outcome: str | None = None) -> int:
    """A run in which npm is done, PyPI failed, Docker waits for a person, and crates.io for its turn."""
    done = [("npm", stage, "ok", 1.0, "") for stage in _STAGES]
    failed = [("pypi", "publish", "failed", 2.0, "403 Forbidden\nand more")]
    return site.record(
        [*done, *failed, ("docker", "publish", "waiting", 1.0, "in review"), ("crates", "render", "ok", 1.0, "")],
        outcome=outcome,
    )


def test_every_platform_of_the_project_has_a_row_before_the_first_run(site: Site) -> None:
    html = site.client.get("/").text
    assert rows(html) == list(site.desk.loaded.options)
    assert "No run yet" in html


def test_a_row_tells_state_stages_time_and_the_first_line_of_what_went_wrong(site: Site) -> None:
    mixed(site)
    failed = words(row(site.client.get("/").text, "pypi"))
    assert "✗ failed" in failed
    assert "publish: failed, 2.0 s" in failed
    assert "403 Forbidden" in failed
    assert "and more" not in failed


def test_what_went_wrong_is_what_failed_and_not_that_the_rest_could_not_begin(site: Site) -> None:
    run = site.record([("pypi", "publish", "failed", 2.0, "403 Forbidden")], outcome=None)
    blocked = {"outcome": "blocked", "seconds": 0.0, "reason": "publish:pypi failed"}
    told(site, run, Event("stage_finished", "pypi", "verify", blocked))
    wrong = row(site.client.get("/").text, "pypi").split('<td class="wrong">')[1].split("</td>")[0]
    assert words(wrong) == "403 Forbidden"


def test_a_row_leads_to_the_run_and_to_the_page_of_the_package(site: Site) -> None:
    run = mixed(site)
    npm = row(site.client.get("/").text, "npm")
    assert f'href="/runs/{run}"' in npm
    assert 'rel="noreferrer"' in npm


def test_the_head_counts_the_platforms_of_the_newest_run(site: Site) -> None:
    run = mixed(site)
    html = site.client.get("/").text
    assert f'<a href="/runs/{run}">Run {run}</a>' in html
    assert "1 ok · 1 failed · 1 needs you · 1 waiting" in html


def test_a_platform_that_waits_for_its_hub_is_waiting_and_one_that_works_is_running(site: Site) -> None:
    run = site.record([("homebrew", "preflight", "ok", 1.0, "")], outcome=None)
    told(site, run, Event("stage_started", "github", "publish"))
    html = site.client.get("/").text
    assert "1 running · 1 waiting" in html
    assert "○ waiting" in words(row(html, "homebrew"))
    assert "● running" in words(row(html, "github"))
    told(site, run, Event("stage_started", "homebrew", "publish"))
    html = site.client.get("/").text
    assert "2 running" in html
    assert "● running" in words(row(html, "homebrew"))


def test_what_an_ended_run_has_not_finished_is_not_counted_as_waiting(site: Site) -> None:
    mixed(site, outcome="failed")
    assert "1 ok · 1 failed · 1 needs you · 1 unfinished" in site.client.get("/").text


def test_the_usual_time_comes_from_earlier_runs(site: Site) -> None:
    site.record([("npm", stage, "ok", 2.0, "") for stage in _STAGES])
    mixed(site)
    assert "usually 10 s" in words(row(site.client.get("/").text, "npm"))


def test_a_platform_that_the_newest_run_left_out_shows_what_it_did_last(site: Site) -> None:
    before = site.record([("npm", "publish", "failed", 1.0, "on fire")], outcome="failed")
    site.record([("pypi", "publish", "ok", 1.0, "")])
    npm = row(site.client.get("/").text, "npm")
    assert "on fire" in npm
    assert f"/runs/{before}" in npm


def test_platforms_are_grouped_by_state_while_a_run_goes_on_the_failed_ones_first(site: Site) -> None:
    told(site, mixed(site), Event("stage_started", "crates", "package"))
    html = site.client.get("/").text
    assert rows(html)[:3] == ["pypi", "docker", "crates"]
    assert re.findall(r'data-group="(\w+)" data-rows', html)[:3] == ["bad", "ask", "busy"]


def test_they_are_grouped_by_what_they_wait_for_when_that_is_asked(site: Site) -> None:
    assert "After github" in site.client.get("/?group=hub").text


def test_a_filter_says_what_it_hides_and_how_to_clear_it(site: Site) -> None:
    mixed(site)
    html = site.client.get("/?state=bad&group=none").text
    assert rows(html) == ["pypi"]
    hidden = len(site.desk.loaded.options) - 1
    assert f"{hidden} hidden by filter" in words(html)
    assert 'href="/?group=none">clear' in html


def test_a_filter_that_hides_everything_says_so(site: Site) -> None:
    assert "The filter hides every platform" in site.client.get("/?platform=nothing-like-it").text


def test_a_column_sorts_one_way_and_then_the_other(site: Site) -> None:
    html = site.client.get("/?sort=name").text
    assert rows(html) == sorted(rows(html), key=lambda name: _title(name).lower())
    assert 'aria-sort="ascending"><a href="/?sort=-name"' in html


def _title(name: str) -> str:
    from deployforge_tasks.platforms.registry import platforms

    return platforms()[name].title


def test_the_grid_has_a_card_for_each_platform(site: Site) -> None:
    mixed(site)
    html = site.client.get("/?view=grid").text
    assert html.count('class="card platform"') == len(site.desk.loaded.options)


def test_whatever_else_stands_in_the_address_does_no_harm(site: Site) -> None:
    assert site.client.get("/?sort=x&view=y&group=z&state=q&platform=%3Cscript%3E").status_code == 200


def test_a_screen_on_the_wall_has_no_buttons(site: Site) -> None:
    mixed(site)
    html = site.client.get("/?kiosk=1").text
    assert "data-kiosk" in html
    assert "<button>Show" not in html
    assert 'href="/deploy">Deploy' not in html.split("<main")[1]


def test_days_that_are_not_known_are_gaps_in_the_curve(site: Site) -> None:
    midnight = site.desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    readings = [Reading(midnight - timedelta(days=days), 100 * days) for days in (9, 8, 4, 3, 2)]
    keep_downloads(site, "npm", Series(Counter("npm", "hello", Kind.DAILY, headline=True), tuple(readings), "all", ""))
    npm = row(site.client.get("/").text, "npm")
    assert npm.count("<polyline") == 2
    assert "2,600" in npm


def test_a_newer_file_that_cannot_be_read_leaves_the_last_good_one_in_force(site: Site) -> None:
    file = site.desk.settings.file
    good = file.read_text("utf-8")
    file.write_text("name: [", "utf-8")
    broken = site.client.get("/").text
    assert "the last good one is in force" in broken
    assert rows(broken)
    file.write_text(good, "utf-8")
    assert "the last good one is in force" not in site.client.get("/").text


def test_the_platforms_are_asked_when_somebody_wants_it_and_no_page_waits(site: Site) -> None:
    site.desk.settings.file.write_text(
        "name: hello\nversion: 1.0.0\ndescription: x\nartifacts: {from: directory, directory: dist}\n"
        "platforms: {npm: {registry: 'http://127.0.0.1:9'}}\nconditions: {read_patience: 0, retry_on_failure: 0}\n",
        "utf-8",
    )
    assert "Platforms not asked yet" in site.client.get("/").text
    answer = site.client.post("/look", follow_redirects=False, headers={"Origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    site.app.state.last_look.wait(20)
    assert "Platforms asked" in site.client.get("/").text


def test_a_ledger_that_is_away_is_told_and_the_page_comes_back_with_it(site: Site) -> None:
    file = Path(site.desk.ledger_url.removeprefix("sqlite:///"))
    aside = file.with_suffix(".aside")
    hang_up(site)
    file.rename(aside)
    answer = site.client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "the ledger does not answer" in answer.text
    assert answer.headers["refresh"] == "3"
    assert site.client.get("/healthz").status_code == 503
    hang_up(site)
    aside.replace(file)
    assert site.client.get("/").status_code == 200


def hang_up(site: Site) -> None:
    """Close what is open of the ledger, as when its server restarts."""
    site.desk.reader._engine.dispose()
    site.desk.records._engine.dispose()
