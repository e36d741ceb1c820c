"""The pages about a run in a real browser while the run goes on: told by the stream, and asked for only then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.cli.shop import COMMAND, open_shop
from tests.dashboard.command import commanded
from tests.dashboard.listener import eventually
from tests.dashboard.site import Site, open_site, served
from tests.dashboard.test_live import Run


def asked(page: Page) -> list[str]:
    """The pages about runs that are asked for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "/runs/" in request.url else None)
    return found


def opened(page: Page, site: Site, address: str) -> None:
    """Open a page, which is told everything from now on."""
    page.goto(address)
    page.evaluate("window.stays = true")
    eventually(lambda: site.app.state.hub._viewers)


def test_what_happens_is_seen_at_once_and_a_run_that_stands_still_asks_for_nothing(site: Site, window: Page) -> None:
    run = Run(site)
    run.journal.flush()
    window.clock.install()
    with served(site.app) as address:
        opened(window, site, f"{address}/runs/{run.number}")
        requests = asked(window)
        window.clock.run_for(120_000)
        assert requests == []
        run.begins("npm", "publish")
        expect(window.locator('a.cell[href$="/logs#npm:publish"]')).to_contain_text("running", timeout=3000)
        run.ends("npm", "publish", "failed", "the token has expired")
        expect(window.locator('a.cell[href$="/logs#npm:publish"]')).to_contain_text("failed", timeout=3000)
        assert window.evaluate("window.stays")
        run.end()


@pytest.mark.parametrize(
    ("tab", "shown"),
    [("graph", 'a.node[aria-label="publish npm: running"]'), ("timeline", "g.bar"), ("logs", ".log .said")],
)
def test_every_tab_is_told(site: Site, window: Page, tab: str, shown: str) -> None:
    run = Run(site)
    with served(site.app) as address:
        opened(window, site, f"{address}/runs/{run.number}/{tab}")
        run.begins("npm", "publish")
        expect(window.locator(shown).first).to_be_attached()
        run.end()
        expect(window.locator("h1 .state")).to_contain_text("done")
        expect(window.locator("#announce")).to_contain_text("done")
        assert window.evaluate("window.stays")


def test_a_timeline_grows_also_while_nothing_is_told(site: Site, window: Page) -> None:
    run = Run(site)
    run.begins("npm", "publish")
    run.journal.flush()
    window.clock.install()
    with served(site.app) as address:
        opened(window, site, f"{address}/runs/{run.number}/timeline")
        requests = asked(window)
        window.clock.run_for(65_000)
        assert 1 <= len(requests) <= 2
        run.end()


def test_how_long_a_run_takes_counts_on_by_itself_until_it_ends(site: Site, window: Page) -> None:
    run = Run(site)
    window.clock.install()
    with served(site.app) as address:
        opened(window, site, f"{address}/runs/{run.number}/environment")
        window.clock.run_for(75_000)
        expect(window.locator("[data-began]")).to_contain_text("1:1")
        run.end()
        expect(window.locator("dl.facts")).to_contain_text("Took")
        expect(window.locator("[data-began]")).to_have_count(0)


def test_many_events_at_once_are_asked_for_once_a_second_and_the_last_one_is_seen(site: Site, window: Page) -> None:
    run = Run(site)
    with served(site.app) as address:
        opened(window, site, f"{address}/runs/{run.number}")
        requests = asked(window)
        begin = window.evaluate("performance.now()")
        for number in range(40):
            run.begins("npm", "publish")
            run.ends("npm", "publish", "failed", f"try {number}")
            run.journal.flush()
        expect(window.locator("main")).to_contain_text("try 39")
        seconds = (window.evaluate("performance.now()") - begin) / 1000
        assert 1 <= len(requests) <= seconds + 2
        run.end()


def test_a_tab_that_follows_another_one_is_told_too_and_no_stream_stays_open_after_the_end(
    site: Site, window: Page
) -> None:
    run = Run(site)
    with served(site.app) as address:
        follower = window.context.new_page()
        opened(window, site, f"{address}/runs/{run.number}")
        opened(follower, site, f"{address}/runs/{run.number}/graph")
        run.begins("npm", "publish")
        expect(follower.locator('a.node[aria-label="publish npm: running"]')).to_be_attached()
        assert site.app.state.hub.watchers == 1
        run.end()
        for page in (window, follower):
            expect(page.locator("h1 .state")).to_contain_text("done")
        eventually(lambda: site.app.state.hub.watchers == 0)


def test_after_a_restart_of_the_server_nothing_is_missed(tmp_path: Path, window: Page) -> None:
    with open_site(tmp_path) as site:
        run = Run(site)
        with served(site.app) as address:
            port = int(address.rpartition(":")[2])
            opened(window, site, f"{address}/runs/{run.number}")
        expect(window.locator("#banner")).to_contain_text("The connection is lost")
        run.begins("npm", "publish")
        run.journal.flush()
    with open_site(tmp_path) as site, served(site.app, port):
        expect(window.locator('a.cell[href$="/logs#npm:publish"]')).to_contain_text("running")
        expect(window.locator("#banner")).to_be_hidden()
        run.ends("npm", "publish", "ok")
        expect(window.locator('a.cell[href$="/logs#npm:publish"]')).to_contain_text("published")
        assert window.evaluate("window.stays")
        run.end()


def test_while_the_stream_is_away_the_page_is_asked_for_now_and_then(site: Site, window: Page) -> None:
    def gone(route: Route) -> None:
        route.abort()

    run = Run(site)
    window.clock.install()
    window.route("**/events*", gone)
    with served(site.app) as address:
        window.goto(f"{address}/runs/{run.number}")
        run.begins("npm", "publish")
        run.journal.flush()
        expect(window.locator("#banner")).to_contain_text("The connection is lost")
        window.clock.run_for(31_000)
        expect(window.locator('a.cell[href$="/logs#npm:publish"]')).to_contain_text("running")
        window.unroute("**/events*")
        window.goto(f"{address}/keys")  # what is on its way when a page closes would count as failed
        run.end()


def test_a_real_upload_that_stands_still_asks_for_nothing_and_its_end_is_seen(tmp_path: Path, window: Page) -> None:
    with open_shop(tmp_path) as shop, commanded(shop) as address:
        held = shop.hold_east()
        deploy = subprocess.Popen([*COMMAND, "deploy", "--yes", "-q"], cwd=shop.folder, env=shop.environ)
        assert held.wait()
        window.goto(address)
        window.goto(f"{address.partition('/sign-on')[0]}/runs/1")
        window.evaluate("window.stays = true")
        east = window.locator('a[href$="/logs#east:publish"]')
        expect(window.locator('a[href$="/logs#west:verify"]')).to_contain_text("done")
        expect(east).to_contain_text("running")
        requests = asked(window)
        seconds = int(window.locator("[data-began]").inner_text().split()[0])
        expect(window.locator("[data-began]")).to_have_text(f"{seconds + 3} s")  # the page counts on by itself
        assert requests == []
        held.release()
        expect(east).to_contain_text("published")
        expect(window.locator("h1 .state")).to_contain_text("done")
        assert window.evaluate("window.stays")
        assert deploy.wait(60) == 0
