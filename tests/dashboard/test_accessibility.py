"""Every page, also one that is new, in both themes and on a narrow screen: nothing on it keeps anybody out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from deployforge_tasks.access.roles import Visitor
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.dashboard.navigation import modules
from deployforge_tasks.operations.approvals import ApprovalNeededError, permit
from deployforge_tasks.operations.detach import FOLDER, new_name
from tests.dashboard.site import Site, keep_downloads, keep_first_day, open_site, served

#: A form that has started a run which has no number yet.
FORM = "20260101-000000-0123456789abcdef"
#: What stands for each parameter of an address.
SAMPLES = {"number": "2", "pair": "1..2", "platform": "npm", "form": FORM}
#: What answers with something else than a page, and with what.
OTHERS = {
    "/analytics.csv": "text/csv",
    "/api/openapi.json": "application/json",
    "/api/v1/dashboard": "application/json",
    "/api/v1/downloads": "application/json",
    "/api/v1/runs": "application/json",
    "/api/v1/runs/{number}": "application/json",
    "/api/v1/runs/{number}/log": "application/json",
    "/api/v1/status": "application/json",
    "/audit.csv": "text/csv",
    "/badge.svg": "image/svg+xml",
    "/badge/{platform}.svg": "image/svg+xml",
    "/feed.xml": "application/atom+xml",
    "/healthz": "application/json",
    "/metrics": "application/openmetrics-text",
    "/palette.json": "application/json",
    "/runs.csv": "text/csv",
    "/runs/{number}/logs/raw": "text/plain",
    "/runs/{number}/logs/download": "text/plain",
}
#: They never end, are files, or lead somewhere else; signing on is looked at by itself.
NEITHER = (
    "/events",
    "/static/{version}/{name:path}",
    "/sign-on",
    "/sign-on/link",
    "/sign-on/provider",
    "/sign-on/callback",
)
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
STAGES = ("render", "package", "preflight", "publish", "verify")
HTML = {"accept": "text/html"}
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 700}
#: What axe has no rule for.
MORE = """() => [
  document.documentElement.scrollWidth > innerWidth && 'wider than the window',
  document.querySelector('[tabindex]:not([tabindex="0"], [tabindex="-1"])') && 'an order of its own for Tab',
  document.querySelectorAll('h1:not(dialog *)').length !== 1 && 'not one h1',
  document.querySelectorAll('main').length !== 1 && 'not one main',
].filter(Boolean)"""


def routes(site: Site) -> set[str]:
    """Every path that somebody may type, its parameters in braces."""
    found = [*site.app.routes, *(route for module in modules() for route in module.router.routes)]
    return {route.path for route in found if "GET" in (getattr(route, "methods", None) or ())}


def filled(path: str) -> str:
    """A path with a sample for each parameter."""
    missing = [name for name in re.findall(r"{(\w+)", path) if name not in SAMPLES]
    assert not missing, f"{path} has no sample: say in SAMPLES of {__file__} what stands for {', '.join(missing)}"
    return re.sub(r"{(\w+)(:\w+)?}", lambda name: SAMPLES[name[1]], path)


def pages(site: Site) -> list[str]:
    """The paths of all pages, its parameters in braces."""
    return sorted(routes(site) - {*OTHERS, *NEITHER})


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A project of which there is something to tell on every page."""
    monkeypatch.setattr("deployforge_tasks.dashboard.pages.actions._PATIENCE", 0)
    sections: dict[str, Any] = {
        "costs": {"minute": 0.01, "budget": 20, "platforms": {"docker": {"monthly": 11}}},
        "business": {"trial": {"enabled": True}, "licensing": {"price": "99 EUR"}},
        "monitoring": {
            "error_notifications": ["hook"],
            "channels": {"hook": {"kind": "webhook", "url": "http://127.0.0.1:9"}},
        },
        "dashboard": {"approvals": {"": {"actions": ["deploy"]}}},
    }
    with open_site(tmp_path, **sections) as site:
        record_runs(site)
        record_downloads(site)
        keep_first_day(site)
        record_deeds(site)
        begun = site.desk.loaded.root / FOLDER / FORM
        begun.mkdir(parents=True)
        (begun / "output.log").write_text("looking at the release\n", "utf-8")
        yield site


def record_runs(site: Site) -> None:
    well = [(name, stage, "ok", 2.0, "") for name in ("github", "npm", "pypi") for stage in STAGES]
    site.record(well, version="1.0.0")
    site.record([*well, ("snap", "publish", "failed", 1.0, "the login has ended")], outcome="failed", logs=2)


