"""`stats`: counts with their source and age, gaps that are no zeros, and what went wrong."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deployforge_tasks.cli import stats_table
from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.operations.stats import PlatformCollected
from deployforge_tasks.platforms.base import Job
from tests.cli.conftest import Cli
from tests.cli.counts import AT, BEFORE, FOUND
from tests.cli.shop import Shop
from tests.graph.shelf import ShelfOptions, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told, total
from tests.support.places import placed

Screen = Callable[[str, str], None]
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - DAY
UNKNOWN = "\N{EN DASH}"
ASKED = {
    "pypi": PlatformCollected("pypi", "PyPI", "failed", "it answered 503"),
    "snap": PlatformCollected("snap", "Snap Store", "waiting", "the source asks not to be asked before 07:00 UTC"),
}


def plain(text: str, _: str) -> str:
    return text


def no_answer(job: Job[ShelfOptions], since: date | None) -> Sequence[Series]:
    raise NetworkError("no answer", hint="run it again later", code="DF6001")


@pytest.fixture
def counted(cli: Cli) -> Iterator[Cli]:
    """npm has counted three days, pypi does not answer, scoop counts nothing."""
    CountingShelf.asked.clear()
    CountingShelf.answers = {"npm": told(daily([7, 8, 9], YESTERDAY)), "pypi": no_answer}
    with shelves("npm", "pypi", "scoop", kind=CountingShelf):
        write_project(cli.folder, {"npm": {}, "pypi": {}, "scoop": {}})
        yield cli


# Screens


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_table(screen: Screen, width: int) -> None:
    lines = stats_table.lines(FOUND, BEFORE, ASKED, plain, at=AT, width=width)
    assert max(map(len, lines)) <= width
    screen(f"stats-{width}", "\n".join(lines))


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("by", ["version", "target", "country"])
def test_the_parts(screen: Screen, by: str, width: int) -> None:
    lines = stats_table.part_lines(FOUND, by, plain, width=width)
    assert max(map(len, lines)) <= width
    screen(f"stats-by-{by}-{width}", "\n".join(lines))


def test_what_a_source_says_moves_no_cursor(counted: Cli) -> None:
    CountingShelf.answers = {"npm": told(daily([7], YESTERDAY, version="1\x1b[2J\n.0"))}
    out = counted("stats", "--platforms", "npm", "--by", "version").out
    assert "\x1b" not in out
    assert "1 .0" in out


# Asking


def test_a_source_that_cannot_be_asked_gives_code_6_and_hides_no_other(counted: Cli) -> None:
    done = counted("stats")
    assert done.code == 6
    npm, pypi, scoop = (
        next(line for line in done.out.splitlines() if f"  {n} " in line) for n in ("npm", "pypi", "scoop")
    )
    assert npm.split()[:3] == ["npm", "24", "downloads"]
    assert pypi.split()[:3] == ["pypi", UNKNOWN, UNKNOWN]
    assert "could not be asked: no answer" in pypi
    assert "a shelf counts nothing" in scoop
    assert "hint: run it again later" in done.err


def test_the_next_call_asks_only_what_failed(counted: Cli) -> None:
    counted("stats")
    counted("stats")
    assert {name: len(calls) for name, calls in CountingShelf.asked.items()} == {"npm": 1, "pypi": 2, "scoop": 2}


def test_no_collect_asks_nobody(counted: Cli) -> None:
    done = counted("stats", "--no-collect")
    assert (done.code, done.err, CountingShelf.asked) == (0, "", {})
    assert "not collected yet" in done.out


def test_collect_only_and_quiet_tells_only_what_went_wrong(counted: Cli) -> None:
    done = counted("stats", "--collect-only", "-q")
    assert (done.code, done.out) == (6, "")
    assert "pypi could not be asked: DF6001 no answer" in done.err
    CountingShelf.answers["pypi"] = told(daily([1], YESTERDAY))
    assert counted("stats", "--collect-only", "-q") == type(done)(0, "", "")


def test_collect_only_as_json(counted: Cli) -> None:
    done = counted("stats", "--collect-only", "--json")
    assert (done.code, done.json["schema"]) == (6, "deployforge.stats-collected/1")
    assert [(p["name"], p["outcome"]) for p in done.json["platforms"]] == [
        ("npm", "collected"),
        ("pypi", "failed"),
        ("scoop", "none"),
    ]
    assert done.json["platforms"][1]["error"]["id"] == "DF6001"


def test_only_some_platforms(counted: Cli) -> None:
    assert counted("stats", "--except", "pypi").code == 0
    assert "pypi" not in CountingShelf.asked


# Formats


def test_everything_is_in_the_json(counted: Cli) -> None:
    done = counted("stats", "--since", "4d", "--json")
    assert (done.code, done.json["schema"]) == (6, "deployforge.stats/1")
    npm, pypi, _ = done.json["platforms"]
    assert (npm["count"], npm["days"], npm["days_known"], npm["total"], npm["counted"]) == (24, 5, 3, None, 24)
    assert npm["daily"]["counts"] == [None, 7, 8, 9, None]
    assert npm["daily"]["reasons"][str(TODAY)] == "the day is not over"
    assert (npm["source"], npm["meaning"], npm["url"]) == ("shelf", "what was fetched", "http://127.0.0.1/counts")
    assert (pypi["count"], pypi["daily"], pypi["reason"]) == (None, None, "no answer")
    assert [p["outcome"] for p in done.json["collected"]] == ["collected", "failed", "none"]


@pytest.mark.parametrize("form", ["json", "csv", "openmetrics", "table"])
def test_a_file_holds_what_the_screen_would(counted: Cli, form: str) -> None:
    counted("stats", "--collect-only")
    shown = counted("stats", "--no-collect", "--format", form)
    done = counted("stats", "--no-collect", "--format", form, "--output", "told")
    assert (done.code, done.out) == (0, "")
    assert Path("told").read_text("utf-8") == shown.out
    assert "written: told" in done.err


def test_csv_tells_gaps_with_their_reasons(counted: Cli) -> None:
    rows = list(
        csv.DictReader(counted("stats", "--since", "2d", "--platforms", "npm", "--format", "csv").out.splitlines())
    )
    assert [(row["day"], row["count"], row["gap_reason"]) for row in rows] == [
        (str(TODAY - 2 * DAY), "8", ""),
        (str(YESTERDAY), "9", ""),
        (str(TODAY), "", "the day is not over"),
    ]


# Mistakes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "`soon` is no day"),
        (("--since", "2026-02-30"), "`2026-02-30` is no day"),
        (("--since", "1999-12-31"), "`1999-12-31` is too long ago"),
        (("--since", "9999y"), "`9999y` is too long ago"),
        (("--until", "9999-01-01"), "`9999-01-01` is not yet there"),
        (("--since", "3d", "--until", "5d"), "is after the last one"),
        (("--format", "parquet"), "parquet is no text"),
        (("--format", "csv", "--output", "nowhere/x.csv"), "its folder is not there"),
        (("--output", "."), "it is a folder"),
        (("--collect-only", "--no-collect"), "leave nothing to do"),
        (("--no-collect", "--force"), "--force and --no-collect at once"),
        (("--collect-only", "--by", "version"), "--collect-only and --by at once"),
        (("--collect-only", "--csv"), "--collect-only and --csv at once"),
        (("--collect-only", "--output", "x.csv"), "--collect-only and --output at once"),
        (("--import", "x.csv", "--platforms", "npm"), "--import and --platforms at once"),
        (("--import", "x.csv", "--csv"), "--import and --csv at once"),
        (("--platforms", "npn"), "npm"),
    ],
)
def test_mistakes_are_told_before_anybody_is_asked(counted: Cli, words: tuple[str, ...], said: str) -> None:
    done = counted("stats", *words)
    assert done.code == 2
    assert said in done.err
    assert CountingShelf.asked == {}


def test_csv_can_be_said_shortly(counted: Cli) -> None:
    long, short = (
        counted("stats", "--no-collect", "--since", "2d", *form) for form in (["--format", "csv"], ["--csv"])
    )
    assert short.out == long.out
    done = counted("stats", "--csv", "--format", "parquet")
    assert (done.code, "--csv and --format parquet at once" in done.err) == (2, True)


def test_one_format_at_a_time(counted: Cli) -> None:
    done = counted("stats", "--format", "csv", "--json")
    assert (done.code, done.json["error"]["message"]) == (2, "--json and --format csv at once")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_told(counted: Cli, form: str) -> None:
    done = counted("stats", "--no-collect", "--format", form, "--output", "x" * 400)
    assert done.code == 3
    assert "DF3335" in done.err


# Old numbers

OLD = {
    "timestamp": "2025-08-22T10:00:00Z",
    "total_downloads": 2208,
    "channels": {
        "npm": {"downloads": 1876, "url": "https://npm.example/package/hello", "status": "success"},
        "github": {"downloads": 0, "url": "https://git.example/releases", "status": "success"},
    },
}


def test_old_numbers_are_taken_over_once(counted: Cli, screen: Screen) -> None:
    Path("download_stats.json").write_text(json.dumps(OLD), "utf-8")
    done = counted("stats", "--import", "download_stats.json")
    assert (done.code, done.err, CountingShelf.asked) == (0, "", {})
    screen("stats-import", done.out)
    again = counted("stats", "--import", "download_stats.json", "--json").json
    assert again["schema"] == "deployforge.stats-imported/1"
    assert [(t["platform"], t["kind"], t["count"], t["new"]) for t in again["files"][0]["taken"]] == [
        ("npm", "window", 1876, False)
    ]


def test_what_was_taken_is_told_although_a_later_file_is_refused(counted: Cli) -> None:
    Path("old.json").write_text(json.dumps(OLD), "utf-8")
    Path("bad.json").write_text("{", "utf-8")
    done = counted("stats", "--import", "old.json", "--import", "bad.json")
    assert done.code == 3
    assert "old.json · read at 2025-08-22 10:00 UTC · 1 taken" in done.out
    assert "bad.json is no JSON" in done.err


def test_a_file_that_holds_no_old_numbers_is_refused(counted: Cli) -> None:
    Path("stats.json").write_text("[]", "utf-8")
    done = counted("stats", "--import", "stats.json")
    assert done.code == 3
    assert "DF3333" in done.err


def test_files_of_the_configuration_are_taken_over_with_each_collection(counted: Cli) -> None:
    CountingShelf.answers = {"npm": told(total(9, datetime.now(UTC), source="npm", subject="hello"))}
    Path("old.json").write_text(json.dumps(OLD), "utf-8")
    file = counted.folder / "deployforge.yml"
    file.write_text(f"{file.read_text('utf-8')}\nmonitoring: {{import: [old.json, gone.json]}}\n", "utf-8")
    done = counted("stats", "--collect-only", "-q")
    assert done.code == 0
    assert "warning" in done.err
    assert "gone.json" in done.err
    again = counted("stats", "--import", "old.json", "--json").json
    assert [t["new"] for t in again["files"][0]["taken"]] == [False]


EVERY = ("DE", "FR", "GB", "US", "JP")


def write_gems(folder: Path) -> None:
    """An export that is read in several parts, of a gem that the project has."""
    with (folder / "deployforge.yml").open("a", encoding="utf-8") as file:
        file.write("\nanalytics: {places: {rubygems: {gem: hello}}}\n")
    days = [YESTERDAY - n * DAY for n in range(1000)]
    rows = [f"hello,{version}.0,{day},{place},1" for day in days for place in EVERY for version in range(5)]
    (folder / "gems.csv").write_text("\n".join(["gem,version,date,country_code,count", *rows, ""]), "utf-8")


def test_a_large_export_shows_how_much_is_read_and_then_what_was_taken(shop: Shop) -> None:
    write_gems(shop.folder)
    screen = shop.looks("stats", "--import", "gems.csv")
    assert screen.ends() == 0
    assert re.search(rb"reading gems\.csv: \d+%", screen.everything)
    assert "reading" not in screen.text
    assert "hello by country" in screen.text


@pytest.mark.parametrize("words", [(), ("--json",), ("-q",)])
def test_nobody_who_does_not_watch_sees_it(shop: Shop, words: tuple[str, ...]) -> None:
    write_gems(shop.folder)
    assert shop.run("stats", "--import", "gems.csv", *words).stderr == ""


# Places that are not published to


@pytest.fixture
def elsewhere(cli: Cli, tmp_path: Path) -> Iterator[Cli]:
    """npm has counted three days, and the project's own endpoint two."""
    CountingShelf.answers = {"npm": told(daily([7, 8, 9], YESTERDAY))}
    csv_file = f"day,count,country\n{YESTERDAY - DAY},4,\n{YESTERDAY},6,\n{YESTERDAY},5,DE\n"
    with (
        shelves("npm", kind=CountingShelf),
        placed("downloads", tmp_path / "own", **{r"/counts\.csv": csv_file}) as place,
    ):
        file = write_project(cli.folder, {"npm": {}}) / "deployforge.yml"
        own = {"downloads": {"url": f"{place.source.url}/counts.csv"}}
        file.write_text(f"{file.read_text('utf-8')}analytics: {json.dumps({'places': own})}\n", "utf-8")
        yield cli


