"""Collecting from places that are not published to: as politely as from platforms, and in nothing but the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.analytics.insight import Kind
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.graph.context import ledger_url
from deployforge_tasks.ledger.store import Key, Ledger
from deployforge_tasks.operations.costs import costs
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.insights import insights
from deployforge_tasks.operations.last_collections import last_collections
from deployforge_tasks.operations.report import report
from deployforge_tasks.operations.stats import collect, downloads, due
from deployforge_tasks.platforms.places.registry import NAMES
from deployforge_tasks.platforms.registry import load
from deployforge_tasks.project.load import Loaded
from deployforge_tasks.rehearsal.server import Reply, Request
from tests.graph.shelf import shelves
from tests.operations.counting_shelf import CountingShelf, daily, told
from tests.support.counts import Source
from tests.support.jobs import PROJECT
from tests.support.places import APP, FLATHUB, options, placed

TODAY = datetime.now(UTC).date()
DAY = timedelta(days=1)
SINCE = TODAY - timedelta(days=3000)
FLATHUB_PATH = rf"/api/v2/stats/{APP}"


@contextmanager
def counted(folder: Path, *names: str, environ: dict[str, str] | None = None, **more: Any) -> Iterator[World]:
    """A project on one shelf with these places, whose sources run."""
    with ExitStack() as stack:
        stack.enter_context(shelves("shelf", kind=CountingShelf))
        CountingShelf.answers = {"shelf": told(daily([1, 2], TODAY - DAY))}
        sources = {name: stack.enter_context(placed(name, folder / name)).source for name in names}
        section = {name: {**options(name, source.url), **more.get(name, {})} for name, source in sources.items()}
        waits = {"read_patience": 0.05, "settle": 0.5}
        own = {"version": "1.0.0", "artifacts": {"from": "directory", "targets": []}, "conditions": waits}
        config = {**PROJECT, **own, "platforms": {"shelf": {}}, "analytics": {"places": section}}
        (folder / "deployforge.yml").write_text(yaml.safe_dump(config), "utf-8")
        yield World(load(folder / "deployforge.yml", environ=environ or {}), sources)


class World:
    def __init__(self, loaded: Loaded, sources: dict[str, Source]) -> None:
        self.loaded = loaded
        self.sources = sources

    def outcomes(self, **more: Any) -> dict[str, str]:
        return {one.platform: one.outcome for one in collect(self.loaded, **more).platforms}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with counted(tmp_path, *NAMES) as made:
        yield made


def test_places_are_collected_with_the_platforms(world: World) -> None:
    assert world.outcomes() == dict.fromkeys(("shelf", *NAMES), "collected")
    known = {one.platform: one for one in downloads(world.loaded, SINCE, TODAY).platforms}
    assert [known[name].title for name in NAMES] == ["Flathub", "RubyGems", "Own downloads"]
    assert [known[name].counted for name in NAMES] == [21, None, 10]
    assert [known[name].total for name in NAMES] == [1234, 900, None]


def test_countries_of_a_place_are_told(world: World) -> None:
    collect(world.loaded)
    (flathub,) = downloads(world.loaded, SINCE, TODAY, platforms=["flathub"]).platforms
    assert {part.name: part.total for part in flathub.countries} == {"DE": 800, "US": 400}


def test_countries_of_flathub_get_days_from_the_second_collection_on(world: World) -> None:
    today, source = "2026-06-14", world.sources["flathub"]
    collect(world.loaded)
    source.answers[FLATHUB_PATH] = {
        **FLATHUB,
        "installs_per_day": {**FLATHUB["installs_per_day"], today: 11},  # type: ignore[dict-item]
        "installs_per_country": {"DE": 808, "US": 401, "SE": 2},
    }
    collect(world.loaded, force=True)
    (flathub,) = downloads(world.loaded, SINCE, TODAY, platforms=["flathub"]).platforms
    days = {part.name: dict(part.daily or ()) for part in flathub.countries}
    at = datetime.fromisoformat(today).date()
    assert {name: told[at] for name, told in days.items()} == {"DE": 8, "US": 1, "SE": 2}
    assert {part.name: part.total for part in flathub.countries} == {"DE": 808, "US": 401, "SE": 2}


def test_one_place_can_be_chosen(world: World) -> None:
    assert world.outcomes(platforms=["flathub"]) == {"flathub": "collected"}
    assert (world.sources["rubygems"].asked, world.sources["downloads"].asked) == ([], [])


def test_a_name_that_is_nowhere_is_an_error(world: World) -> None:
    with pytest.raises(ConfigError, match="`homebrew` is not in"):
        collect(world.loaded, platforms=["homebrew"])


def test_a_place_is_not_asked_more_often_than_the_project_says(world: World) -> None:
    collect(world.loaded)
    assert world.outcomes()["flathub"] == "fresh"
    assert len(world.sources["flathub"].asked) == 1


def test_a_place_is_due_again_after_a_day(world: World) -> None:
    assert set(due(world.loaded)) == {"shelf", *NAMES}
    collect(world.loaded)
    assert due(world.loaded) == []
    assert set(due(world.loaded, now=datetime.now(UTC) + 25 * timedelta(hours=1))) == {"shelf", *NAMES}


def test_a_place_that_fails_adds_no_number_and_keeps_what_is_known(world: World) -> None:
    collect(world.loaded)
    before = downloads(world.loaded, SINCE, TODAY, platforms=["flathub"]).platforms[0]
    world.sources["flathub"].answers[FLATHUB_PATH] = Reply(500, "broken")
    assert world.outcomes(force=True)["flathub"] == "failed"
    after = downloads(world.loaded, SINCE, TODAY, platforms=["flathub"]).platforms[0]
    assert "answered 500" in after.reason
    assert before.daily is not None
    assert after.daily is not None
    assert (after.daily.counts, after.total) == (before.daily.counts, before.total)


def test_a_place_that_never_answered_has_no_number(world: World) -> None:
    world.sources["downloads"].answers[r"/counts\.csv"] = "day,count\n2026-06-12,many\n"
    assert world.outcomes()["downloads"] == "failed"
    (own,) = downloads(world.loaded, SINCE, TODAY, platforms=["downloads"]).platforms
    assert (own.daily, own.total, own.counted) == (None, None, None)
    assert "row 2, column count: `many` is no whole number" in own.reason


def test_a_place_that_asks_to_wait_is_left_alone_even_if_forced(world: World) -> None:
    world.sources["rubygems"].answers[r"/api/v1/gems/hello-forge\.json"] = Reply(429, "", {"Retry-After": "3600"})
    assert world.outcomes()["rubygems"] == "failed"
    asked = len(world.sources["rubygems"].asked)
    (again,) = collect(world.loaded, platforms=["rubygems"], force=True).platforms
    assert (again.outcome, len(world.sources["rubygems"].asked)) == ("waiting", asked)
    assert "asks not to be asked before" in again.reason


def test_what_a_place_marks_is_asked_for_only_if_it_changed(world: World) -> None:
    def marked(request: Request) -> Reply:
        unchanged = request.headers.get("If-None-Match") == '"1"'
        return Reply(304 if unchanged else 200, b"" if unchanged else FLATHUB, {"ETag": '"1"'})

    world.sources["flathub"].answers[FLATHUB_PATH] = marked
    assert world.outcomes(platforms=["flathub"]) == {"flathub": "collected"}
    assert world.outcomes(platforms=["flathub"], force=True) == {"flathub": "unchanged"}
    assert [r.headers.get("If-None-Match") for r in world.sources["flathub"].asked] == [None, '"1"']


def test_how_asking_ended_is_remembered_of_places_too(world: World) -> None:
    assert {one.outcome for one in last_collections(world.loaded)} == {"never"}
    collect(world.loaded)
    found = {one.platform: (one.title, one.outcome) for one in last_collections(world.loaded)}
    assert found["downloads"] == ("Own downloads", "collected")


def test_a_token_comes_from_the_environment_and_stays_out_of_the_ledger(tmp_path: Path) -> None:
    secret = "hello-counts-secret"
    token = {"credentials": {"token": "HELLO_COUNTS_TOKEN"}}
    with counted(tmp_path, "downloads", environ={"HELLO_COUNTS_TOKEN": secret}, downloads=token) as world:
        source = world.sources["downloads"]
        assert world.outcomes(platforms=["downloads"]) == {"downloads": "collected"}
        assert source.asked[0].headers["Authorization"] == f"Bearer {secret}"
        source.answers[r"/counts\.csv"] = f"day,count\n{secret},1\n"
        (told,) = collect(world.loaded, platforms=["downloads"], force=True).platforms
        assert told.outcome == "failed"
        assert "***" in told.reason
        kept = [path for path in (tmp_path / ".deployforge").rglob("*") if path.is_file()]
        assert kept
        assert not [path for path in kept if secret.encode() in path.read_bytes()]


# --- nowhere else -------------------------------------------------------------------------------------------------


def test_nothing_is_deployed_to_a_place(world: World) -> None:
    collect(world.loaded)
    assert [*deploy(world.loaded, dry_run=True).platforms] == ["shelf"]
    with pytest.raises(ConfigError, match="`flathub` is not in"):
        deploy(world.loaded, platforms=["flathub"], dry_run=True)


def test_insights_and_reports_tell_of_places(world: World) -> None:
    collect(world.loaded)
    found = insights(world.loaded)
    countries = next(one for one in found.found if "countries" in one.sentence)
    assert countries.sentence == "Flathub's installs come from 2 countries: DE 67 %, US 33 %"
    told = {one.title for one in report(world.loaded).counts}
    assert {"Flathub", "RubyGems", "Own downloads"} <= told


def test_a_year_of_a_place_breaks_no_question_about_releases(tmp_path: Path) -> None:
    days = [TODAY - n * DAY for n in range(365, 0, -1)]
    rows = [f"{day},{100 + n % 7},\n{day},{40 + n % 5},1.0.0\n" for n, day in enumerate(days)]
    with counted(tmp_path, "downloads") as world:
        world.sources["downloads"].answers[r"/counts\.csv"] = "day,count,version\n" + "".join(rows)
        collect(world.loaded)
        with closing(Ledger.open(ledger_url(world.loaded))) as ledger:
            for version in ("1.0.0", "1.1.0"):
                ledger.receive(ledger.intend(Key(world.loaded.project.name, "", "shelf", version), "piece", "digest"))
        found = insights(world.loaded)
        about = {one.kind for one in found.found if "downloads" in one.platforms}
        assert Kind.FORECAST in about
        assert not about & {Kind.PUBLISHING, Kind.LAUNCH}
        (own,) = downloads(world.loaded, days[0], TODAY, platforms=["downloads"]).platforms
        assert [part.name for part in own.versions] == ["1.0.0"]
        spent = {one.platform: one.releases for one in costs(world.loaded).platforms}
        assert spent == {"shelf": 0, "downloads": 0}
