"""The log in a real browser while its run goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.journal import Journal
from deployforge_tasks.ledger.store import Ledger
from tests.dashboard.site import Site, served


class Talker:
    """A run that goes on and says what the test wants."""

    def __init__(self, site: Site) -> None:
        self.ledger = Ledger.open(site.desk.ledger_url)
        self.run = self.ledger.start_run(site.desk.project, "", "1.0.0", "deployforge deploy")
        self.journal: Journal = self.ledger.listener(self.run)
        self.said = 0

    def says(self, count: int, *, text: str = "line {}") -> None:
        for _ in range(count):
            self.said += 1
            self.journal(Event("log", "npm", "publish", {"level": "info", "text": text.format(self.said)}))
        self.journal.flush()

    def ends(self) -> None:
        self.journal(Event("run_finished", data={"outcome": "done", "exit_code": 0}))
        self.journal.flush()
        self.ledger.finish_run(self.run, "done", 0)
        self.ledger.close()


@pytest.fixture
def talker(site: Site) -> Talker:
    return Talker(site)


def test_lines_come_as_they_are_said_each_once_and_in_order(site: Site, talker: Talker, window: Page) -> None:
    talker.says(30)
    with served(site.app) as address:
        window.goto(f"{address}/runs/{talker.run}/logs")
        expect(window.locator(".log > li")).to_have_count(30)
        for total in (45, 60):
            talker.says(15)
            expect(window.locator(".log > li")).to_have_count(total)
        assert window.locator(".said").all_inner_texts() == [f"line {number}" for number in range(1, 61)]
        talker.ends()
        expect(window.locator("#announce")).to_contain_text("has ended")
        expect(window.locator("h1 .state")).to_contain_text("done")


def test_going_up_pauses_and_one_press_goes_to_the_newest(site: Site, talker: Talker, window: Page) -> None:
    talker.says(200)
    with served(site.app) as address:
        window.goto(f"{address}/runs/{talker.run}/logs")
        expect(window.locator("#L200")).to_be_in_viewport()
        window.mouse.move(600, 500)
        window.mouse.wheel(0, -2000)
        expect(window.get_by_role("button", name="Follow", exact=True)).to_have_attribute("aria-pressed", "false")
        talker.says(37)
        jump = window.get_by_role("button", name="Jump to newest (37 new)")
        jump.click()
        expect(window.locator("#L237")).to_be_in_viewport()
        expect(window.locator("[data-jump]")).to_be_hidden()
        talker.ends()


def test_a_followed_log_of_any_length_keeps_the_page_small(site: Site, talker: Talker, window: Page) -> None:
    talker.says(900)
    with served(site.app) as address:
        window.goto(f"{address}/runs/{talker.run}/logs")
        talker.says(3000)
        expect(window.locator("#L3900")).to_be_in_viewport()
        assert window.locator(".log > li").count() <= 2000
        talker.ends()


def test_the_lines_are_one_stop_of_the_tab_key_also_when_the_first_ones_are_gone(
    site: Site, talker: Talker, window: Page
) -> None:
    with served(site.app) as address:
        window.goto(f"{address}/runs/{talker.run}/logs")
        for total in (10, 3010):
            talker.says(total - talker.said)
            expect(window.locator(f"#L{total}")).to_be_in_viewport()
            expect(window.locator('.log .place[tabindex="0"]')).to_have_count(1)
        talker.ends()


def test_new_lines_never_take_the_focus_from_who_reads_one(site: Site, talker: Talker, window: Page) -> None:
    talker.says(50)
    with served(site.app) as address:
        window.goto(f"{address}/runs/{talker.run}/logs")
        follow = window.locator("[data-follow]")
        expect(follow).to_have_attribute("aria-pressed", "true")
        line = window.get_by_role("link", name="Line 50", exact=True)
        line.focus()
        expect(follow).to_have_attribute("aria-pressed", "false")
        talker.says(2500)
        jump = window.locator("[data-jump]")
        expect(jump).to_be_visible()
        expect(line).to_be_focused()
        jump.focus()
        window.keyboard.press("Enter")
        expect(window.locator("#L2550")).to_be_in_viewport()
        expect(follow).to_be_focused()
        talker.ends()


def test_what_is_looked_for_in_a_hundred_thousand_lines_is_found(site: Site, talker: Talker, window: Page) -> None:
    talker.says(70_000)
    talker.says(1, text="the one needle")
    talker.says(29_999)
    talker.ends()
    with served(site.app) as address:
        window.goto(f"{address}/runs/{talker.run}/logs")
        window.get_by_label("Search the whole log").fill("NEEDLE")
        window.keyboard.press("Enter")
        expect(window.get_by_text("1 of 1 line with")).to_be_visible()
        expect(window.locator("#L70001 mark")).to_have_text("needle")
        expect(window.locator("#L70001")).to_be_in_viewport()


def test_without_scripts_the_log_is_read_page_by_page(site: Site, talker: Talker, browser: Browser) -> None:
    talker.says(1500)
    talker.ends()
    context = browser.new_context(java_script_enabled=False)
    with served(site.app) as address:
        page = context.new_page()
        page.goto(f"{address}/runs/{talker.run}/logs")
        for button in ("[data-copy]", "[data-jump]"):  # they would do nothing
            expect(page.locator(button)).to_be_hidden()
        expect(page.locator(".log > li").first).to_contain_text("line 502")
        page.get_by_role("link", name="Older lines").click()
        expect(page.locator(".log > li").first).to_contain_text("line 1")
    context.close()
