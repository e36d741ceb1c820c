"""What charts show, in their drawings, words and tables."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise

import pytest

from deployforge_tasks.analytics.charts import render
from deployforge_tasks.analytics.charts.ahead import forecast, launches
from deployforge_tasks.analytics.charts.by_day import Form, by_day
from deployforge_tasks.analytics.charts.chart import PALETTE, Chart
from deployforge_tasks.analytics.charts.ranked import ranked
from deployforge_tasks.analytics.insight import Forecast, ForecastDay, Launch
from deployforge_tasks.analytics.series import Daily, Downloads, PlatformDownloads, Released, Slice
from deployforge_tasks.core.downloads import Unit
from deployforge_tasks.core.errors import ConfigError

FIRST = date(2026, 1, 1)
Matrix = Sequence[Sequence[float]]
#: What is left of red, green and blue (linear) to people without one kind of cones
#: (Machado, Oliveira and Fernandes 2009, https://doi.org/10.1109/TVCG.2009.113).
SIGHTS: dict[str, Matrix] = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.052)),
    "no green": ((0.3673, 0.8606, -0.2280), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
    "no blue": ((1.2555, -0.0767, -0.1788), (-0.0784, 0.9308, 0.1476), (0.0047, 0.6914, 0.3039)),
}
FORMS: tuple[Form, ...] = ("stacked", "lines", "percent")


def counted(name: str, *counts: int | None, versions: tuple[Slice, ...] = ()) -> PlatformDownloads:
    return PlatformDownloads(name, name, daily=Daily(FIRST, counts), versions=versions)


def downloads(*platforms: PlatformDownloads, days: int = 3, releases: tuple[Released, ...] = ()) -> Downloads:
    return Downloads("hello", "", FIRST, FIRST + timedelta(days=days - 1), platforms, releases)


def drawn(found: Downloads, **choices: object) -> Chart:
    made = by_day(found, **choices)  # type: ignore[arg-type]
    assert made is not None
    return made


def linear(colour: str) -> tuple[float, ...]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def seen(colour: str, sight: str) -> tuple[float, ...]:
    """A colour as somebody sees it, in OKLab (https://bottosson.github.io/posts/oklab/)."""
    red, green, blue = (min(1.0, max(0.0, part)) for part in times(SIGHTS[sight], linear(colour)))
    cones = ((0.4122, 0.5363, 0.0514), (0.2119, 0.6807, 0.1074), (0.0883, 0.2817, 0.63))
    answers = [part ** (1 / 3) for part in times(cones, (red, green, blue))]
    return times(((0.2105, 0.7936, -0.0041), (1.978, -2.4286, 0.4506), (0.0259, 0.7828, -0.8087)), answers)


def times(matrix: Matrix, vector: Sequence[float]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


@pytest.mark.parametrize("colour", PALETTE)
@pytest.mark.parametrize("page", ["#ffffff", "#1b1f23"])
def test_a_colour_is_seen_on_a_light_and_on_a_dark_page(colour: str, page: str) -> None:
    low, high = sorted([luminance(colour), luminance(page)])
    assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("sight", SIGHTS)
def test_people_who_see_few_colours_tell_neighbours_and_the_first_four_apart(sight: str) -> None:
    pairs = [*pairwise(PALETTE), *combinations(PALETTE[:4], 2)]
    assert [pair for pair in pairs if math.dist(*(seen(colour, sight) for colour in pair)) < 0.1] == []


@pytest.mark.parametrize("form", FORMS)
def test_a_drawing_needs_nothing_that_a_strict_page_forbids(form: Form) -> None:
    svg = drawn(downloads(counted("npm", 1, 2, 3), counted("pypi", 4, 5, 6)), form=form).svg
    ET.fromstring(svg)
    assert "style=" not in svg
    assert "<style" not in svg
    assert "<script" not in svg
    assert "http" not in svg.replace("http://www.w3.org/", "")


def test_a_drawing_says_in_words_what_it_shows() -> None:
    made = drawn(downloads(counted("npm", 1, 2, 3), counted("pypi", 4, None, 6)))
    root = ET.fromstring(made.svg)
    assert root.get("role") == "img"
    assert made.description == (
        "Downloads from 2026-01-01 to 2026-01-03: pypi 10, npm 6. pypi: nothing is known of 1 day."
    )
    assert [root.find(f"{{http://www.w3.org/2000/svg}}{tag}").text for tag in ("title", "desc")] == [  # type: ignore[union-attr]
        made.title,
        made.description,
    ]


def test_a_drawing_is_the_same_every_time() -> None:
    found = downloads(counted("npm", 1, 2, 3))
    first = drawn(found).svg
    render._drawn.cache_clear()
    assert drawn(found).svg == first


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be changed here")
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_a_day_is_the_same_day_in_every_time_zone(zone: str) -> None:
    program = (
        "from tests.analytics.charts.test_charts import *; import hashlib;"
        "svg = drawn(downloads(counted('npm', *range(1, 20), None, *range(21, 41)), days=40)).svg;"
        "print(hashlib.sha256(svg.encode()).hexdigest())"
    )
    command = [sys.executable, "-c", program]
    drawings = [
        subprocess.run(command, env={**os.environ, "TZ": name}, check=True, capture_output=True).stdout
        for name in ("UTC", zone)
    ]
    assert drawings[0] == drawings[1]


def test_a_drawing_does_not_depend_on_the_fonts_of_the_machine() -> None:
    svg = drawn(downloads(counted("npm", 1, 2, 3))).svg
    assert render.MEASURED_WITH not in svg
    assert 'font-family="system-ui' in svg


def test_drawings_that_are_made_at_once_are_the_same_as_alone() -> None:
    found = [downloads(counted("npm", *range(n, n + 3))) for n in range(8)]
    alone = [drawn(one).svg for one in found]
    render._drawn.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda one: drawn(one).svg, found)) == alone


