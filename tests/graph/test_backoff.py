"""The wait before another try: spread at random, bounded, never shorter than asked, and only where a repeat is safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.core.errors import StatusError
from deployforge_tasks.graph.context import RunContext
from deployforge_tasks.graph.look import LONGEST_ASKED, LONGEST_BACKOFF, backoff
from deployforge_tasks.operations.deploy import deploy
from tests.graph.shelf import Heard, ShelfServer, load_project, shelves, write_project
from tests.support.faults import status
from tests.support.proxy import FaultProxy


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    with shelves("a"):
        return RunContext(load_project(write_project(tmp_path, {"a": {}}, retry_delay=2)))


def slow_down(seconds: float) -> StatusError:
    return StatusError("PUT answered 429", hint="later", status=429, retry_after=seconds)


def puts(proxy: FaultProxy) -> list[str]:
    return [entry.path for entry in proxy.journal if entry.method == "PUT"]


def test_the_wait_is_spread_over_the_whole_time_that_doubles(context: RunContext) -> None:
    waits = [backoff(context, 2, None) for _ in range(300)]
    assert 0.0 <= min(waits) < 2.0
    assert 6.0 < max(waits) <= 8.0


def test_the_wait_does_not_double_for_ever(context: RunContext) -> None:
    assert max(backoff(context, 20, None) for _ in range(50)) <= LONGEST_BACKOFF


def test_the_wait_is_never_shorter_than_the_other_side_asks(context: RunContext) -> None:
    assert min(backoff(context, 0, slow_down(7.0)) for _ in range(50)) == 7.0


def test_who_asks_for_a_very_long_wait_is_asked_again_by_the_next_run(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    asked = {"Retry-After": str(int(LONGEST_ASKED) + 1)}
    proxy.when("PUT", do=status(429, headers=asked), times=None)
    with shelves("a"):
        result = deploy(load_project(write_project(tmp_path, {"a": {"url": proxy.url}})))

    assert result.exit_code == 6
    assert len(puts(proxy)) == 1


def test_a_clear_refusal_is_not_repeated(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=status(422), times=None)
    with shelves("a"):
        result = deploy(load_project(write_project(tmp_path, {"a": {"url": proxy.url}})))

    assert result.platforms["a"].outcome == "failed"
    assert len(puts(proxy)) == 1


def test_a_busy_registry_is_tried_as_often_as_the_project_says(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when("PUT", do=status(429), times=None)
    heard = Heard()
    with shelves("a"):
        folder = write_project(tmp_path, {"a": {"url": proxy.url}}, retry_on_failure=3)
        deploy(load_project(folder), listeners=[heard])

    assert len(puts(proxy)) == 4
    assert len([line for line in heard.logged("a") if "; again in " in line]) == 3
