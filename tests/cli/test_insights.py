"""`insights`: statements with their evidence, what is not known, and the costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import yaml

from deployforge_tasks.analytics.costs import Amounts, CostTable, PlatformCost, ReleaseCost
from deployforge_tasks.analytics.insight import Certainty, Confidence, Fact, Insight, Insights, Kind, Unknown
from deployforge_tasks.cli import cost_table
from deployforge_tasks.cli.commands import insights as shown
from deployforge_tasks.core.downloads import Unit
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.operations.stats import collect
from tests.analytics.planted import counts, rates
from tests.cli.conftest import Cli
from tests.graph.shelf import shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told
from tests.operations.remembering import remember_run

Screen = Callable[[str, str], None]
YESTERDAY = datetime.now(UTC).date() - DAY
FIRST, LAST = date(2025, 11, 25), date(2026, 11, 24)

FOUND = Insights(
    "hello-forge",
    "",
    FIRST,
    LAST,
    (
        Insight(
            Kind.SILENCE,
            "Chocolatey has had no downloads for 21 days, since 2026-11-04; before, it had about 9.4 a day",
            ("chocolatey",),
            (Fact("silent since", "2026-11-04"), Fact("silent days", 21), Fact("before, a day", 9.4, "downloads")),
            Confidence(Certainty.SURE, p=1e-9),
            0.95,
            "a source that counts no longer looks the same as a channel that nobody uses",
            ("v1.0.41 came out on 2026-11-03", "verify of v1.0.41 failed 2 times on 2026-11-03"),
        ),
        Insight(
            Kind.GROWTH,
            "npm grows by 12 % (between 4 % and 21 %) a month, without the week's pattern and own releases",
            ("npm",),
            (Fact("growth", 12.1, "% a month"), Fact("days", 358), Fact("gaps", 7, "days"), Fact("counted", 14_204)),
            Confidence(Certainty.LIKELY, p=0.004),
            0.57,
        ),
        Insight(
            Kind.COST,
            "Releasing costs about 14.20 USD a month, within the budget of 20.00 USD",
            (),
            (Fact("all together", 170.4, "USD"), Fact("minutes of runs", 412.5)),
            Confidence(Certainty.COUNTED),
            0.3,
        ),
    ),
    (
        Unknown(Kind.GROWTH, ("snap", "docker"), "too little history: 12 of 84 days"),
        Unknown(Kind.GEOGRAPHY, ("npm", "pypi", "chocolatey", "docker"), "not published by this source"),
    ),
)


def plain(text: str, _: str) -> str:
    return text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_statements_with_their_evidence(screen: Screen, width: int) -> None:
    lines = shown.lines(FOUND, 2, plain, width)
    assert max(map(len, lines)) <= width
    screen(f"insights-{width}", "\n".join(lines))


COSTS = CostTable(
    "hello-forge",
    "",
    date(2026, 8, 27),
    LAST,
    "USD",
    (
        PlatformCost("npm", "npm", Amounts(31.2, 0.25, 0.0, 0.0, 1.5), 4, 12_402, Unit.DOWNLOADS),
        PlatformCost(
            "chocolatey",
            "Chocolatey",
            Amounts(122.9, 0.98, 30.0, 0.0, None),
            4,
            61,
            Unit.DOWNLOADS,
            ("traffic: no package of it was measured yet",),
        ),
        PlatformCost("scoop", "Scoop", Amounts(4.1, 0.03, 0.0), 4, None, Unit.DOWNLOADS),
    ),
    (
        ReleaseCost("1.0.42", 40.1, 0.32, {"npm": 0.06, "chocolatey": 0.25, "scoop": 0.01}),
        ReleaseCost("1.0.41", 38.0, 0.30, {"npm": 0.06, "chocolatey": 0.24}),
    ),
    11.07,
    10.0,
    True,
)


@pytest.mark.parametrize("width", [60, 100])
def test_costs_by_platform_and_release(screen: Screen, width: int) -> None:
    lines = cost_table.lines(COSTS, plain, width)
    assert max(map(len, lines)) <= width
    screen(f"costs-{width}", "\n".join(lines))


@pytest.fixture
def counted(cli: Cli) -> Iterator[Cli]:
    """Half a year of npm, with a release that went wrong 15 days ago."""
    CountingShelf.answers.clear()
    values = [int(n) for n in counts(np.random.default_rng(5), rates(180))]
    values[-15:] = [0] * 15
    with shelves("npm", kind=CountingShelf):
        write_project(cli.folder, {"npm": {}})
        file = cli.folder / "deployforge.yml"
        config = yaml.safe_load(file.read_text("utf-8"))
        prices = {"minute": 0.01, "budget": 20, "platforms": {"npm": {"yearly": 99}}}
        file.write_text(yaml.safe_dump({**config, "costs": prices}), "utf-8")
        CountingShelf.answers = {"npm": told(daily(values, YESTERDAY))}
        loaded = Settings(file).load()
        collect(loaded)
        stages = [("npm", "publish", "ok", 30.0), ("npm", "verify", "failed", 60.0)]
        remember_run(loaded, "1.0.41", YESTERDAY - 15 * DAY, stages, seconds=240)
        yield cli


def test_the_command_tells_what_the_ledger_has(counted: Cli) -> None:
    done = counted("insights")
    assert done.code == 0
    words = " ".join(done.out.split())
    assert "has had no downloads for 15 days" in words
    assert "verify of v1.0.41 failed on" in words
    assert "not known" in done.out


def test_everything_is_in_the_json(counted: Cli) -> None:
    done = counted("insights", "--json").json
    assert done["schema"] == "deployforge.insights/1"
    first = done["insights"][0]
    assert (first["kind"], first["platforms"], first["confidence"]["word"]) == ("silence", ["npm"], "sure")
    assert {fact["name"] for fact in first["evidence"]} >= {"silent since", "silent days"}
    assert done["history"] == {"npm": 180}


def test_costs_as_a_table_and_as_json(counted: Cli) -> None:
    assert "v1.0.41  4.0      0.04  npm 0.04" in counted("insights", "--costs").out
    done = counted("insights", "--costs", "--json").json
    assert done["schema"] == "deployforge.costs/1"
    assert (done["budget"], done["platforms"][0]["minutes"]) == (20, 4.0)


def test_only_so_many_statements(counted: Cli) -> None:
    out = counted("insights", "--limit", "1").out
    assert "more: --limit" in out


def test_since_a_day(counted: Cli) -> None:
    assert counted("insights", "--since", "30d", "--json").json["history"] == {"npm": 30}


@pytest.mark.parametrize(
    ("day", "said"), [("soon", "is no day"), ("2026-13-01", "is no day"), ("0d", "is not in the past")]
)
def test_a_day_that_cannot_be_is_refused(counted: Cli, day: str, said: str) -> None:
    done = counted("insights", "--since", day)
    assert done.code == 2
    assert said in done.err


def test_tomorrow_is_not_in_the_past(counted: Cli) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert counted("insights", "--since", str(tomorrow)).code == 2


def test_a_project_without_counts_says_how_to_begin(cli: Cli) -> None:
    CountingShelf.answers.clear()
    with shelves("npm", kind=CountingShelf):
        write_project(cli.folder, {"npm": {}})
        done = cli("insights")
    assert done.code == 0
    assert "not collected yet" in done.out
    assert "`deployforge stats` collects the counts" in done.err