def test_the_engine_starts_in_the_background() -> None:
    render._drawn.cache_clear()
    render.warm_up().join()
    assert render._drawn.cache_info().currsize == 1


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    render._drawn.cache_clear()
    render.warm_up().join()
    with pytest.raises(ConfigError, match="vl-convert-python") as caught:
        drawn(downloads(counted("npm", 1, 2, 3)))
    assert "pip install 'deployforge[analytics]'" in caught.value.hint


def test_names_inside_a_drawing_are_its_own() -> None:
    ids = [
        set(re.findall(r'id="([^"]+)"', drawn(downloads(counted("npm", *counts))).svg))
        for counts in ((1, 2, 3), (3, 2, 1))
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_the_table_has_the_same_numbers_and_an_unknown_day_is_no_zero() -> None:
    made = drawn(downloads(counted("npm", 1, 2, 3), counted("pypi", 4, None, 6)))
    assert made.columns == ("day", "pypi", "npm")
    assert made.rows == (("2026-01-01", 4, 1), ("2026-01-02", None, 2), ("2026-01-03", 6, 3))


def test_a_gap_is_a_gap_in_a_line() -> None:
    whole = drawn(downloads(counted("npm", *range(1, 61)), days=60), form="lines").svg
    broken = drawn(downloads(counted("npm", *range(1, 30), None, None, *range(32, 61)), days=60), form="lines").svg
    lines = [max(re.findall(r'd="(M[^"]+)"', svg), key=len) for svg in (whole, broken)]
    assert [line.count("M") for line in lines] == [1, 2]


def test_the_largest_eight_are_drawn_by_themselves_and_the_rest_as_one() -> None:
    made = drawn(downloads(*(counted(f"p{size:02}", size, size, size) for size in range(1, 13))))
    assert made.columns == ("day", *(f"p{size:02}" for size in range(12, 4, -1)), "other")
    assert made.rows[0][-1] == 1 + 2 + 3 + 4


@pytest.mark.parametrize(
    ("days", "rows", "column"), [(120, 120, "day"), (121, 18, "7 days from"), (1826, 61, "30 days from")]
)
def test_many_days_are_drawn_as_weeks_or_months(days: int, rows: int, column: str) -> None:
    made = drawn(downloads(counted("npm", *[7] * days), days=days))
    assert len(made.rows) == rows
    assert made.columns[0] == column
    assert {row[1] for row in made.rows} == {7}


def test_a_mean_of_seven_days_takes_the_weekdays_out() -> None:
    week = [10, 10, 10, 10, 10, 3, 3]
    made = drawn(downloads(counted("npm", *week * 4), days=28), form="lines", mean=True)
    assert {row[1] for row in made.rows[6:]} == {8}


def test_versions_of_all_platforms_are_added_by_name() -> None:
    parts = [(Slice("1.0", Daily(FIRST, counts), None),) for counts in ((1, 1, 1), (2, 2, None))]
    made = drawn(downloads(*(counted(f"p{n}", 9, 9, 9, versions=part) for n, part in enumerate(parts))), by="version")
    assert made.rows == (("2026-01-01", 3), ("2026-01-02", 3), ("2026-01-03", 1))


def test_a_release_is_marked_with_its_version() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    made = drawn(downloads(counted("npm", 1, 2, 3), releases=(Released("4.5.6", at),)))
    assert ">4.5.6<" in made.svg
    assert "Released: 4.5.6 on 2026-01-02." in made.description


def test_names_of_releases_are_not_written_over_one_another() -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in (30, 31, 60)]
    releases = tuple(Released(f"1.0.{n}", at) for n, at in enumerate(moments))
    made = drawn(downloads(counted("npm", *[7] * 90), days=90, releases=releases))
    assert [f">1.0.{n}<" in made.svg for n in range(3)] == [False, True, True]
    assert "1.0.0 on 2026-01-31, 1.0.1 on 2026-02-01, 1.0.2 on 2026-03-02" in made.description


