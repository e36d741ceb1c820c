"""Collecting download counts, and telling them: through the ledger, from platforms that count."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.errors import NetworkError, StatusError
from deployforge_tasks.core.model import Publication
from deployforge_tasks.graph.context import RunContext, ledger_url
from deployforge_tasks.graph.tasks import tasks
from deployforge_tasks.ledger.store import Key, Ledger
from deployforge_tasks.operations.graph_run import run_graph
from deployforge_tasks.operations.stats import collect, downloads, due
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.project.load import Loaded
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from tests.graph.shelf import Heard, ShelfOptions, load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, Answer, CountingShelf, daily, told, total, window
from tests.support.running import running

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - DAY


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    CountingShelf.answers.clear()
    CountingShelf.asked.clear()
    with shelves("a", "b", "c", kind=CountingShelf):
        yield load_project(write_project(tmp_path / "project", {"a": {}, "b": {}, "c": {}}))


def test_what_platforms_tell_is_stored_and_read_again(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1, 2, 3], YESTERDAY))}
    found = collect(loaded, platforms=["a"])
    assert [(p.platform, p.outcome) for p in found.platforms] == [("a", "collected")]
    (a,) = downloads(loaded, YESTERDAY - 2 * DAY, YESTERDAY, platforms=["a"]).platforms
    assert a.daily is not None
    assert a.daily.counts == (1, 2, 3)
    assert (a.source, a.meaning, a.counted) == ("shelf", "what was fetched", 6)


def test_a_platform_without_counts_says_why(loaded: Loaded) -> None:
    (b,) = collect(loaded, platforms=["b"]).platforms
    assert (b.outcome, b.reason) == ("none", "a shelf counts nothing")
    (known,) = downloads(loaded, YESTERDAY, TODAY, platforms=["b"]).platforms
    assert (known.reason, known.daily, known.total) == ("a shelf counts nothing", None, None)


def test_a_platform_that_was_never_asked_says_so(loaded: Loaded) -> None:
    (a,) = downloads(loaded, YESTERDAY, TODAY, platforms=["a"]).platforms
    assert "not collected yet" in a.reason


def test_a_project_without_a_version_is_counted_too(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY))}
    (a,) = collect(replace(loaded, version=None), platforms=["a"]).platforms
    assert a.outcome == "collected"


# Asking


def failing(error: Exception) -> Answer:
    def answer(job: Job[ShelfOptions], since: date | None) -> Sequence[Series]:
        raise error

    return answer


def test_a_failure_hides_no_other_platform_and_invents_no_zero(loaded: Loaded) -> None:
    CountingShelf.answers = {
        "a": failing(StatusError("it answered 503", hint="later", status=503)),
        "b": told(daily([5], YESTERDAY)),
        "c": failing(KeyError("downloads")),
    }
    found = collect(loaded)
    assert [(p.platform, p.outcome) for p in found.platforms] == [("a", "failed"), ("b", "collected"), ("c", "failed")]
    assert found.exit_code == 6
    a, b, c = downloads(loaded, YESTERDAY, YESTERDAY).platforms
    assert (a.daily, a.reason) == (None, "it answered 503")
    assert b.daily is not None
    assert "its counters cannot be read: KeyError" in c.reason


@pytest.mark.parametrize("version", ["1\ud800", "1\0", "1" * 9000])
def test_a_name_that_no_ledger_can_hold_hides_no_other_platform(loaded: Loaded, version: str) -> None:
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY, version=version)), "b": told(daily([2], YESTERDAY))}
    a, b, _ = collect(loaded).platforms
    assert (a.outcome, b.outcome) == ("failed", "collected")
    assert "no name of something that is counted" in a.reason


def test_two_numbers_for_one_counter_are_none(loaded: Loaded) -> None:
    twice = told(daily([1], YESTERDAY, version="1.0"), daily([5], YESTERDAY, version="1.0", headline=False))
    CountingShelf.answers = {"a": twice, "b": told(daily([2], YESTERDAY))}
    a, b, _ = collect(loaded).platforms
    assert (a.outcome, b.outcome) == ("failed", "collected")
    assert "two numbers for 'hello 1.0'" in a.reason


def test_what_one_source_told_stays_when_another_of_the_same_platform_fails(loaded: Loaded) -> None:

    def answer(job: object, since: date | None) -> Iterator[Series]:
        yield daily([7], YESTERDAY)
        raise NetworkError("the other source is away", hint="later")

    CountingShelf.answers["a"] = answer
    (a,) = [one for one in collect(loaded).platforms if one.platform == "a"]
    assert (a.outcome, a.reason) == ("failed", "the other source is away")
    (known,) = downloads(loaded, YESTERDAY, TODAY, platforms=["a"]).platforms
    assert (known.daily and known.daily.sum, known.reason) == (7, "the other source is away")


def test_a_source_that_failed_is_asked_again_for_all_that_it_missed(loaded: Loaded) -> None:
    first, other = daily([7], TODAY - 9 * DAY), daily([5], TODAY - 9 * DAY, source="other", headline=False)
    CountingShelf.answers["a"] = told(first, other)
    collect(loaded, platforms=["a"], force=True)
    CountingShelf.answers["a"] = told(daily([7], YESTERDAY))
    collect(loaded, platforms=["a"], force=True)
    collect(loaded, platforms=["a"], force=True)
    assert CountingShelf.asked["a"][-1] == TODAY - 9 * DAY


def test_days_that_a_failing_source_did_not_tell_are_gaps_with_the_reason(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1, 2], YESTERDAY - 2 * DAY))}
    collect(loaded, platforms=["a"])
    CountingShelf.answers = {"a": failing(NetworkError("no answer", hint="later"))}
    collect(loaded, platforms=["a"], force=True)
    (a,) = downloads(loaded, YESTERDAY - 3 * DAY, TODAY, platforms=["a"]).platforms
    assert a.daily is not None
    assert a.daily.counts == (1, 2, None, None, None)
    assert a.daily.reasons[YESTERDAY] == "the source could not be asked: no answer"
    assert a.daily.reasons[TODAY] == "the day is not over"


def test_a_platform_that_does_not_answer_in_time_delays_no_other(loaded: Loaded) -> None:
    release = threading.Event()

    def never(job: Job[ShelfOptions], since: date | None) -> Sequence[Series]:
        release.wait(60)
        return ()

    CountingShelf.answers = {"a": never, "b": told(daily([5], YESTERDAY))}
    try:
        found = collect(loaded, platforms=["a", "b"], deadline=0.5)
    finally:
        release.set()
    a, b = found.platforms
    assert (a.outcome, b.outcome) == ("failed", "collected")
    assert a.reason == "no answer within 0.5 s"


def test_a_platform_is_asked_for_what_is_new(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1, 2, 3], YESTERDAY, settled=YESTERDAY - DAY))}
    collect(loaded, platforms=["a"])
    (again,) = collect(loaded, platforms=["a"], force=True).platforms
    assert CountingShelf.asked["a"] == [None, YESTERDAY - DAY]
    assert again.outcome == "unchanged"


def test_a_platform_is_not_asked_more_often_than_the_project_says(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY))}
    collect(loaded, platforms=["a"])
    (again,) = collect(loaded, platforms=["a"]).platforms
    assert (again.outcome, len(CountingShelf.asked["a"])) == ("fresh", 1)
    assert "analytics.every" in again.reason


def test_a_platform_that_failed_is_asked_again_at_once(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": failing(NetworkError("no answer", hint="later"))}
    collect(loaded, platforms=["a"])
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY))}
    (again,) = collect(loaded, platforms=["a"]).platforms
    assert again.outcome == "collected"


def test_a_source_that_names_a_time_is_not_asked_before_it_even_if_forced(loaded: Loaded) -> None:
    slow_down = StatusError("it answered 429", hint="later", status=429, retry_after=3600)
    CountingShelf.answers = {"a": failing(slow_down)}
    collect(loaded, platforms=["a"])
    (again,) = collect(loaded, platforms=["a"], force=True).platforms
    assert (again.outcome, len(CountingShelf.asked["a"])) == ("waiting", 1)
    assert "asks not to be asked before" in again.reason


def test_what_a_server_marks_is_asked_for_only_if_it_changed(tmp_path: Path, loaded: Loaded) -> None:
    class Marked(StandIn):
        name = "marked"
        serves = ()
        conditions: ClassVar[list[str]] = []

        @route("GET", r"/counts")
        def counts(self, request: Request) -> Reply:
            asked = request.headers.get("If-None-Match", "")
            self.conditions.append(asked)
            return Reply(304 if asked == '"1"' else 200, b"" if asked else b'{"count": 7}', {"ETag": '"1"'})

        def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
            return {}

        def secrets(self) -> dict[str, dict[str, str]]:
            return {}

        def publications(self) -> list[Publication]:
            return []

    with running(Marked(tmp_path / "marked")) as server:

        def answer(job: Job[ShelfOptions], since: date | None) -> Sequence[Series]:
            return [daily([job.http.json(f"{server.url}/counts")["count"]], YESTERDAY)]

        CountingShelf.answers = {"a": answer}
        collect(loaded, platforms=["a"])
        (again,) = collect(loaded, platforms=["a"], force=True).platforms
    assert again.outcome == "unchanged"
    assert Marked.conditions == ["", '"1"']


def test_listeners_hear_of_each_platform(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY)), "c": failing(NetworkError("no answer", hint="later"))}
    heard = Heard()
    collect(loaded, listeners=[heard])
    assert heard.ends("stats") == {"a": "ok", "b": "skipped", "c": "failed"}


# Collecting by itself


def test_what_is_due_is_what_was_not_asked_for_a_day(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY)), "c": failing(NetworkError("no answer", hint="later"))}
    assert due(loaded) == ["a", "b", "c"]
    collect(loaded)
    now = datetime.now(UTC)
    assert due(loaded, now=now + timedelta(minutes=5)) == []
    assert due(loaded, now=now + timedelta(hours=2)) == ["c"]
    assert due(loaded, now=now + timedelta(hours=25)) == ["a", "b", "c"]


def test_nothing_is_due_where_only_the_command_collects(tmp_path: Path, loaded: Loaded) -> None:
    analytics = loaded.project.analytics.model_copy(update={"every": 0.0})
    project = loaded.project.model_copy(update={"analytics": analytics})
    assert due(replace(loaded, project=project)) == []


# Telling


def test_releases_are_those_of_the_ledger(loaded: Loaded) -> None:
    with closing(Ledger.open(ledger_url(loaded))) as ledger:
        for platform in ("a", "b"):
            ledger.receive(ledger.intend(Key("hello-forge", "", platform, "1.0.0"), "piece", "digest"))
    (release,) = downloads(loaded, YESTERDAY, TODAY).releases
    assert (release.version, set(release.platforms)) == ("1.0.0", {"a", "b"})
    assert release.at == min(release.platforms.values())


def test_a_rolling_sum_is_in_no_other_number(loaded: Loaded) -> None:
    now = datetime.now(UTC)
    CountingShelf.answers = {"a": told(total(100, now), window(30, now))}
    collect(loaded, platforms=["a"])
    (a,) = downloads(loaded, YESTERDAY, TODAY, platforms=["a"]).platforms
    assert (a.total, [w.count for w in a.windows], a.daily) == (100, [30], None)


def test_plain_doit_collects_with_the_same_code(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1, 2], YESTERDAY))}
    context = RunContext(loaded)
    try:
        assert run_graph(context, ["stats:a"], 1) == 0
    finally:
        context.close()
    (a,) = downloads(loaded, YESTERDAY - DAY, YESTERDAY, platforms=["a"]).platforms
    assert a.daily is not None
    assert a.daily.counts == (1, 2)


def test_a_source_that_fails_fails_its_task_of_plain_doit(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": failing(NetworkError("no answer", hint="later"))}
    context = RunContext(loaded)
    try:
        assert run_graph(context, ["stats:a"], 1) == 6
    finally:
        context.close()


def test_a_deploy_asks_no_counter(loaded: Loaded) -> None:
    CountingShelf.answers = {"a": told(daily([1], YESTERDAY))}
    context = RunContext(loaded)
    try:
        made = tasks(context)
    finally:
        context.close()
    reached, todo = set(), ["deploy"]
    by_name = {task.name: task for task in made}
    while todo:
        name = todo.pop()
        reached.add(name)
        todo += [n for n in (*by_name[name].task_dep, *by_name[name].setup_tasks) if n not in reached]
    assert not any(name.startswith("stats") for name in reached)
    assert {"stats", "stats:a"} <= set(by_name)
