"""The kill matrix: SIGKILL before, during and right after every changing request, then a plain new run.

Whatever was killed, the version ends up there exactly once, what was done is not done again, and the ledger is right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms.registry import platforms
from tests.support.exchange import Answer, Exchange
from tests.support.faults import hold_after, hold_before, hold_upload
from tests.support.worlds import WRITES, World, world

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGKILL")

NAMES = sorted(platforms())
PHASES = {"before": hold_before, "during": hold_upload, "after": hold_after}


def a_clean_release(platform: str, folder: Path) -> tuple[list[Publication], int]:
    """What an undisturbed release publishes, and in how many changing requests."""
    with world(platform, folder) as clean:
        done = clean.deploy()
        assert done.returncode == 0, done.stdout + done.stderr
        return clean.publications(), clean.writes()


def kill_at(made: World, nth: int, do: Callable[[Exchange], Answer]) -> None:
    """Start a deploy and kill it with its nth changing request in that state."""
    rule = made.proxy.when(*WRITES, do=do, nth=nth)
    process = made.start_deploy()
    assert rule.wait(60), process.communicate(timeout=10)
    process.kill()
    process.communicate()
    made.proxy.clear()


def same_publications(made: World, wanted: list[Publication]) -> bool:
    """The same things are published as in the clean release, each once (ports differ from world to world)."""
    found = [(p.name, p.version, p.extra.get("part", "")) for p in made.publications()]
    return found == [(p.name, p.version, p.extra.get("part", "")) for p in wanted]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("platform", NAMES)
def test_a_deploy_killed_at_any_request_is_finished_by_the_next_one(platform: str, phase: str, tmp_path: Path) -> None:
    wanted, requests = a_clean_release(platform, tmp_path / "clean")
    for nth in range(1, requests + 1):
        with world(platform, tmp_path / str(nth)) as made:
            kill_at(made, nth, PHASES[phase])

            done = made.deploy()

            assert done.returncode == 0, f"request {nth}: {done.stdout}{done.stderr}"
            assert same_publications(made, wanted), f"request {nth}"
            assert made.rows("select piece from intents where outcome is null") == [], f"request {nth}"
            published = made.rows(
                f"select piece from intents where platform = '{platform}' and outcome in ('received', 'published')"
            )
            assert len(published) == len(set(published)), f"request {nth}: {published}"


@pytest.mark.parametrize("platform", NAMES)
def test_after_a_release_a_fresh_machine_publishes_nothing(platform: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        assert made.deploy().returncode == 0
        published, requests = made.publications(), made.writes()
        made.forget_everything()

        again = made.deploy()

        assert again.returncode == 0, again.stdout + again.stderr
        assert made.publications() == published
        assert made.writes() == requests


@pytest.mark.parametrize("platform", NAMES)
def test_a_fresh_machine_finishes_what_another_was_killed_in(platform: str, tmp_path: Path) -> None:
    wanted, requests = a_clean_release(platform, tmp_path / "clean")
    with world(platform, tmp_path / "killed") as made:
        kill_at(made, max(1, requests // 2), hold_after)
        made.forget_everything()

        again = made.deploy()

        assert again.returncode == 0, again.stdout + again.stderr
        assert same_publications(made, wanted)