def test_a_gap_has_its_reason() -> None:
    reason = {FIRST + timedelta(days=1): "not collected"}
    platform = PlatformDownloads("npm", "npm", daily=Daily(FIRST, (1, None, 3), reason))
    assert "npm: nothing is known of 1 day (not collected)." in drawn(downloads(platform)).description


def test_where_nothing_is_known_there_is_no_drawing() -> None:
    assert by_day(downloads(counted("npm", None, None, None))) is None
    assert ranked("Countries", "downloads", []) is None
    assert launches("First days", []) is None


def test_a_year_of_many_platforms_stays_small() -> None:
    found = downloads(*(counted(f"p{n}", *range(n, n + 365)) for n in range(40)), days=365)
    assert all(len(drawn(found, form=form).svg) < 100_000 for form in FORMS)


def test_ranked_bars_show_the_largest_first_and_their_part() -> None:
    made = ranked("Countries", "downloads", [("SE", 25.0), ("NO", 75.0)])
    assert made is not None
    assert made.rows == (("NO", 75.0, 75.0), ("SE", 25.0, 25.0))
    assert made.description == "Countries, in downloads: NO 75, SE 25."


def test_a_forecast_shows_its_ranges() -> None:
    days = tuple(ForecastDay(FIRST + timedelta(days=n), 10, 8, 12, 6, 14) for n in range(3, 5))
    made = forecast("npm", Daily(FIRST, (9, 10, 11)), Forecast("npm", Unit.DOWNLOADS, days, 0.8, 0.95, 28))
    assert made.rows[0] == ("2026-01-04", 10, 8, 12, 6, 14)
    assert "80 %: 8 to 12, 95 %: 6 to 14" in made.description


def test_releases_are_laid_side_by_side_from_their_own_days() -> None:
    made = launches(
        "npm",
        [
            Launch("npm", version, FIRST, counts, Unit.DOWNLOADS, own=True)
            for version, counts in (("1.0", (5, 3)), ("1.1", (7,)))
        ],
    )
    assert made is not None
    assert made.rows == ((0, 5, 7), (1, 3, None))
    assert made.description == "npm: 1.0 8 in 2 days, 1.1 7 in 1 day."


@pytest.mark.parametrize("form", ["stacked", "percent"])
def test_a_low_stack_on_a_day_that_is_not_known_is_shaded(form: Form) -> None:
    whole, gap, young = (counted("pypi", *counts) for counts in ((4, 5, 6), (4, None, 6), (None, 5, 6)))
    shaded = ['opacity="0.13"' in drawn(downloads(counted("npm", 1, 2, 3), one), form=form).svg for one in (gap, whole)]
    assert shaded == [True, False]
    assert 'opacity="0.13"' not in drawn(downloads(counted("npm", 1, 2, 3), young), form=form).svg
