"""Insights and costs through the ledger: counts, runs, releases and configuration together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from deployforge_tasks.analytics.insight import Insight, Insights, Kind
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.graph.context import ledger_url
from deployforge_tasks.ledger.deliveries import DELIVERED, Delivery, opened
from deployforge_tasks.operations.costs import costs
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.insights import insights
from deployforge_tasks.operations.runs import reading
from deployforge_tasks.operations.stats import collect
from deployforge_tasks.project.load import Loaded
from deployforge_tasks.project.schema_analytics import Costs
from tests.analytics.planted import counts, rates
from tests.graph.shelf import ShelfServer, load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told
from tests.operations.remembering import noon, remember_run
from tests.support.running import running

YESTERDAY = datetime.now(UTC).date() - DAY
#: Days of history, and how long npm has been dead.
DAYS, DEAD = 120, 15


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    CountingShelf.answers.clear()
    CountingShelf.asked.clear()
    prices = {"minute": 0.5, "budget": 1, "platforms": {"npm": {"traffic": 10}, "pypi": {"monthly": 30}}}
    with shelves("npm", "pypi", kind=CountingShelf):
        made = load_project(write_project(tmp_path / "project", {"npm": {}, "pypi": {}}))
        yield replace(made, project=made.project.model_copy(update={"costs": Costs.model_validate(prices)}))


@pytest.fixture
def counted(loaded: Loaded) -> Loaded:
    """Npm dies the day after version 1.1.0, whose verification failed twice; pypi lives."""
    rng = np.random.default_rng(5)
    npm = counts(rng, rates(DAYS)).astype(int)
    npm[-DEAD:] = 0
    pypi = counts(rng, rates(DAYS, base=20)).astype(int)
    CountingShelf.answers = {
        "npm": told(daily([int(n) for n in npm], YESTERDAY)),
        "pypi": told(daily([int(n) for n in pypi], YESTERDAY)),
    }
    collect(loaded)
    for version, ago in (("1.0.0", 80), ("1.1.0", DEAD)):
        stages = [("npm", "publish", "ok", 30.0), ("pypi", "publish", "ok", 90.0)]
        stages += [("npm", "verify", "failed", 0.0)] * 2 if version == "1.1.0" else []
        remember_run(loaded, version, YESTERDAY - ago * DAY, stages, seconds=240)
    return loaded


def of(kind: Kind, found: Insights) -> Insight:
    return next(one for one in found.found if one.kind is kind)


def test_a_dead_channel_comes_with_what_the_ledger_has_of_that_day(counted: Loaded) -> None:
    found = of(Kind.SILENCE, insights(counted))
    day = YESTERDAY - DEAD * DAY
    assert found.platforms == ("npm",)
    assert found.causes == (f"v1.1.0 came out on {day}", f"verify of v1.1.0 failed 2 times on {day}")


def test_drift_that_somebody_was_told_of_is_remembered(counted: Loaded) -> None:
    day = YESTERDAY - DEAD * DAY
    told_of = Delivery("hello-forge", "", "1.1.0", "drift", "npm, pypi", "ops", "same", noon(day), 1, DELIVERED)
    with opened(ledger_url(counted)) as deliveries:
        deliveries.record(told_of)
    assert f"drift of v1.1.0 was told on {day}" in of(Kind.SILENCE, insights(counted)).causes


def test_the_weightiest_comes_first(counted: Loaded) -> None:
    found = insights(counted).found
    assert found[0].kind is Kind.SILENCE
    assert found[1].sentence.startswith("Releasing costs about")
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)


def test_only_some_platforms_and_days(counted: Loaded) -> None:
    found = insights(counted, platforms=["pypi"], since=YESTERDAY - 30 * DAY)
    assert {name for one in found.found for name in one.platforms} <= {"pypi"}
    assert found.history == {"pypi": 31}
    assert "too little history: 31 of 84 days" in [u.reason for u in found.unknown]


def test_without_counts_nothing_is_claimed_and_every_platform_says_why(loaded: Loaded) -> None:
    found = insights(loaded)
    assert [one.kind for one in found.found] == [Kind.COST]  # a monthly fee needs no count
    assert [u.platforms for u in found.unknown if "not collected yet" in u.reason] == [("npm", "pypi")]


def test_costs_are_those_of_the_runs_the_fees_and_the_traffic(counted: Loaded) -> None:
    found = costs(counted)
    npm, pypi = found.platforms
    assert (npm.amounts.minutes, pypi.amounts.minutes) == (2.0, 6.0)
    assert (npm.releases, pypi.releases) == (2, 2)
    assert npm.amounts.traffic == pytest.approx((npm.downloads or 0) * 0.001 * 10)
    assert pypi.amounts.fees == pytest.approx(30 * 81 / 30.44)  # since the first run
    assert [(r.version, r.minutes, r.amount) for r in found.releases] == [("1.1.0", 4.0, 2.0), ("1.0.0", 4.0, 2.0)]


def test_a_young_project_is_not_spread_over_months_before_it(loaded: Loaded) -> None:
    remember_run(loaded, "1.0.0", YESTERDAY - 9 * DAY, [("npm", "publish", "ok", 10.0)], seconds=600)
    found = costs(loaded)
    assert (found.until - found.since).days + 1 == 30
    assert costs(loaded, since=YESTERDAY - 99 * DAY).since == YESTERDAY - 99 * DAY


def test_a_real_run_notes_the_size_of_its_packages(tmp_path: Path) -> None:
    with running(ShelfServer(tmp_path / "server")) as server, shelves("npm"):
        loaded = load_project(write_project(tmp_path / "project", {"npm": {"url": server.url, "pieces": 2}}))
        deploy(loaded)
        with reading(loaded) as reader:
            pieces, size = reader.packaged("hello-forge", "")["npm", "1.0.0"]
    files = [file for file in (tmp_path / "project").rglob("pieces/*") if file.is_file()]
    assert (pieces, size) == (2, sum(file.stat().st_size for file in files))


def test_without_the_models_the_error_says_what_to_install(loaded: Loaded) -> None:
    with patch("importlib.util.find_spec", return_value=None), pytest.raises(ConfigError) as caught:
        insights(loaded)
    assert caught.value.code == "DF3400"
    assert "pip install 'deployforge[analytics]'" in caught.value.hint
