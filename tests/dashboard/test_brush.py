"""Choosing days on a chart, in a real browser: what is below the pointer is what the page is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from tests.dashboard.site import Site, keep_downloads, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

DAYS = 30


@pytest.fixture
def first(site: Site) -> date:
    """The first of thirty days, each with another count."""
    today = site.desk.now().date()
    days = [today - timedelta(days=n) for n in range(DAYS, 0, -1)]
    readings = tuple(Reading(datetime.combine(day, time(), UTC), 100 + n) for n, day in enumerate(days))
    counter = Counter("npm", "hello", Kind.DAILY, headline=True)
    keep_downloads(site, "npm", Series(counter, readings, "every download", "https://counts.example/hello"))
    return days[0]


@pytest.fixture
def chart(site: Site, first: date, window: Page) -> Iterator[Page]:
    """The page of these days."""
    with served(site.app) as address:
        last = first + timedelta(days=DAYS - 1)
        window.goto(f"{address}/analytics?since={first}&until={last}&form=stacked")
        expect(window.locator("[data-brush] svg")).to_be_visible()
        yield window


def bar(page: Page, number: int) -> tuple[float, float]:
    """The middle of a bar on the screen."""
    box = bars(page).nth(number).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def bars(page: Page) -> Locator:
    return page.locator("[data-brush] .mark-rect path")


def drag(page: Page, start: int, end: int) -> None:
    page.mouse.move(*bar(page, start))
    page.mouse.down()
    page.mouse.move(*bar(page, end), steps=5)


@pytest.mark.parametrize("number", [0, 1, 14, 28, 29])
def test_the_day_below_the_pointer_is_told_with_its_numbers(chart: Page, first: date, number: int) -> None:
    chart.mouse.move(*bar(chart, number))
    expect(chart.locator("[data-said]")).to_have_text(f"{first + timedelta(days=number)}: npm {100 + number}")


def test_days_that_are_dragged_over_are_chosen(chart: Page, first: date) -> None:
    drag(chart, 5, 11)
    chart.mouse.up()
    since, until = first + timedelta(days=5), first + timedelta(days=11)
    chart.wait_for_url(f"**/analytics?since={since}&until={until}&form=stacked")
    expect(bars(chart)).to_have_count(7)


def test_it_does_not_matter_where_the_drag_begins(chart: Page, first: date) -> None:
    drag(chart, 11, 5)
    chart.mouse.up()
    chart.wait_for_url(f"**since={first + timedelta(days=5)}&until={first + timedelta(days=11)}*")


def test_going_back_shows_the_days_before(chart: Page) -> None:
    drag(chart, 5, 11)
    chart.mouse.up()
    expect(bars(chart)).to_have_count(7)
    chart.go_back()
    expect(bars(chart)).to_have_count(DAYS)


def test_escape_chooses_nothing(chart: Page) -> None:
    before = chart.url
    drag(chart, 5, 11)
    expect(chart.locator(".brushed")).to_be_visible()
    chart.keyboard.press("Escape")
    expect(chart.locator(".brushed")).to_have_count(0)
    chart.mouse.up()
    assert chart.url == before


def test_a_click_chooses_nothing(chart: Page) -> None:
    before = chart.url
    chart.mouse.click(*bar(chart, 5))
    expect(chart.locator(".brushed")).to_have_count(0)
    assert chart.url == before


def test_weeks_are_chosen_as_whole_weeks(chart: Page, first: date) -> None:
    last = first + timedelta(days=DAYS - 1)
    chart.goto(chart.url.split("?")[0] + f"?since={last - timedelta(days=139)}&until={last}&form=stacked")
    expect(bars(chart)).to_have_count(5)  # nothing is known of the weeks before
    drag(chart, 3, 4)
    chart.mouse.up()
    chart.wait_for_url(f"**since={last - timedelta(days=13)}&until={last}*")


def test_where_a_finger_scrolls_the_chart_the_page_says_how_days_are_chosen(
    site: Site, first: date, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 700}, has_touch=True, is_mobile=True)
    page = context.new_page()
    with served(site.app) as address:
        page.goto(f"{address}/analytics?since={first}&until={first + timedelta(days=DAYS - 1)}")
        assert page.locator("[data-brush]").evaluate("region => region.scrollWidth > region.clientWidth")
        page.locator("[data-brush]").tap()
        said = "Choose days with “From” and “to” at the top of the page."
        expect(page.locator("[data-said]")).to_have_text(said, use_inner_text=True)
        expect(page.get_by_role("textbox", name="From")).to_be_visible()
    context.close()


def test_where_the_chart_fits_the_page_says_that_days_can_be_dragged_over(chart: Page) -> None:
    expect(chart.locator("[data-said]")).to_have_text("Drag over days to choose them.", use_inner_text=True)
