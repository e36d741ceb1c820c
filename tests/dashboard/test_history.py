"""Past runs, two runs side by side, and what is known of a version."""

from __future__ import annotations

import csv
import io

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Key, Ledger
from tests.dashboard.site import Site, Stage
from tests.dashboard.test_live import Run
from tests.dashboard.test_run_page import told

WELL: list[Stage] = [("npm", "publish", "ok", 2.0, ""), ("npm", "verify", "ok", 1.0, "")]
FAILED: list[Stage] = [("npm", "publish", "failed", 5.0, "the registry answered 500")]


def test_the_newest_run_stands_at_the_left(site: Site) -> None:
    first, second = site.record(WELL), site.record(WELL)
    head = site.client.get("/runs").text.split("<thead>")[1].split("</thead>")[0]
    assert head.index(f'href="/runs/{second}"') < head.index(f'href="/runs/{first}"')


def test_each_end_has_a_glyph_and_a_word_for_screen_readers(site: Site) -> None:
    site.record(FAILED, outcome="failed")
    row = site.client.get("/runs").text.split(">npm</a></th>")[1].split("</tr>")[0]
    assert '<span aria-hidden="true">✗</span><span class="sr">failed</span>' in row


def test_figures_tell_success_flakiness_and_the_median(site: Site) -> None:
    site.record(FAILED, outcome="failed", version="1.0.0")
    site.record(WELL, version="1.0.0")
    site.record(WELL, version="1.1.0")
    site.record(WELL, version="1.2.0")
    row = site.client.get("/runs").text.split(">npm</a></th>")[1].split("</tr>")[0]
    figures = [cell.split("</td>")[0] for cell in row.split('<td class="num">')[1:]]
    assert figures == ["75 %", "33 %", "3.0 s"]


def test_a_platform_of_a_run_that_goes_on_has_the_same_state_everywhere(site: Site) -> None:
    run = Run(site, ["npm", "pypi", "snap"])
    run.begins("npm", "publish")
    run.ends("npm", "publish", "ok")  # its verification has not begun
    run.begins("pypi", "render")
    run.journal.flush()
    heat = site.client.get("/runs").text
    rows = site.client.get("/").text.split('<tr data-name="')
    waits = ("waiting", "queued")
    for name, (word, state) in {"npm": waits, "pypi": ("running", "running"), "snap": waits}.items():
        assert f'<span class="sr">{word}</span>' in heat.split(f">{name}</a></th>")[1].split("</tr>")[0]
        assert f">{word}<" in next(row for row in rows if row.startswith(name)).split("</td>")[0]
        assert site.client.get("/api/v1/runs").json()[0]["platforms"][name] == state
        assert f",{name},{state}" in site.client.get("/runs.csv").text
    assert 'aria-label="verify npm: waiting"' in site.client.get(f"/runs/{run.number}/graph").text
    run.end()


def test_what_was_taken_back_is_said_to_be(site: Site) -> None:
    site.record([*WELL, ("npm", "rollback", "ok", 1.0, "")])
    assert 'title="rolled back"' in site.client.get("/runs").text


def test_filters_are_in_the_address_and_say_how_to_clear_them(site: Site) -> None:
    site.record(WELL, version="1.0.0")
    site.record(FAILED, version="2.0.0", outcome="failed")
    text = site.client.get("/runs?version=2.0.0&outcome=failed").text
    assert 'href="/runs/2"' in text
    assert 'href="/runs/1"' not in text
    assert "Clear 2 filters" in text
    assert 'href="/runs.csv?version=2.0.0&amp;outcome=failed"' in text


def test_runs_of_one_platform_or_since_a_day_can_be_asked_for(site: Site) -> None:
    site.record(WELL)
    site.record([("pypi", "publish", "ok", 1.0, "")])
    assert 'href="/runs/2"' not in site.client.get("/runs?platform=npm").text
    assert "No run is like that" in site.client.get("/runs?since=2999-01-01").text


def test_a_day_that_is_none_is_told_as_such(site: Site) -> None:
    assert "DF3720" in site.client.get("/runs?since=yesterday").text


def test_a_long_history_comes_in_pages(site: Site) -> None:
    for _ in range(31):
        site.record(WELL)
    text = site.client.get("/runs").text
    assert 'href="/runs/1"' not in text
    older = text.split('rel="next"')[0].rpartition('href="')[2].split('"')[0]
    assert 'href="/runs/1"' in site.client.get(older.replace("&amp;", "&")).text


