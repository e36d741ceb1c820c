"""Reports: as text, as a page, as a PDF, and as a weekly digest."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deployforge_tasks.analytics import insight
from deployforge_tasks.analytics.charts.render import _drawn
from deployforge_tasks.analytics.report import Report, summary
from deployforge_tasks.analytics.report_page import html
from deployforge_tasks.analytics.report_text import markdown
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series, Unit
from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.effects.browser import find_browser, print_pdf
from deployforge_tasks.operations.report import last_week, report
from tests.dashboard.site import Site, keep_downloads, open_site
from tests.support.browsers import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A project with downloads, prices and two runs."""
    costs = {"minute": 0.5, "currency": "EUR", "platforms": {"npm": {"monthly": 30}}}
    with open_site(tmp_path / "project", costs=costs) as made:
        today = made.desk.now().date()
        moments = [datetime.combine(today - timedelta(days=n), time(), UTC) for n in range(100, 0, -1)]
        counter = Counter("npm", "hello", Kind.DAILY, headline=True)
        told = Series(counter, tuple(Reading(at, 100) for at in moments), "every download", "")
        keep_downloads(made, "npm", told)
        yield made


def today(site: Site) -> date:
    return site.desk.now().date()


def written(site: Site, **days: Any) -> Report:
    return report(site.desk.loaded, until=today(site), ledger_url=site.desk.ledger_url, **days)


@pytest.fixture
def released(site: Site) -> Site:
    site.record([("npm", "publish", "ok", 60.0, ""), ("npm", "verify", "ok", 1.0, "")], version="1.0.0")
    well = [("npm", "publish", "ok", 60.0, ""), ("npm", "verify", "ok", 1.0, "")]
    site.record([*well, ("pypi", "publish", "failed", 1.0, "")], version="1.1.0", outcome="failed")
    return site


def test_it_begins_with_what_matters(released: Site) -> None:
    assert list(summary(written(released))) == [
        "2,900 downloads were counted",
        "released: 1.0.0, 1.1.0",
        "not everywhere: run 2 (pypi)",
    ]


def test_it_says_how_often_each_platform_went_well_and_why_one_did_not(released: Site) -> None:
    released.record([("pypi", "publish", "failed", 1.0, "the token was refused")], version="1.1.0", outcome="failed")
    made = written(released)
    assert [(one.platform, one.good, one.ends) for one in made.success] == [("pypi", 0, 2), ("npm", 2, 2)]
    text = markdown(made)
    assert "pypi: publish: the token was refused" in text
    assert "| pypi | 0 of 2 | 0% |" in text
    assert "pypi: publish: the token was refused" in html(made)


def test_what_was_released_today_is_in_a_report_up_to_now(released: Site) -> None:
    made = report(released.desk.loaded, ledger_url=released.desk.ledger_url)
    assert made.until < today(released)
    assert made.released == ("1.0.0", "1.1.0")


