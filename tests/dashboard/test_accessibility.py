"""Every page, also one that is new, in both themes and on a narrow screen: nothing on it keeps anybody out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.dashboard.navigation import modules
from tests.dashboard.site import Site, keep_downloads, open_site, served

#: What stands for each parameter of an address.
SAMPLES = {"number": "2", "pair": "1..2", "platform": "npm", "form": "no-such-form"}
#: They never end, or lead somewhere else.
NO_PAGES = ("/events", "/sign-on/link", "/sign-on/provider", "/sign-on/callback")
#: Pages that look otherwise with these.
CHOICES = (
    "/?view=grid",
    "/?state=bad",
    "/runs/2/logs?q=line",
    "/runs/2/logs?fold=1&open=npm:publish",
    "/runs/2/timeline?critical=1",
    "/runs/2/timeline?by=worker",
    "/analytics?form=lines&mean=1&days=90",
)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STAGES = ("render", "package", "preflight", "publish", "verify")


def paths() -> list[str]:
    """Every address that somebody may type, with samples for its parameters."""
    routes = [route for module in modules() for route in module.router.routes]
    found = {re.sub(r"{(\w+)}", lambda name: SAMPLES[name[1]], r.path) for r in routes if "GET" in r.methods}
    return sorted(path for path in found if path not in NO_PAGES)


def pages(site: Site) -> list[str]:
    """Those that answer with a page."""
    html = {"accept": "text/html"}
    answers = {path: site.client.get(path, headers=html, follow_redirects=False) for path in [*paths(), *CHOICES]}
    shown = {path: answer for path, answer in answers.items() if answer.status_code == 200}
    return [path for path, answer in shown.items() if answer.headers["content-type"].startswith("text/html")]


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Site]:
    """A project of which there is something to tell on every page."""
    sections: dict[str, Any] = {
        "costs": {"minute": 0.01, "budget": 20, "platforms": {"docker": {"monthly": 11}}},
        "business": {"trial": {"enabled": True}, "licensing": {"price": "99 EUR"}},
        "monitoring": {
            "error_notifications": ["hook"],
            "channels": {"hook": {"kind": "webhook", "url": "http://127.0.0.1:9"}},
        },
    }
    with open_site(tmp_path, **sections) as site:
        well = [(name, stage, "ok", 2.0, "") for name in ("github", "npm", "pypi") for stage in STAGES]
        site.record(well, version="1.0.0")
        site.record([*well, ("snap", "publish", "failed", 1.0, "the login has ended")], outcome="failed", logs=2)
        today = site.desk.now().date()
        moments = [datetime.combine(today - timedelta(days=n), time(), UTC) for n in range(100, 0, -1)]
        readings = tuple(Reading(at, 100 + 3 * at.weekday()) for at in moments)
        counters = [Counter("npm", "hello", Kind.DAILY, headline=True)]
        counters += [Counter("npm", "hello", Kind.DAILY, country=name) for name in ("SE", "NO")]
        keep_downloads(site, "npm", *(Series(one, readings, "every download", "") for one in counters))
        yield site


def look_at(window: Page, address: str, found: list[str]) -> dict[str, list[str]]:
    """What is wrong with each page, by its address and the theme."""
    wrong: dict[str, list[str]] = {}
    for path in found:
        window.goto(f"{address}{path}")
        for theme in THEMES:
            window.emulate_media(color_scheme=theme)
            wrong[f"{path} {theme}"] = [rule["id"] for rule in Axe().run(window).response["violations"]]
        window.set_viewport_size({"width": 320, "height": 700})
        told = window.evaluate(
            """() => [
              document.documentElement.scrollWidth > innerWidth && 'wider than the window',
              document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])') && 'an order of its own',
              document.querySelectorAll('h1').length !== 1 && 'not one h1',
            ].filter(Boolean)"""
        )
        wrong[path] = told
        window.set_viewport_size({"width": 1280, "height": 900})
    return {path: what for path, what in wrong.items() if what}


def test_a_page_for_each_address_is_known() -> None:
    assert len(paths()) > 30


def test_nothing_keeps_anybody_out_where_there_is_much_to_tell(full: Site, window: Page) -> None:
    with served(full.app) as address:
        assert look_at(window, address, pages(full)) == {}


def test_nothing_keeps_anybody_out_where_there_is_nothing_to_tell(site: Site, window: Page) -> None:
    empty = [path for path in pages(site) if not path.startswith(("/runs/", "/compare/"))]
    with served(site.app) as address:
        assert look_at(window, address, empty) == {}


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [("/", "?", "Keys"), ("/", "Control+k", "Go to"), ("/runs/2", "r", "Retry")],
)
def test_nothing_keeps_anybody_out_of_a_dialog(full: Site, window: Page, path: str, key: str, name: str) -> None:
    with served(full.app) as address:
        window.goto(f"{address}{path}")
        window.keyboard.press(key)
        expect(window.get_by_role("dialog", name=name)).to_be_visible()
        for theme in THEMES:
            window.emulate_media(color_scheme=theme)
            assert [rule["id"] for rule in Axe().run(window).response["violations"]] == []


def test_the_first_stop_of_tab_leads_past_the_navigation(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(address)
        window.keyboard.press("Tab")
        expect(window.get_by_role("link", name="Skip to the content")).to_be_focused()
        window.keyboard.press("Enter")
        expect(window.locator("main")).to_be_focused()