def test_the_csv_has_a_line_for_each_platform_of_each_run(site: Site) -> None:
    site.record([*WELL, ("pypi", "publish", "failed", 1.0, "")], outcome="failed")
    answer = site.client.get("/runs.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["platform"]: row["ended"] for row in rows} == {"npm": "published", "pypi": "failed"}


def test_no_field_of_the_csv_begins_like_a_formula(site: Site) -> None:
    ledger = Ledger.open(site.desk.ledger_url)
    ledger.finish_run(ledger.start_run(site.desk.project, "", "1.0.0", "deploy", actor="=HYPERLINK()"), "ok", 0)
    ledger.close()
    (row,) = csv.DictReader(io.StringIO(site.client.get("/runs.csv").text))
    assert row["actor"] == "'=HYPERLINK()"


def test_an_empty_history_says_what_to_do(site: Site) -> None:
    assert "deployforge deploy" in site.client.get("/runs").text


def test_two_runs_are_compared_stage_by_stage_with_the_errors_that_are_new(site: Site) -> None:
    old, new = site.record(WELL), site.record(FAILED, outcome="failed")
    text = site.client.get(f"/compare/{old}..{new}").text
    assert "the registry answered 500" in text.split("New errors")[1].split("What changed")[0]
    row = text.split('<th scope="row">npm, publish</th>')[1].split("</tr>")[0]
    assert "+3.0 s" in row


def _made_in(site: Site, run: int, **environment: object) -> None:
    told(site, run, Event("run_started", data={"run": run, "platforms": ["npm"], "environment": environment}))


def _begun(site: Site, **environment: object) -> int:
    ledger = Ledger.open(site.desk.ledger_url)
    run = ledger.start_run(site.desk.project, "", "1.0.0", "deployforge deploy")
    ledger.close()
    _made_in(site, run, **environment)
    ledger = Ledger.open(site.desk.ledger_url)
    ledger.finish_run(run, "ok", 0)
    ledger.close()
    return run


def test_a_comparison_tells_changed_versions_and_settings(site: Site) -> None:
    old = _begun(site, python="3.11.1", settings={"platforms.npm.tag": "latest"})
    new = _begun(site, python="3.12.0", settings={"platforms.npm.tag": "next"})
    text = site.client.get(f"/compare/{old}..{new}").text
    assert "<ins><code>3.12.0</code></ins>" in text
    assert "<del><code>latest</code></del>" in text


def _tried(platform: str, client: str, method: str = "install", reason: str = "") -> Event:
    return Event("evidence", platform, "verify", {"method": method, "client": client, "said": "", "reason": reason})


def test_a_comparison_tells_tools_that_changed_came_or_went(site: Site) -> None:
    old, new = site.record(WELL), site.record(WELL)
    told(site, old, _tried("npm", "npm 10.9.0"), _tried("pypi", "pip 25.1"), _tried("crates", "cargo 1.85.0"))
    told(site, new, _tried("npm", "npm 11.19.1"), _tried("pypi", "pip 25.1"), _tried("docker", "Docker Engine 27.1.0"))
    tools = site.client.get(f"/compare/{old}..{new}").text.split("<caption>Tools")[1].split("</table>")[0]
    assert "<del><code>10.9.0</code></del></td><td><ins><code>11.19.1</code></ins>" in tools
    assert "pip" not in tools
    assert "<del><code>1.85.0</code></del>" in tools
    assert "<ins><code>27.1.0</code></ins>" in tools


def test_two_runs_with_the_same_tools_say_so(site: Site) -> None:
    old, new = site.record(WELL), site.record(WELL)
    assert "No client that tried" in site.client.get(f"/compare/{old}..{new}").text


def test_the_environment_has_each_tool_once_with_its_platforms(site: Site) -> None:
    run = site.record([*WELL, ("github_packages", "verify", "ok", 1.0, "")])
    told(site, run, _tried("npm", "npm 11.19.1"), _tried("github_packages", "npm 11.19.1"))
    text = site.client.get(f"/runs/{run}/environment").text
    assert '<th scope="row">npm</th><td>11.19.1</td><td>npm, github_packages</td>' in text


def test_only_the_tools_of_this_run_stand_in_its_environment(site: Site) -> None:
    run, other = site.record(WELL), site.record(WELL)
    told(site, other, _tried("npm", "npm 11.19.1"))
    text = site.client.get(f"/runs/{run}/environment").text
    assert "11.19.1" not in text
    assert "not verified in this run" in text


def test_a_platform_that_was_verified_by_download_says_so_instead_of_a_version(site: Site) -> None:
    run = site.record(WELL)
    told(site, run, _tried("npm", "DeployForge", "download", "npm is not on this machine"))
    text = site.client.get(f"/runs/{run}/environment").text
    assert "No tool of a platform was used" in text
    assert '<th scope="row">npm</th><td>verified by download: npm is not on this machine</td>' in text


def test_two_runs_are_chosen_by_a_form(site: Site) -> None:
    site.record(WELL)
    site.record(WELL)
    assert "<select" in site.client.get("/compare").text
    assert site.client.get("/compare?old=1&new=2", follow_redirects=False).headers["location"] == "/compare/1..2"


def test_what_is_no_pair_of_runs_is_not_found(site: Site) -> None:
    assert site.client.get("/compare/one..two").status_code == 404


def test_the_environment_of_a_run_is_what_it_noted(site: Site) -> None:
    run = _begun(site, python="3.12.0", commit="abc123", reason="the fix", settings={"name": "hello"})
    text = site.client.get(f"/runs/{run}/environment").text
    assert "abc123" in text
    assert "the fix" in text


def test_a_run_of_an_older_deployforge_says_that_it_noted_nothing(site: Site) -> None:
    assert "did not note" in site.client.get(f"/runs/{site.record(WELL)}/environment").text


def test_artifacts_are_what_is_frozen_taken_and_proven(site: Site) -> None:
    run = site.record(WELL)
    ledger = Ledger.open(site.desk.ledger_url)
    ledger.freeze(site.desk.project, "1.0.0", "hello.tar.gz", "f" * 64)
    ledger.receive(ledger.intend(Key(site.desk.project, "", "npm", "1.0.0"), "hello-1.0.0.tgz", "d" * 64))
    ledger.close()
    text = site.client.get(f"/runs/{run}/artifacts").text
    assert "f" * 64 in text
    assert "published from here" in text
    plan = site.client.get(f"/runs/{run}/plan").text
    assert "hello-1.0.0.tgz" in plan


def test_the_configuration_is_compared_with_the_release_before(site: Site) -> None:
    _begun(site, settings={"name": "hello", "licence": "MIT"})
    run = _begun(site, settings={"name": "hello", "licence": "Apache-2.0"})
    text = site.client.get(f"/runs/{run}/plan").text
    assert "<ins><code>Apache-2.0</code></ins>" in text
