"""Keys, their help, and the palette."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from deployforge_tasks.dashboard.navigation import entries
from tests.dashboard.people import open_people
from tests.dashboard.site import Site, served

FAILED = [
    ("npm", "publish", "ok", 1.0, ""),
    ("pypi", "publish", "failed", 1.0, "the token has ended"),
    ("snap", "publish", "failed", 1.0, "the store is down"),
]


def path(window: Page) -> str:
    return "/" + window.url.split("/", 3)[3]


def test_every_page_helps_with_its_keys_and_letters_can_be_turned_off_without_a_script(site: Site) -> None:
    help_page = site.client.get("/keys").text
    assert "Next failure" in help_page
    for entry in entries():
        assert not entry.key or f"Go to {entry.title}" in help_page
    off = site.client.post("/keys/off", headers={"referer": "http://127.0.0.1/keys"}, follow_redirects=True).text
    assert 'data-keys="off"' in off
    assert "Single letters are turned off." in off


def test_no_two_pages_have_the_same_key() -> None:
    used = [entry.key for entry in entries() if entry.key]
    assert len(used) == len(set(used))


def test_nobody_is_led_away_from_the_dashboard_by_the_choice_of_keys(site: Site) -> None:
    answer = site.client.post("/keys/on", headers={"referer": "http://elsewhere.example/x"}, follow_redirects=False)
    assert answer.headers["location"].startswith("/")
    assert "elsewhere" not in answer.headers["location"]


def test_g_and_a_letter_lead_to_a_page(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(address)
        for key, there in [(entry.key, entry.path) for entry in entries() if entry.key]:
            window.keyboard.press("g")
            window.keyboard.press(key)
            window.wait_for_url(f"{address}{there}*")


def test_the_help_opens_and_escape_gives_the_focus_back(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(f"{address}/runs")
        window.locator(".brand").focus()
        window.keyboard.press("?")
        expect(window.get_by_role("dialog", name="Keys")).to_be_visible()
        window.keyboard.press("Escape")
        expect(window.locator(".brand")).to_be_focused()


def test_letters_are_left_alone_in_fields_and_where_they_are_turned_off(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(address)
        window.keyboard.press("/")
        field = window.locator("main input[type=search]").first
        expect(field).to_be_focused()
        window.keyboard.type("gr?")
        expect(field).to_have_value("gr?")
        assert path(window) == "/"
        window.goto(f"{address}/keys")
        window.get_by_role("button", name="Turn them off").first.click()
        expect(window.locator("body")).to_have_attribute("data-keys", "off")
        window.keyboard.press("?")
        expect(window.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_from_the_overview_to_the_log_line_of_a_failure_by_keys_alone(site: Site, window: Page) -> None:
    run = site.record(FAILED, outcome="failed", logs=3)
    with served(site.app) as address:
        window.goto(address)
        window.keyboard.press("f")
        window.keyboard.press("Enter")
        window.wait_for_url(f"{address}/runs/{run}*")
        window.goto(f"{address}/runs/{run}/logs")
        window.keyboard.press("f")
        focused = window.locator(":focus")
        expect(focused).to_have_class("place")
        assert "the token has ended" in window.locator(".log > li:has(:focus)").inner_text()
        window.keyboard.press("f")
        assert "the store is down" in window.locator(".log > li:has(:focus)").inner_text()
        window.keyboard.press("k")
        window.keyboard.press("Enter")
        window.wait_for_url(f"{address}/runs/{run}/logs?line=*")


@pytest.mark.parametrize("tab", ["", "/graph"])
def test_next_failure_is_the_failed_task_itself(site: Site, window: Page, tab: str) -> None:
    before = [("pypi", "render", "ok", 1.0, ""), ("pypi", "package", "ok", 1.0, "")]
    run = site.record([*before, *FAILED], outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run}{tab}")
        for task in ("pypi:publish", "snap:publish", "pypi:publish"):
            window.keyboard.press("f")
            expect(window.locator(f'a[href="/runs/{run}/logs#{task}"]:focus')).to_have_count(1)


def test_retry_opens_its_form_and_starts_nothing(site: Site, window: Page) -> None:
    run = site.record(FAILED, outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run}")
        window.keyboard.press("r")
        expect(window.get_by_role("dialog")).to_be_visible()
        assert [one["run"] for one in site.client.get("/api/v1/runs").json()] == [run]


@pytest.mark.parametrize("page", ["/", "/?view=grid", "/runs/{run}", "/runs/{run}/timeline", "/runs"])
def test_r_opens_the_form_for_the_platform_that_is_selected_and_starts_nothing(
    site: Site, window: Page, page: str
) -> None:
    run = site.record(FAILED, outcome="failed")
    with served(site.app) as address:
        window.goto(address + page.format(run=run))
        selected = window.locator('[data-retry$="platforms=snap"]:has(:focus)')
        for _ in range(60):
            window.keyboard.press("j")
            if selected.count():
                break
        window.keyboard.press("r")
        form = window.get_by_role("dialog")
        expect(form.locator("input[name=platforms]:checked")).to_have_count(1)
        expect(form.locator("input[name=platforms]:checked")).to_have_value("snap")
        window.keyboard.press("Escape")
        expect(selected).to_have_count(1)
        assert [one["run"] for one in site.client.get("/api/v1/runs").json()] == [run]


def test_j_and_r_walk_the_platforms_of_a_graph(site: Site, window: Page) -> None:
    run = site.record([("npm", "publish", "ok", 1.0, ""), ("pypi", "publish", "failed", 1.0, "")], outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run}/graph")
        window.keyboard.press("j")
        window.keyboard.press("j")
        expect(window.locator("a.node:focus")).to_have_attribute("href", re.compile("#pypi:"))
        window.keyboard.press("r")
        expect(window.get_by_role("dialog").locator("input[name=platforms]:checked")).to_have_value("pypi")
        window.keyboard.press("Escape")
        expect(window.locator("a.node:focus")).to_have_attribute("href", re.compile("#pypi:"))


def test_a_stage_that_is_chosen_keeps_the_platform_that_was_selected(site: Site) -> None:
    run = site.record(FAILED, outcome="failed")
    text = site.client.get(f"/runs/{run}/retry?platforms=snap").text
    choose = text.split('<form method="get"')[1].split("</form>")[0]
    assert '<input type="hidden" name="platforms" value="snap">' in choose


def test_a_platform_that_a_run_did_not_publish_to_is_not_retried_by_it(site: Site) -> None:
    run = site.record(FAILED, outcome="failed")
    text = site.client.get(f"/runs/{run}/retry?platforms=docker").text
    assert 'data-why-not="docker was not to be published by this run"' in text


def test_where_nothing_can_be_retried_it_is_said_why(site: Site, window: Page) -> None:
    run = site.record([*FAILED, ("npm", "verify", "ok", 1.0, "")], outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run}")
        window.locator('[data-retry$="platforms=npm"] a').first.focus()
        window.keyboard.press("r")
        why = "npm: it has the version, and nothing is left to do"
        expect(window.locator("#announce")).to_have_text(f"Nothing to retry: {why}")
        expect(window.locator("#announce")).to_have_class("toast")
        expect(window.get_by_role("dialog")).to_have_count(0)
        window.goto(f"{address}/runs")
        window.keyboard.press("r")
        expect(window.locator("#announce")).to_have_text("Nothing to retry: select a platform first, with j and k")
        goes_on = site.record([("npm", "publish", "ok", 1.0, "")], outcome=None)
        window.goto(f"{address}/runs/{goes_on}/environment")
        window.keyboard.press("r")
        expect(window.locator("#announce")).to_have_text("Nothing to retry: it still runs")


def test_who_may_not_retry_hears_that(tmp_path: Path, window: Page) -> None:
    with open_people(tmp_path) as people:
        run = people.site.record(FAILED, outcome="failed")
        people.site.app.state.cookies = dict(people.someone("vera", "viewer").cookies)
        with served(people.site.app) as address:
            window.goto(f"{address}/runs/{run}")
            window.keyboard.press("j")
            window.keyboard.press("r")
            expect(window.locator("#announce")).to_have_text("Nothing to retry: your role, viewer, may not do this")


def test_brackets_go_from_run_to_run(site: Site, window: Page) -> None:
    first, second = site.record(FAILED, outcome="failed"), site.record(FAILED, outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs/{second}")
        window.keyboard.press("[")
        window.wait_for_url(f"{address}/runs/{first}")
        window.keyboard.press("]")
        window.wait_for_url(f"{address}/runs/{second}")


def test_t_changes_between_table_and_grid(site: Site, window: Page) -> None:
    site.record(FAILED, outcome="failed")
    with served(site.app) as address:
        window.goto(address)
        window.keyboard.press("t")
        window.wait_for_url("**view=grid*")
        window.keyboard.press("t")
        expect(window.locator("table.platforms")).to_be_visible()


@pytest.mark.parametrize("opener", ["Control+k", "Meta+k"])
def test_the_palette_goes_anywhere_by_some_letters_of_a_name(site: Site, window: Page, opener: str) -> None:
    run = site.record(FAILED, outcome="failed")
    with served(site.app) as address:
        window.goto(f"{address}/runs")
        window.keyboard.press(opener)
        field = window.get_by_role("combobox", name="Page, platform, run or action")
        expect(field).to_be_focused()
        places = window.get_by_role("listbox", name="Places")
        expect(places.get_by_role("option").first).to_be_visible()
        field.fill(f"log {run}")
        expect(places.get_by_role("option", selected=True)).to_contain_text(f"Log of run {run}")
        window.keyboard.press("Enter")
        window.wait_for_url(f"{address}/runs/{run}/logs")
        # The page has started its scripts: one that is fetched when the window closes would count as failed.
        expect(window.locator('.log .place[tabindex="0"]')).to_have_count(1)


def test_escape_closes_the_palette_and_gives_the_focus_back(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(address)
        window.get_by_role("link", name="Runs").focus()
        window.keyboard.press("Control+k")
        expect(window.get_by_role("combobox", name="Page, platform, run or action")).to_be_focused()
        window.keyboard.press("ArrowDown")
        window.keyboard.press("Escape")
        expect(window.get_by_role("link", name="Runs")).to_be_focused()
        expect(window.get_by_role("dialog")).to_have_count(0)


def test_the_palette_leads_nobody_where_they_may_not_go(tmp_path: Path) -> None:
    with open_people(tmp_path) as people:
        people.site.record(FAILED, outcome="failed")
        told = people.someone("eve", "viewer").get("/palette.json").json()
    paths = {one["path"] for one in told}
    assert "/runs/1" in paths
    assert not paths & {"/runs/1/logs", "/deploy", "/rollback", "/audit", "/tokens"}