def test_a_place_is_asked_and_shown_with_the_platforms(elsewhere: Cli) -> None:
    found = elsewhere("stats", "--by", "country")
    assert found.code == 0
    assert "34 downloads" in found.out
    assert "own endpoint, just now" in found.out
    assert "downloads  DE" in found.out


def test_a_place_can_be_chosen_and_left_out(elsewhere: Cli) -> None:
    chosen = json.loads(elsewhere("stats", "--platforms", "downloads", "--json").out)
    assert [(one["name"], one["title"]) for one in chosen["platforms"]] == [("downloads", "Own downloads")]
    left = json.loads(elsewhere("stats", "--except", "downloads", "--json").out)
    assert [one["name"] for one in left["platforms"]] == ["npm"]


def test_plain_doit_has_no_task_for_a_place(elsewhere: Cli) -> None:
    assert "doit -n 8 stats:npm version" in elsewhere("stats", "-v").err


@pytest.mark.parametrize("words", [("deploy", "--dry-run"), ("status",), ("verify",)])
def test_nothing_but_counting_is_done_with_a_place(elsewhere: Cli, words: tuple[str, ...]) -> None:
    found = elsewhere(*words, "--platforms", "downloads")
    assert found.code == 2
    assert "downloads is a place that is only counted" in found.err
    assert "`deployforge stats` asks it for counts" in found.err


def test_a_place_is_told_when_the_configuration_is_checked(elsewhere: Cli) -> None:
    assert "1 platform, 1 place that is only counted" in elsewhere("config", "check").out