def record_downloads(site: Site) -> None:
    today = site.desk.now().date()
    moments = [datetime.combine(today - timedelta(days=n), time(), UTC) for n in range(100, 0, -1)]
    readings = tuple(Reading(at, 100 + 3 * at.weekday()) for at in moments)
    counters = [Counter("npm", "hello", Kind.DAILY, headline=True)]
    counters += [Counter("npm", "hello", Kind.DAILY, country=name) for name in ("SE", "NO")]
    keep_downloads(site, "npm", *(Series(one, readings, "every download", "") for one in counters))


def record_deeds(site: Site) -> None:
    """A token, a request that waits, and what the trail keeps of them."""
    desk = site.desk
    assert site.client.post("/tokens", data={"name": "ci", "role": "viewer", "days": "7"}).status_code == 200
    with pytest.raises(ApprovalNeededError):
        permit(
            desk.records,
            desk.loaded,
            Visitor("ann", "releaser", "token"),
            action="deploy",
            version="1.2.0",
            platforms=["npm"],
            form=new_name(),
        )


def axe(window: Page, *rules: str) -> list[str]:
    """The rules of axe that a page breaks, with the first element that does (default: of all rules)."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    found = Axe().run(window, options=options).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found]


def wrong_with(window: Page) -> list[str]:
    """What is wrong with the page that is shown: all of it in the light, and the colours in the dark."""
    window.emulate_media(color_scheme="light")
    found = axe(window)
    window.emulate_media(color_scheme="dark")
    found += [f"dark {rule}" for rule in axe(window, "color-contrast")]
    window.set_viewport_size(NARROW)  # type: ignore[arg-type]
    found += window.evaluate(MORE)
    window.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return found


def wrong_on(window: Page, address: str, paths: list[str]) -> dict[str, list[str]]:
    """What is wrong with each page where something is."""
    found: dict[str, list[str]] = {}
    for path in paths:
        window.goto(f"{address}{path}")
        expect(window.locator("[data-fresh=insights][data-live]")).to_have_count(0, timeout=30_000)
        found[path] = wrong_with(window)
    return {path: what for path, what in found.items() if what}


@contextmanager
def stranger(browser: Browser) -> Iterator[Page]:
    """A window in which a page may also be a refusal."""
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_every_path_is_a_page_or_named_as_something_else(full: Site) -> None:
    for path in pages(full):
        answer = full.client.get(filled(path), headers=HTML, follow_redirects=False)
        kind = answer.headers.get("content-type", "")
        assert (answer.status_code, kind.partition(";")[0]) == (200, "text/html"), f"{path}: name it in OTHERS"


def test_what_is_no_page_is_what_it_is_named_as(full: Site) -> None:
    assert {*OTHERS, *NEITHER} <= routes(full)
    told = {path: full.client.get(filled(path)) for path in OTHERS}
    assert {path: answer.headers["content-type"].partition(";")[0] for path, answer in told.items()} == OTHERS


def test_nothing_keeps_anybody_out_where_there_is_much_to_tell(full: Site, window: Page) -> None:
    paths = [filled(path) for path in pages(full)]
    with served(full.app) as address:
        assert wrong_on(window, address, [*paths, *CHOICES]) == {}


def test_nothing_keeps_anybody_out_where_there_is_nothing_to_tell(site: Site, window: Page) -> None:
    with served(site.app) as address:
        assert wrong_on(window, address, [path for path in pages(site) if "{" not in path]) == {}


def test_nothing_keeps_strangers_from_signing_on_nor_from_reading_why_not(full: Site, browser: Browser) -> None:
    with served(full.app, signed_on=False) as address, stranger(browser) as window:
        assert wrong_on(window, address, ["/sign-on", "/sign-on/link?value=none"]) == {}
    with served(full.app) as address, stranger(browser) as window:
        assert wrong_on(window, address, ["/runs/99"]) == {}


@pytest.mark.parametrize("opener", ["?", "Control+k", "r", "Roll back"])
def test_nothing_keeps_anybody_out_of_a_dialog(full: Site, window: Page, opener: str) -> None:
    with served(full.app) as address:
        window.goto(f"{address}/runs/2")
        if opener == "Roll back":
            window.get_by_role("link", name=opener).click()
        else:
            window.keyboard.press(opener)
        expect(window.get_by_role("dialog")).to_be_visible()
        if opener == "Control+k":
            expect(window.get_by_role("option").first).to_be_visible()
        assert wrong_with(window) == []


def test_the_first_stop_of_tab_leads_past_the_navigation(site: Site, window: Page) -> None:
    with served(site.app) as address:
        window.goto(address)
        window.keyboard.press("Tab")
        expect(window.get_by_role("link", name="Skip to the content")).to_be_focused()
        window.keyboard.press("Enter")
        expect(window.locator("main")).to_be_focused()
