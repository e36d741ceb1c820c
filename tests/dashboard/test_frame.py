"""What every page has in common."""

from __future__ import annotations

import html
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from deployforge_tasks.dashboard import looks
from deployforge_tasks.dashboard.rendering import STATIC
from deployforge_tasks.dashboard.ticks import ticks
from tests.dashboard.site import Site, served


def test_nothing_on_a_page_may_come_from_elsewhere_or_stand_in_it_as_script(site: Site) -> None:
    policy = site.client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_a_static_file_may_be_kept_for_ever_because_its_path_changes_with_it(site: Site) -> None:
    path = site.client.get("/").text.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = site.client.get(path)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


def test_a_static_path_leads_to_static_files_only(site: Site) -> None:
    assert site.client.get("/static/x/%2e%2e/app.py").status_code == 404
    assert site.client.get("/static/x/../../app.py").status_code == 404


def test_the_colours_are_chosen_without_a_script(site: Site) -> None:
    chosen = site.client.post("/theme/dark", follow_redirects=True)
    assert 'data-theme="dark"' in chosen.text


@pytest.mark.skipif(shutil.which("fc-list") is None, reason="needs fontconfig")
def test_every_sign_on_a_page_is_in_a_font_that_nearly_every_machine_has() -> None:
    files = [*STATIC.parent.rglob("*.html"), *STATIC.rglob("*.js"), *STATIC.rglob("*.css"), Path(looks.__file__)]
    signs = {sign for file in files for sign in file.read_text("utf-8") if ord(sign) > 0x2000}
    command = ["fc-list", "DejaVu Sans:style=Book", "charset"]
    known = subprocess.run(command, check=True, capture_output=True, text=True).stdout.partition("charset=")[2]
    if not known:
        pytest.skip("needs the font DejaVu Sans")
    ranges = [[int(end, 16) for end in part.split("-")] for part in known.splitlines()[0].split()]
    assert {sign for sign in signs if not any(part[0] <= ord(sign) <= part[-1] for part in ranges)} == set()


@pytest.mark.parametrize(("seconds", "named"), [(0, [0]), (0.35, [0, 0.1, 0.2, 0.3]), (56, [0, 10, 20, 30, 40, 50])])
def test_a_time_axis_names_round_moments(seconds: float, named: list[float]) -> None:
    assert ticks(seconds) == pytest.approx(named)


def test_a_time_axis_of_days_does_not_name_every_hour() -> None:
    assert len(ticks(3e6)) <= 9


def test_a_page_is_shown_by_a_real_browser_with_moments_in_its_own_zone(site: Site, window: Page) -> None:
    site.record([("npm", "publish", "ok", 1.5, "")])
    with served(site.app) as address:
        window.goto(address)
        assert window.locator("main time").get_attribute("title", timeout=5000).endswith("UTC")  # type: ignore[union-attr]


HTML = {"accept": "text/html"}


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nowhere", 404, "there is no such page: /nowhere"),
        ("/runs/7", 404, "the ledger knows no run"),
        ("/runs/x", 400, "this is not understood: number"),
        ("/runs/1/logs?line=x", 400, "this is not understood: line"),
        ("/runs/1/logs?level=loud", 400, "a log has no level <code>loud</code>"),
    ],
)
def test_a_mistake_is_told_on_a_page(site: Site, path: str, status: int, says: str) -> None:
    if "logs" in path:
        site.record([("npm", "publish", "ok", 1.5, "")])
    answer = site.client.get(path, headers=HTML)
    assert answer.status_code == status
    assert says in html.unescape(answer.text)
    assert "DF" in answer.text


def test_what_is_typed_stands_out_in_the_hint_of_a_mistake(site: Site) -> None:
    site.record([("npm", "publish", "ok", 1.0, "")])
    assert "<code>deployforge runs</code> lists them" in site.client.get("/runs/99", headers=HTML).text


def test_no_page_of_the_head_is_cut_on_a_narrow_screen(site: Site, window: Page) -> None:
    window.set_viewport_size({"width": 320, "height": 700})
    with served(site.app) as address:
        for path in ("/geography", "/approvals", "/analytics"):
            window.goto(address + path)
            here = window.locator(".top nav a[aria-current]")
            assert here.evaluate("link => link.scrollWidth <= link.clientWidth"), path


def test_a_program_gets_a_mistake_as_a_document(site: Site) -> None:
    assert site.client.get("/api/v1/runs/7").json()["error"]["id"] == "DF1360"
    assert site.client.get("/api/v1/nowhere").json() == {"detail": "Not Found"}