def test_a_command_in_the_text_can_be_copied(released: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.analytics.extras.importlib.util.find_spec", lambda name: None)
    assert "`pip install 'deployforge[analytics]'`" in markdown(written(released))


def test_every_table_of_the_text_is_one_to_a_parser(released: Site) -> None:
    from markdown_it import MarkdownIt

    released.record([("npm", "publish", "failed", 1.0, "a | b `c | d` <i>")], version="1|2", outcome="failed")
    text = markdown(written(released))
    tables = MarkdownIt("commonmark").enable("table").render(text)
    rows = sum(line.startswith("|") and not line.startswith("|---") for line in text.splitlines())
    assert tables.count("<tr>") == rows
    assert "<i>" not in tables


def test_what_is_not_known_of_no_platform_names_none(released: Site) -> None:
    made = written(released)
    assert made.insights
    unknown = (
        insight.Unknown(insight.Kind.COST, (), "no prices"),
        insight.Unknown(insight.Kind.GROWTH, ("npm", "pypi"), "too little history"),
    )
    lines = markdown(replace(made, insights=replace(made.insights, unknown=unknown))).splitlines()
    assert "- not known: cost: no prices" in lines
    assert "- not known: growth npm, pypi: too little history" in lines


def test_runs_of_other_platforms_are_not_in_a_report_on_some(released: Site) -> None:
    assert [one.platform for one in written(released, platforms=["npm"]).success] == ["npm"]


def test_pulls_are_never_drawn_on_downloads(site: Site) -> None:
    days = [datetime.combine(today(site) - timedelta(days=n), time(), UTC) for n in range(30, 0, -1)]
    counter = Counter("hub", "hello", Kind.DAILY, unit=Unit.PULLS, headline=True)
    keep_downloads(site, "pypi", Series(counter, tuple(Reading(at, 7) for at in days), "every pull", ""))
    titles = re.findall(r"<figcaption>(\w+) by platform", html(written(site)))
    assert titles == ["Downloads", "Pulls"]


def test_each_chart_of_a_page_has_its_numbers_as_a_table(released: Site) -> None:
    page = html(written(released))
    assert page.count("<figure>") == page.count("Show as a table</summary>") > 0


def test_every_number_has_its_source_its_meaning_and_its_age(released: Site) -> None:
    row = next(line for line in markdown(written(released)).splitlines() if line.startswith("| npm |"))
    assert "2,900 downloads (29 of 30 days)" in row
    assert "npm: every download" in row
    assert f"{today(released)}" in row


def test_what_is_not_known_is_no_zero(site: Site) -> None:
    row = next(line for line in markdown(written(site)).splitlines() if line.startswith("| PyPI |"))
    assert row.split("|")[2].strip() == "\N{EN DASH}"
    assert "not collected yet" in row


def test_marks_of_a_version_mean_nothing_in_the_text(site: Site) -> None:
    site.record([("npm", "publish", "ok", 1.0, "")], version="1.0.0", outcome="<b>|*done*")
    assert r"\<b\>\|\*done\*" in markdown(written(site))


def test_a_page_shows_what_anybody_wrote_as_text(site: Site) -> None:
    site.record([("npm", "publish", "ok", 1.0, "")], version="1.0.0", outcome="<script>alert(1)</script>")
    page = html(written(site))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_what_needs_a_package_is_left_out_with_a_word(released: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.analytics.extras.importlib.util.find_spec", lambda name: None)
    made = written(released)
    assert made.insights is None
    for text in (markdown(made), html(made)):
        assert "deployforge" in text
        assert "statsmodels" in text


def test_every_part_says_where_it_is_from_and_of_when(released: Site) -> None:
    made = written(released)
    for text in (markdown(made), html(made)):
        assert f"By the ledger, up to {made.made_at:%Y-%m-%d %H:%M} UTC" in text
        assert f"Minutes measured in one&#39;s own runs from {made.costs.since} to {made.costs.until}" in text.replace(
            "one's", "one&#39;s"
        )


def test_every_table_of_the_page_has_a_caption(released: Site) -> None:
    page = html(written(released))
    assert page.count("<table>") == page.count("<table><caption") + page.count("<table>\n<caption")


def test_a_page_without_the_package_that_draws_has_its_numbers(released: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    _drawn.cache_clear()
    page = html(written(released))
    assert "charts need the <code>vl-convert-python</code> package" in page
    assert "<figure>" not in page
    assert "2,900 downloads" in page


def test_a_page_needs_nothing_but_itself_and_keeps_nobody_out(released: Site, tmp_path: Path, window: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    file = tmp_path / "report.html"
    file.write_text(html(written(released)), "utf-8")
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.goto(file.as_uri())
    assert asked == [file.as_uri()]
    for theme in ("light", "dark"):
        window.emulate_media(color_scheme=theme)
        assert [rule["id"] for rule in Axe().run(window).response["violations"]] == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_a_pdf_is_printed_by_the_browser(released: Site, tmp_path: Path) -> None:
    from pypdf import PdfReader

    file = tmp_path / "report.pdf"
    print_pdf(html(written(released)), file, {})
    text = "".join(page.extract_text() for page in PdfReader(file).pages)
    assert "hello-forge" in text
    assert "2,900 downloads were counted" in text


def test_a_browser_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(PreflightError, match="no-such-browser") as caught:
        find_browser({"DEPLOYFORGE_BROWSER": "no-such-browser"})
    assert "--format html" in caught.value.hint


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 29)])
def test_the_last_week_is_the_same_on_each_day_of_the_next(day: date) -> None:
    assert last_week(day) == (date(2026, 11, 16), date(2026, 11, 22))
