"""One run: its head, its grid, what to read first, and its attempts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from deployforge_tasks.core.errors import PublishError
from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Key, Ledger
from tests.dashboard.site import Site, Stage, served

WELL: list[Stage] = [
    ("npm", "render", "ok", 0.5, ""),
    ("npm", "publish", "ok", 2.0, ""),
    ("npm", "verify", "ok", 9, ""),
]
FAILED: list[Stage] = [("npm", "publish", "failed", 2.0, "the registry answered 500")]


def told(site: Site, run: int, *events: Event) -> None:
    """More events of a run that was recorded."""
    ledger = Ledger.open(site.desk.ledger_url)
    journal = ledger.listener(run)
    for event in events:
        journal(event)
    journal.flush()
    ledger.close()


def test_a_run_has_an_address_of_its_own_that_tells_version_outcome_and_command(site: Site) -> None:
    run = site.record(WELL, version="1.4.0")
    text = site.client.get(f"/runs/{run}").text
    assert f"Run {run}" in text
    assert "v1.4.0" in text
    assert "<code>deployforge deploy v1.4.0</code>" in text


def test_every_stage_says_its_state_in_words_and_leads_to_its_log(site: Site) -> None:
    run = site.record(WELL)
    text = site.client.get(f"/runs/{run}").text
    cell = text.split(f'href="/runs/{run}/logs#npm:publish"')[1].split("</td>")[0]
    assert "published" in cell
    assert "2.0 s" in cell


def test_a_failed_stage_says_why_in_its_cell_and_at_the_top(site: Site) -> None:
    run = site.record(FAILED, outcome="failed")
    text = site.client.get(f"/runs/{run}").text
    first, rest = text.split("Every platform with its stages")
    assert "the registry answered 500" in first
    assert "the registry answered 500" in rest


def test_findings_of_the_checks_and_what_is_left_to_do_by_hand_stand_at_the_top(site: Site) -> None:
    run = site.record(WELL)
    finding = {"id": "NPM4", "level": "warning", "message": "no repository field", "hint": "add one"}
    step = {"text": "close the pull request", "url": "https://git.example/pull/9"}
    told(site, run, Event("finding", "npm", "preflight", finding))
    told(site, run, Event("rolled_back", "npm", "rollback", {"to": "1.0.0", "done": [], "manual": [step]}))
    first = site.client.get(f"/runs/{run}").text.split("Every platform with its stages")[0]
    assert "no repository field" in first
    assert 'href="https://git.example/pull/9"' in first


def test_an_address_that_no_browser_may_follow_is_no_link(site: Site) -> None:
    run = site.record(WELL)
    step = {"text": "look", "url": "javascript:alert(1)"}
    told(site, run, Event("rolled_back", "npm", "rollback", {"to": None, "done": [], "manual": [step]}))
    assert "javascript:" not in site.client.get(f"/runs/{run}").text


def test_a_review_that_waits_for_a_person_stands_at_the_top(site: Site) -> None:
    run = site.record([("winget", "publish", "waiting", 2, "submitted: the pull request is open")], outcome="waiting")
    first = site.client.get(f"/runs/{run}").text.split("Every platform with its stages")[0]
    assert "submitted: the pull request is open" in first


def test_a_failure_that_a_later_run_made_good_folds_away(site: Site) -> None:
    site.record(FAILED, outcome="failed")
    run = site.record(WELL)
    text = site.client.get(f"/runs/{run}").text
    folded = text.split("<details>")[1].split("</details>")[0]
    assert "1 of 2" in folded
    assert "the registry answered 500" in folded


def test_a_failure_that_nothing_made_good_stays_open(site: Site) -> None:
    site.record(FAILED, outcome="failed")
    run = site.record(FAILED, outcome="failed")
    text = site.client.get(f"/runs/{run}").text
    assert "2 of 2" in text
    assert "<details>" not in text


def test_a_run_that_goes_on_shows_what_has_not_begun(site: Site) -> None:
    run = site.record([("npm", "render", "ok", 0.1, "")], outcome=None)
    row = site.client.get(f"/runs/{run}").text.split("Every platform with its stages")[1]
    assert "waiting" in row


def test_a_number_that_no_run_has_is_told_as_such(site: Site) -> None:
    site.record(WELL)
    answer = site.client.get("/runs/99")
    assert answer.status_code == 404
    assert "DF1361" in answer.text


def test_neighbours_are_one_step_away(site: Site) -> None:
    first, second, third = (site.record(WELL) for _ in range(3))
    text = site.client.get(f"/runs/{second}").text
    assert f'href="/runs/{first}"' in text
    assert f'href="/runs/{third}"' in text


BLOCKED: list[Stage] = [
    ("github", "publish", "failed", 1.0, "the registry answered 500"),
    ("homebrew", "publish", "blocked", 0, "waits for publish:github, which failed"),
]


def test_the_graph_says_by_whom_a_task_is_blocked_in_the_drawing_and_in_its_list(site: Site) -> None:
    run = site.record(BLOCKED, outcome="failed")
    text = site.client.get(f"/runs/{run}/graph").text
    assert 'aria-label="publish homebrew: blocked, by publish:github"' in text
    assert "blocked by publish:github" in text.split("The graph as a list")[1]


def test_a_task_in_the_graph_leads_to_its_log(site: Site) -> None:
    run = site.record(BLOCKED, outcome="failed")
    assert f'href="/runs/{run}/logs#homebrew:publish"' in site.client.get(f"/runs/{run}/graph").text


def test_the_graph_of_platforms_that_are_gone_says_so(site: Site) -> None:
    run = site.record([("flathub", "publish", "ok", 1.0, "")])
    assert "no graph to draw" in site.client.get(f"/runs/{run}/graph").text


def test_the_timeline_has_its_numbers_in_a_table_and_shows_the_critical_path_on_demand(site: Site) -> None:
    run = site.record([("npm", "publish", "ok", 4.0, "")])
    plain = site.client.get(f"/runs/{run}/timeline").text
    assert "4.0 s" in plain.split("The timeline as a table")[1]
    assert "saves at most" not in plain
    assert "saves at most 4.0 s" in site.client.get(f"/runs/{run}/timeline?critical=1").text


def test_arrow_keys_walk_the_graph_and_enter_opens_the_log(site: Site, window: Page) -> None:
    run = site.record(BLOCKED, outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run}/graph")
        window.locator('a.node[aria-label^="preflight github"]').focus()
        window.keyboard.press("ArrowRight")
        expect(window.locator('a.node[aria-label^="publish github"]')).to_be_focused()
        window.keyboard.press("ArrowDown")
        expect(window.locator('a.node[aria-label^="publish homebrew"]')).to_be_focused()


def test_a_run_that_goes_on_is_kept_fresh_without_taking_the_focus(site: Site, window: Page) -> None:
    run = site.record([("npm", "render", "ok", 0.1, "")], outcome=None)
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run}")
        link = window.locator(f'a[href="/runs/{run}/logs#npm:render"]')
        link.focus()
        told(site, run, Event("stage_started", "npm", "publish"))
        expect(window.locator(f'a[href="/runs/{run}/logs#npm:publish"]')).to_contain_text("running")
        expect(link).to_be_focused()


def test_a_review_that_waits_leads_to_the_page_of_the_version(site: Site) -> None:
    run = site.record([("npm", "publish", "waiting", 2, "submitted: it is being scanned")], outcome="waiting")
    first = site.client.get(f"/runs/{run}").text.split("Every platform with its stages")[0]
    assert 'rel="noreferrer"' in first
    assert "/v/1.0.0" in first


def test_a_platform_that_somebody_else_works_on_is_told_before_a_retry(site: Site) -> None:
    run = site.record(FAILED, outcome="failed")
    ledger = Ledger.open(site.desk.ledger_url)
    with ledger.lock(Key(site.desk.project, "", "npm", "1.0.0"), 1.0):
        assert "npm is being worked on by pid" in site.client.get(f"/runs/{run}/retry").text
    assert "npm is being worked on by" not in site.client.get(f"/runs/{run}/retry").text
    ledger.close()


def test_a_failure_is_told_with_the_id_of_its_error(site: Site) -> None:
    error = PublishError("the registry is full", hint="ask for more room", code="DF4000").as_json()
    run = site.record([("npm", "render", "ok", 1.0, "")], outcome=None)
    told(site, run, Event("stage_finished", "npm", "publish", {"outcome": "failed", "seconds": 1.0, "error": error}))
    assert "DF4000" in site.client.get(f"/runs/{run}").text
