"""The overview in a real browser while runs go on."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import writing
from deployforge_tasks.ledger.journal import Journal
from deployforge_tasks.ledger.store import Ledger
from tests.cli.shop import COMMAND, open_shop
from tests.dashboard.command import commanded
from tests.dashboard.listener import eventually
from tests.dashboard.people import open_people
from tests.dashboard.site import Site, open_site, served


class Run:
    """A run that goes on as the test wants."""

    def __init__(self, site: Site, platforms: Sequence[str] = ("npm", "pypi")) -> None:
        self.ledger = Ledger.open(site.desk.ledger_url)
        self.number = self.ledger.start_run(site.desk.project, "", "1.0.0", "deploy")
        self.journal: Journal = self.ledger.listener(self.number)
        self.journal(Event("run_started", data={"run": self.number, "platforms": list(platforms)}))

    def begins(self, platform: str, stage: str) -> None:
        self.journal(Event("stage_started", platform, stage))

    def ends(self, platform: str, stage: str, outcome: str, reason: str = "") -> None:
        self.journal(Event("stage_finished", platform, stage, {"outcome": outcome, "seconds": 1.0, "reason": reason}))

    def end(self) -> None:
        self.journal(Event("run_finished", data={"outcome": "ok", "exit_code": 0}))
        self.ledger.finish_run(self.number, "ok", 0)
        self.ledger.close()


def says(page: Page, platform: str, word: str) -> None:
    expect(page.locator(f'[data-name="{platform}"] .state').first).to_contain_text(word)


def test_a_run_that_begins_is_seen_row_by_row_without_a_reload(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(address)
        window.evaluate("window.stays = true")
        run = Run(site)
        expect(window.locator("h1")).to_contain_text(f"Run {run.number}")
        run.begins("npm", "publish")
        says(window, "npm", "running")
        run.ends("npm", "publish", "failed", "the token has expired")
        says(window, "npm", "failed")
        expect(window.locator('[data-name="npm"] .wrong')).to_have_text("the token has expired")
        expect(window.locator('[data-group="bad"] [data-name]')).to_have_count(1)
        expect(window.locator("#announce")).to_contain_text("npm failed")
        run.end()
        expect(window.locator("h1 .state")).to_contain_text("done")
        assert window.evaluate("window.stays")


def test_the_focus_stays_where_it_is_while_rows_change(site: Site, window: Page) -> None:
    run = Run(site)
    with served(site.app) as address:
        window.goto(address)
        link = window.locator('[data-name="npm"] a[aria-label^="run"]')
        link.focus()
        run.begins("npm", "publish")
        says(window, "npm", "running")
        assert link.evaluate("element => element === document.activeElement")
        run.end()
        expect(window.locator("h1 .state")).to_contain_text("done")
        expect(link).to_be_focused()


def test_a_dialog_gives_the_focus_back_to_a_row_that_was_read_again_meanwhile(site: Site, window: Page) -> None:
    site.record([("npm", "publish", "failed", 1.0, "")], outcome="failed")
    with served(site.app) as address:
        window.goto(address)
        window.locator('[data-name="npm"] a[href]').first.focus()
        window.keyboard.press("r")
        expect(window.get_by_role("dialog")).to_be_visible()
        run = Run(site)
        expect(window.locator("main h1")).to_contain_text(f"Run {run.number}")
        window.keyboard.press("Escape")
        expect(window.locator('[data-name="npm"] :focus')).to_have_count(1)
        run.end()


#: Until the leading tab passes on to the others that everything up to now was told.
_READY = """
window.ready = new Promise((told) => {
  new BroadcastChannel("deployforge-events").onmessage = ({ data }) => data.event === "ready" && told();
});
"""


def test_a_page_that_was_made_after_the_end_of_a_run_is_not_read_again(site: Site, window: Page) -> None:
    site.record([("npm", "publish", "failed", 1.0, "")], outcome="failed")
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.add_init_script(_READY)
    window.clock.install()
    with served(site.app) as address:
        window.goto(address)
        window.evaluate("window.ready")
        window.clock.run_for(2000)
        assert asked.count(f"{address}/") == 1


def test_a_server_that_comes_back_is_found_again_and_nothing_is_missed(tmp_path: Path, window: Page) -> None:
    with open_site(tmp_path) as site:
        run = Run(site)
        with served(site.app) as address:
            port = int(address.rpartition(":")[2])
            window.goto(address)
            run.begins("npm", "publish")
            says(window, "npm", "running")
        expect(window.locator("#banner")).to_contain_text("The connection is lost")
        run.ends("npm", "publish", "ok")
        run.begins("pypi", "publish")
        window.evaluate("window.stays = true")
    with open_site(tmp_path) as site, served(site.app, port):
        says(window, "npm", "running")
        expect(window.locator('[data-name="npm"] [data-bind$="stage.publish"]')).to_have_attribute(
            "title", "publish: done, 1.0 s"
        )
        says(window, "pypi", "running")
        expect(window.locator("#banner")).to_be_hidden()
        assert window.evaluate("window.stays")
        run.end()


def test_seven_tabs_are_live_and_one_takes_over_when_the_leading_one_is_closed(site: Site, window: Page) -> None:
    run = Run(site)
    with served(site.app) as address:
        tabs = [window, *(window.context.new_page() for _ in range(6))]
        for tab in tabs:
            tab.goto(address)
        run.begins("npm", "publish")
        for tab in tabs:
            says(tab, "npm", "running")
        assert site.app.state.hub.watchers == 1
        tabs[0].close()
        run.ends("npm", "publish", "ok")
        run.begins("pypi", "publish")
        for tab in tabs[1:]:
            says(tab, "pypi", "running")
        run.end()


def test_a_tab_without_locks_has_a_stream_of_its_own_and_says_so(site: Site, window: Page) -> None:
    window.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    run = Run(site)
    with served(site.app) as address:
        window.goto(address)
        expect(window.locator("#banner")).to_contain_text("Without HTTPS")
        run.begins("npm", "publish")
        says(window, "npm", "running")
        run.end()


def test_without_scripts_the_overview_shows_the_same(site: Site, browser: Browser) -> None:
    run = Run(site)
    run.begins("npm", "publish")
    context = browser.new_context(java_script_enabled=False)
    with served(site.app) as address:
        page = context.new_page()
        page.goto(address)
        says(page, "npm", "running")
        page.get_by_label("Group by").select_option("kind")
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".group").first).to_be_visible()
    context.close()
    run.end()


def test_a_real_deploy_is_seen_from_its_begin_to_its_end(tmp_path: Path, window: Page) -> None:
    with open_shop(tmp_path) as shop, commanded(shop) as address:
        held = shop.hold_east()
        window.goto(address)
        expect(window.locator("main")).to_contain_text("No run yet")
        deploy = subprocess.Popen([*COMMAND, "deploy", "--yes", "-q"], cwd=shop.folder, env=shop.environ)
        assert held.wait()
        says(window, "east", "running")
        says(window, "west", "published")
        held.release()
        says(window, "north", "published")
        expect(window.locator("h1 .state")).to_contain_text("done")
        assert deploy.wait(60) == 0


def test_who_is_not_signed_on_any_more_is_led_to_sign_on(
    site: Site, window: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.dashboard.stream.HEARTBEAT_EVERY", 0.05)
    with served(site.app) as address:
        window.goto(address)
        eventually(lambda: site.app.state.hub.watchers)
        site.client.post("/sign-out")
        expect(window).to_have_url(re.compile("/sign-on"), timeout=15_000)


def test_who_may_not_read_logs_any_more_is_told_that_and_their_other_tabs_stay_live(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.dashboard.stream.HEARTBEAT_EVERY", 0.05)
    with open_people(tmp_path) as people, browser.new_context() as context:
        site = people.site
        run = Run(site)
        site.app.state.cookies = dict(people.someone("ann", "operator").cookies)
        with served(site.app) as address:
            leads, log = context.new_page(), context.new_page()
            leads.goto(address)
            eventually(lambda: site.app.state.hub._viewers)
            log.goto(f"{address}/runs/{run.number}/logs")
            eventually(lambda: any(viewer.logs for viewer in site.app.state.hub._viewers))
            with writing(site.desk.reader._engine) as connection:
                connection.execute(update(tables.access_tokens).values(role="viewer"))
            expect(log.locator("main")).to_contain_text("your role, viewer, may not")
            run.begins("npm", "publish")
            says(leads, "npm", "running")
            run.end()


def test_ctrl_c_ends_the_dashboard_at_once_also_while_somebody_watches(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        begin = time.monotonic()
        with commanded(shop) as link:
            session = requests.Session()
            address = session.get(link, timeout=10).url
            stream = session.get(f"{address.partition('/sign-on')[0].rstrip('/')}/events", stream=True, timeout=10)
            assert next(stream.iter_lines()) == b"retry: 1000"
            begin = time.monotonic()
        assert time.monotonic() - begin < 2.5
        session.close()
