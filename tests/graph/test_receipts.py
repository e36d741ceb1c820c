"""A feed that does not tell a rejected version from one that was never pushed: our receipts tell, in their time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.faults import Stale
from tests.support.proxy import Rule
from tests.support.worlds import World, world

ENTITY = r"/Packages\("


@pytest.fixture
def made(tmp_path: Path) -> Iterator[World]:
    with world("chocolatey", tmp_path) as made:
        yield made


def lag(made: World, reads: int) -> tuple[Stale, Rule]:
    stale = Stale(reads, ENTITY)
    return stale, made.proxy.when(do=stale, times=None)


def settle(made: World, seconds: float) -> None:
    file = made.folder / "deployforge.yml"
    config = yaml.safe_load(file.read_text("utf-8"))
    config["conditions"]["settle"] = seconds
    file.write_text(yaml.safe_dump(config), "utf-8")


def outcome(made: World) -> tuple[str, str]:
    """How a deploy ends on the platform, and why."""
    done = made.run("deploy", "--platforms", "chocolatey", "--yes", "--json")
    (platform,) = json.loads(done.stdout)["platforms"]
    return platform["outcome"], str(platform.get("reason") or (platform.get("error") or {}).get("message"))


def test_a_stale_read_after_our_own_push_is_not_a_rejection(made: World) -> None:
    stale, _ = lag(made, 10_000)
    settle(made, 0.2)
    assert outcome(made)[0] == "waiting"
    settle(made, 60)
    stale._left = 4

    assert outcome(made)[0] in ("published", "skipped")
    assert made.writes() == 1


def test_what_is_not_shown_when_its_time_is_over_was_rejected_and_is_not_sent_again(made: World) -> None:
    lag(made, 10_000)
    settle(made, 0.2)
    outcome(made)

    ended, reason = outcome(made)

    assert ended == "failed"
    assert "rejected" in reason
    assert made.writes() == 1


def test_a_run_within_the_time_to_lag_waits_for_its_end_before_it_says_rejected(made: World) -> None:
    lag(made, 10_000)
    settle(made, 0.2)
    outcome(made)
    settle(made, 3)

    ended, reason = outcome(made)

    assert ended == "failed"
    assert "rejected" in reason
    assert made.writes() == 1
