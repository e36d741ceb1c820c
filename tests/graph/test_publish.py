"""Publishing converges: whatever goes wrong on the way, each piece ends up there once, or the run says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConflictError, NetworkError
from deployforge_tasks.core.presence import State
from deployforge_tasks.operations.deploy import DeployResult, deploy
from tests.graph.shelf import VERSION, Heard, Shelf, ShelfServer, load_project, shelves, write_project
from tests.support.faults import Stale, drop_after, garbage, refuse, status, status_after
from tests.support.proxy import FaultProxy


def release(folder: Path, url: str, heard: Heard | None = None, **conditions: Any) -> DeployResult:
    """Deploy a project with the one platform `one` of two pieces."""
    project = write_project(folder / "project", {"one": {"url": url, "pieces": 2}}, **conditions)
    with shelves("one"):
        return deploy(load_project(project), listeners=[heard] if heard else [], jobs=2)


def test_what_is_absent_is_published_verified_and_reported(tmp_path: Path, server: ShelfServer) -> None:
    result = release(tmp_path, server.url)

    one = result.platforms["one"]
    assert (result.exit_code, result.outcome, one.outcome) == (0, "ok", "published")
    assert one.published == ("one-0", "one-1")
    assert one.evidence is not None
    assert VERSION in one.evidence.said
    assert server.accepted == ["one-0", "one-1"]


def test_what_is_there_is_skipped_without_packaging_even_on_a_fresh_machine(
    tmp_path: Path, server: ShelfServer
) -> None:
    release(tmp_path / "a", server.url)

    result = release(tmp_path / "b", server.url)

    assert result.platforms["one"].outcome == "skipped"
    assert Shelf.made == []
    assert server.accepted == ["one-0", "one-1"]


def test_only_the_missing_pieces_are_published(tmp_path: Path, server: ShelfServer) -> None:
    release(tmp_path / "a", server.url)
    del server.files["one", VERSION]["one-1"]

    release(tmp_path / "b", server.url)

    assert server.accepted == ["one-0", "one-1", "one-1"]


def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when("PUT", do=drop_after)

    result = release(tmp_path, proxy.url)

    assert result.exit_code == 0
    assert server.accepted == ["one-0", "one-1"]
    assert len(proxy.forwarded("PUT")) == 2


def test_a_server_error_after_the_write_was_accepted_is_looked_up(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when("PUT", do=status_after(500), nth=2)

    assert release(tmp_path, proxy.url).exit_code == 0
    assert len(proxy.forwarded("PUT")) == 2


def test_a_refused_connection_is_tried_again(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=refuse)

    assert release(tmp_path, proxy.url).exit_code == 0
    assert server.accepted == ["one-0", "one-1"]


def test_a_busy_registry_is_given_the_time_that_it_asks_for(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when("PUT", do=status(429, {"Retry-After": "1"}))

    result = release(tmp_path, proxy.url)

    assert result.exit_code == 0
    assert result.seconds >= 1


def test_a_refusal_fails_at_once_with_the_platforms_own_error(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when("PUT", do=status(403), times=None)

    result = release(tmp_path, proxy.url, settle=60)

    error = result.platforms["one"].error
    assert isinstance(error, NetworkError)
    assert (error.platform, error.stage) == ("one", "publish")
    assert len([entry for entry in proxy.journal if entry.method == "PUT"]) == 1


def test_a_stale_read_after_the_write_is_waited_out(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    proxy.when(do=Stale(6, "/one"), times=None)

    result = release(tmp_path, proxy.url, settle=10)

    assert result.exit_code == 0
    assert len(proxy.forwarded("PUT")) == 2


def test_what_is_never_shown_is_waiting_and_not_sent_again(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when(do=Stale(10_000, "/one"), times=None)

    result = release(tmp_path, proxy.url)

    assert result.platforms["one"].outcome == "waiting"
    assert "accepted" in result.platforms["one"].reason
    assert len(proxy.forwarded("PUT")) == 2


def test_a_next_run_waits_out_a_stale_read_before_it_believes_that_a_receipt_is_wrong(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    stale = Stale(10_000, "/one")
    rule = proxy.when(do=stale, times=None)
    release(tmp_path, proxy.url)
    stale._left = 3

    result = release(tmp_path, proxy.url, settle=10)

    assert rule.met
    assert result.exit_code == 0
    assert len(proxy.forwarded("PUT")) == 2


def test_an_unknown_presence_is_never_taken_for_absent(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    proxy.when("GET", do=garbage(), times=None)

    result = release(tmp_path, proxy.url)

    one = result.platforms["one"]
    assert one.presence is not None
    assert (one.outcome, one.presence.state, result.exit_code) == ("failed", State.UNKNOWN, 6)
    assert proxy.forwarded("PUT") == []


def test_a_look_up_that_fails_once_is_asked_again(tmp_path: Path, server: ShelfServer, proxy: FaultProxy) -> None:
    proxy.when("GET", do=garbage())

    assert release(tmp_path, proxy.url).exit_code == 0


def test_other_content_under_the_same_version_is_a_conflict(tmp_path: Path, server: ShelfServer) -> None:
    server.files["one", VERSION] = {"one-0": b"something else"}

    result = release(tmp_path, server.url)

    error = result.platforms["one"].error
    assert isinstance(error, ConflictError)
    assert error.code == "DF4100"
    assert server.accepted == []


def test_a_place_of_our_own_is_updated_when_the_package_changes(tmp_path: Path, server: ShelfServer) -> None:
    server.mutable = True
    with shelves("one", editable=True):
        for text in ("first", "second", "second"):
            project = write_project(tmp_path / "project", {"one": {"url": server.url, "text": text}})
            assert deploy(load_project(project)).exit_code == 0

    assert server.accepted == ["one-0", "one-0"]
    assert server.files["one", VERSION]["one-0"].endswith(b"second")


def test_what_is_in_review_is_waiting_and_never_submitted_again(tmp_path: Path, server: ShelfServer) -> None:
    server.pending = True
    first = release(tmp_path, server.url)
    second = release(tmp_path, server.url)

    assert (first.platforms["one"].outcome, second.platforms["one"].outcome) == ("waiting", "waiting")
    assert first.platforms["one"].published == ("one-0", "one-1")
    assert second.platforms["one"].reason == "submitted: in review"
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert server.accepted == ["one-0", "one-1"]


def test_what_left_review_is_verified_by_the_next_run(tmp_path: Path, server: ShelfServer) -> None:
    server.pending = True
    release(tmp_path, server.url)
    server.pending = False

    heard = Heard()
    release(tmp_path, server.url, heard)

    assert heard.ends("verify") == {"one": "ok"}


def test_a_dry_run_plans_and_sends_nothing(tmp_path: Path, server: ShelfServer) -> None:
    project = write_project(tmp_path / "project", {"one": {"url": server.url}})
    with shelves("one"):
        result = deploy(load_project(project), dry_run=True)

    one = result.platforms["one"]
    assert one.plan is not None
    assert (one.outcome, one.plan.action, result.exit_code) == ("planned", "publish", 0)
    assert [method for method, _, _ in server.journal] == ["GET"]
    assert Shelf.made == []


def test_each_new_look_is_announced_with_the_reason_and_the_wait(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy
) -> None:
    proxy.when("GET", do=garbage(), times=2)
    heard = Heard()

    assert release(tmp_path, proxy.url, heard).exit_code == 0

    first, second = [e for e in heard.events if e.kind == "log" and "look-up failed" in str(e.data["text"])]
    assert "the answer is not JSON" in str(first.data["text"])
    waits = [float(str(e.data["text"]).rpartition("; again in ")[2].removesuffix(" s")) for e in (first, second)]
    assert waits[0] <= 0.01
    assert waits[1] <= 0.02
    assert first.data["level"] == "warning"


def test_a_look_is_not_begun_again_after_the_time_for_looking(
    tmp_path: Path, server: ShelfServer, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    proxy.when("GET", do=garbage(), times=None)

    result = release(tmp_path, proxy.url, retry_on_failure=20, retry_delay=30, look_patience=20)

    assert result.exit_code == 6
    assert len(proxy.journal) == 1
