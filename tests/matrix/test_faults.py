"""The fault matrix: every platform meets every fault, and converges or says why not.

Zero duplicates, and an unknown answer is never taken for an absent one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.platforms.registry import platforms
from tests.support.faults import (
    Fault,
    Stale,
    cut_upload,
    delay,
    drop_after,
    garbage,
    garbage_after,
    refuse,
    status,
    status_after,
    truncate,
)
from tests.support.worlds import WRITES, World, world

NAMES = sorted(platforms())

#: Faults that pass: the deploy must come through in one run.
PASSING: dict[str, Fault] = {
    "refused connection": refuse,
    "reset in mid-upload": cut_upload,
    "response lost after accepting": drop_after,
    "429 with Retry-After": status(429, {"Retry-After": "0"}),
    "500": status(500),
    "502": status(502),
    "503 with Retry-After": status(503, {"Retry-After": "0"}),
    "500 after accepting": status_after(500),
    "garbage": garbage(),
    "garbage after accepting": garbage_after(),
    "truncated answer": truncate,
    "timeout": delay(5.0),
}
#: Faults that stay: nothing may be published, and the run must say why.
LASTING: dict[str, Fault] = {
    "401": status(401),
    "403": status(403),
    "404 for unauthorised": status(404),
    "500 for ever": status(500),
}


def each_once(made: World) -> None:
    names = [(p.name, p.version, p.extra.get("part", "")) for p in made.publications()]
    assert names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("platform", NAMES)
def test_a_write_that_meets_a_passing_fault_is_published_once(platform: str, fault: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        made.proxy.when(*WRITES, do=PASSING[fault])

        first = made.deploy()
        second = made.deploy() if first.returncode else first

        assert second.returncode == 0, first.stderr + second.stderr
        each_once(made)
        assert first.returncode == 0 or "hint:" in first.stderr, first.stderr


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("platform", NAMES)
def test_a_read_that_is_never_answered_well_publishes_nothing(platform: str, fault: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        assert made.deploy().returncode == 0
        published, requests = made.publications(), made.writes()
        made.forget_everything()
        made.proxy.when("GET|HEAD", do=LASTING[fault], times=None)

        done = made.deploy()

        assert made.publications() == published
        assert made.writes() == requests or fault == "404 for unauthorised"
        assert done.returncode != 0 or fault == "404 for unauthorised", done.stdout
        assert done.returncode == 0 or "hint:" in done.stderr


@pytest.mark.parametrize("code", [401, 403, 404])
@pytest.mark.parametrize("platform", NAMES)
def test_a_refused_write_is_told_and_the_next_run_publishes_once(platform: str, code: int, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        made.proxy.when(*WRITES, do=status(code), times=None)

        refused = made.deploy()

        assert refused.returncode != 0
        assert "hint:" in refused.stderr, refused.stderr
        assert made.publications() == []
        made.proxy.clear()
        assert made.deploy().returncode == 0
        each_once(made)


@pytest.mark.parametrize("platform", NAMES)
def test_what_is_there_though_the_registry_denied_it_is_not_published_again(platform: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        assert made.deploy().returncode == 0
        published = made.publications()
        made.forget_everything()
        made.proxy.when("GET|HEAD", do=status(404), times=6)

        first = made.deploy()

        assert made.publications() == published
        made.proxy.clear()
        second = made.deploy()
        assert second.returncode == 0, first.stderr + second.stderr
        assert made.publications() == published


@pytest.mark.parametrize("platform", NAMES)
def test_a_registry_that_shows_a_write_late_gets_it_once(platform: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        made.proxy.when(do=Stale(3), times=None)

        done = made.deploy()

        assert done.returncode == 0, done.stderr
        each_once(made)


@pytest.mark.parametrize("platform", NAMES)
def test_two_deploys_at_once_publish_once(platform: str, tmp_path: Path) -> None:
    with world(platform, tmp_path) as made:
        both = [made.start_deploy(), made.start_deploy()]
        ends = [p.communicate(timeout=120) for p in both]

        assert [p.returncode for p in both] == [0, 0], ends
        each_once(made)
        doubled = made.rows(
            "select piece from receipts where kind = 'ours' group by platform, piece having count(*) > 1"
        )
        assert doubled == []
