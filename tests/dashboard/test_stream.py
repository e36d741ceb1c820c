"""What the event stream tells, and that it tells everything once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import OperationalError

from deployforge_tasks.core.events import Event
from deployforge_tasks.dashboard import messages
from deployforge_tasks.dashboard.stream import MOST_WAITING, Viewer
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import writing
from deployforge_tasks.ledger.feed import Feed
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.operations.watching import Place, Places, Watcher
from tests.dashboard.listener import Listener, Message, eventually, listening
from tests.dashboard.people import People, open_people
from tests.dashboard.site import Site, open_site, served
from tests.support.cases import sample_project
from tests.support.databases import new_database


@pytest.fixture
def ledger(site: Site) -> Ledger:
    return Ledger.open(site.desk.ledger_url)


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """A dashboard that often asks whether those who watch still may."""
    monkeypatch.setattr("deployforge_tasks.dashboard.stream.HEARTBEAT_EVERY", 0.05)
    with open_people(tmp_path) as made:
        yield made


def test_what_a_run_does_is_told_with_the_values_that_a_page_shows(site: Site) -> None:
    with served(site.app) as address, listening(address) as listener:
        listener.wait_for("ready")
        run = site.record([("npm", "publish", "failed", 1.5, "it is on fire")], outcome=None)
        told = listener.wait_for("task", 2)[-1].data
    assert (told["run"], told["kind"], told["stage"]) == (run, "stage_finished", "publish")
    assert told["bind"][f"{run}.npm.state"]["word"] == "failed"
    assert told["bind"][f"{run}.npm.error"] == "it is on fire"


def test_the_begin_and_the_end_of_a_run_are_told(site: Site) -> None:
    with served(site.app) as address, listening(address) as listener:
        listener.wait_for("ready")
        run = site.record([("npm", "publish", "ok", 1.5, "")])
        first, *_, last = listener.wait_for("run", 2)
    assert (first.data["run"], first.data["began"]) == (run, True)
    assert (last.data["state"], last.data["outcome"]) == ("finished", "done")


def test_log_lines_are_told_to_those_who_have_the_log_open(site: Site, ledger: Ledger) -> None:
    run = ledger.start_run(site.desk.project, "", "1.0.0", "deploy")
    journal = ledger.listener(run)
    with (
        served(site.app) as address,
        listening(address, f"/events?log={run}:0") as reader,
        listening(address) as other,
    ):
        reader.wait_for("ready")
        other.wait_for("ready")
        journal(Event("log", "npm", "publish", {"level": "info", "text": "sent"}))
        journal(Event("stage_started", "npm", "publish"))
        lines = reader.wait_for("log")[0].data["lines"]
        other.wait_for("task")
        assert not [message for message in other.messages if message.event == "log"]
    ledger.close()
    assert [(line["platform"], line["pieces"][0]["text"]) for line in lines] == [("npm", "sent")]


def test_a_log_that_is_opened_later_begins_after_the_line_that_the_page_has(site: Site, ledger: Ledger) -> None:
    run = ledger.start_run(site.desk.project, "", "1.0.0", "deploy")
    journal = ledger.listener(run)
    for number in range(4):
        journal(Event("log", "npm", "publish", {"level": "info", "text": f"line {number}"}))
    journal.flush()
    second = [e.number for e in site.desk.reader.events(run)][1]
    with served(site.app) as address, listening(address, f"/events?log={run}:{second}") as listener:
        told = listener.wait_for("log")[0].data["lines"]
    ledger.close()
    assert [line["pieces"][0]["text"] for line in told] == ["line 2", "line 3"]


@pytest.mark.parametrize("wanted", [(1, 2), (2, 1)])
def test_an_id_names_no_line_that_is_still_to_come(site: Site, ledger: Ledger, wanted: tuple[int, int]) -> None:
    """Who is cut off between the logs of two runs and comes again misses nothing, and is told nothing twice."""
    for _ in range(2):
        journal = ledger.listener(ledger.start_run(site.desk.project, "", "1.0.0", "deploy"))
        journal(Event("log", "npm", "publish", {"level": "info", "text": "sent"}))
        journal.flush()
    logs = "&".join(f"log={run}:0" for run in wanted)
    with served(site.app) as address, listening(address, f"/events?{logs}") as listener:
        told = listener.wait_for("log", 2)
    ledger.close()
    known = dict.fromkeys(wanted, 0)
    for message in told:
        known[message.data["run"]] = message.data["lines"][-1]["number"]
        places = messages.read(message.id)
        assert places is not None
        assert {run: places.runs[run].line for run in wanted} == known


def test_a_log_is_named_by_a_run_and_a_line(site: Site) -> None:
    assert site.client.get("/events?log=everything").status_code == 400


def test_a_page_that_knows_less_is_told_what_happened_before_it_came(site: Site) -> None:
    run = site.record([("npm", "publish", "ok", 1.5, "")])
    first = next(iter(site.desk.reader.events(run))).number
    with served(site.app) as address, listening(address, f"/events?since={run}_{run}-{first}") as listener:
        listener.wait_for("ready")
        kinds = [m.data["kind"] for m in listener.messages if m.event == "task"]
    assert kinds == ["stage_started", "stage_finished", "run_finished"]


def test_somebody_who_was_away_too_long_reads_the_page_again(
    site: Site, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.dashboard.stream.MOST_MISSED", 2)
    run = site.record([("npm", "publish", "ok", 1.5, "")])
    with served(site.app) as address, listening(address, f"/events?since={run}_{run}-0") as listener:
        told = [message.event for message in listener.wait(lambda found: len(found) >= 2)]
    assert told == ["resync", "ready"]


async def _too_slow() -> bytes:
    viewer = Viewer(None, {})
    for number in range(MOST_WAITING + 1):
        viewer.put(f"{number}".encode(), Places(7))
    return await viewer.take()


def test_somebody_who_is_too_slow_reads_the_page_again() -> None:
    with ThreadPoolExecutor(1) as pool:  # a thread of its own: the browser's driver has a loop in this one
        told = pool.submit(lambda: asyncio.run(_too_slow())).result()
    assert told == messages.message("resync", {}, Places(7))


def test_streams_end_at_once_with_the_server(site: Site) -> None:
    with served(site.app) as address:
        listener = Listener(address)
        listener.wait_for("ready")
    assert listener.wait_for_end() < 1.0
    listener.close()


def test_a_stream_ends_with_the_session_of_who_watches_and_no_other(people: People) -> None:
    ann, ben = people.someone("ann", "viewer"), people.someone("ben", "viewer")
    with (
        served(people.site.app, signed_on=False) as address,
        listening(address, cookies=dict(ann.cookies)) as leaves,
        listening(address, cookies=dict(ben.cookies)) as stays,
    ):
        leaves.wait_for("ready")
        stays.wait_for("ready")
        ann.post("/sign-out")
        leaves.wait_for_end(5)
        people.site.record([("npm", "publish", "ok", 1.0, "")])
        stays.wait_for("run", 2)
        assert not stays.ended


def test_a_stream_ends_when_the_token_of_who_watches_is_revoked(people: People) -> None:
    ann = people.someone("ann", "viewer")
    with (
        served(people.site.app, signed_on=False) as address,
        listening(address, cookies=dict(ann.cookies)) as listener,
    ):
        listener.wait_for("ready")
        people.someone("root", "admin").post("/tokens/ann/revoke")
        listener.wait_for_end(5)


def test_a_stream_ends_when_the_token_of_who_watches_has_no_role_for_it_any_more(people: People) -> None:
    ann = people.someone("ann", "operator")
    site, cookies = people.site, dict(ann.cookies)
    run = site.record([("npm", "publish", "ok", 1.0, "")], outcome=None)
    with (
        served(site.app, signed_on=False) as address,
        listening(address, f"/events?log={run}:0", cookies=cookies) as log,
        listening(address, cookies=cookies) as plain,
    ):
        log.wait_for("ready")
        plain.wait_for("ready")
        with writing(site.desk.reader._engine) as connection:
            connection.execute(update(tables.access_tokens).values(role="viewer"))
        log.wait_for_end(5)
        site.record([("npm", "publish", "ok", 1.0, "")])
        plain.wait_for("run", 2)
        assert not plain.ended


def test_a_stream_of_an_api_token_ends_when_it_is_revoked(people: People) -> None:
    value = people.token("robot", "viewer")
    with (
        served(people.site.app, signed_on=False) as address,
        listening(address, headers={"Authorization": f"Bearer {value}"}) as listener,
    ):
        listener.wait_for("ready")
        people.site.desk.records.tokens.revoke(people.site.desk.project, "robot")
        listener.wait_for_end(5)


def test_a_stream_ends_when_an_admin_ends_the_sessions_of_who_watches(people: People) -> None:
    ann = people.someone("ann", "viewer")
    with (
        served(people.site.app, signed_on=False) as address,
        listening(address, cookies=dict(ann.cookies)) as listener,
    ):
        listener.wait_for("ready")
        people.site.desk.records.sessions.end_all(people.site.desk.project, "ann")
        listener.wait_for_end(5)


@pytest.mark.parametrize(("roles", "stays"), [({"staff": "viewer"}, True), ({"others": "viewer"}, False)])
def test_a_stream_ends_when_the_group_of_who_watches_gives_no_role_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: dict[str, str], stays: bool
) -> None:
    """Groups are those that the provider told; what they give is read from the configuration as it is now."""
    monkeypatch.setattr("deployforge_tasks.dashboard.stream.HEARTBEAT_EVERY", 0.05)
    oidc = {"issuer": "http://127.0.0.1:9", "client_id": "dashboard"}
    section: dict[str, Any] = {"auth": "oidc", "oidc": oidc, "roles": {"staff": "operator"}}
    with open_site(tmp_path, dashboard=section) as site:
        session = site.desk.records.sessions.begin(site.door.place, "ann@people.example", groups=["staff"])
        with (
            served(site.app, signed_on=False) as address,
            listening(address, cookies={site.door.cookie: session}) as listener,
        ):
            listener.wait_for("ready")
            sample_project(tmp_path, dashboard={**section, "roles": roles})
            if stays:
                site.record([("npm", "publish", "ok", 1.0, "")])
                listener.wait_for("run", 2)
            else:
                listener.wait_for_end(5)
            assert listener.ended is not stays


def test_a_ledger_that_is_away_ends_no_stream(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Semaphore(0)

    def away(*_: object) -> None:
        asked.release()
        raise OperationalError("select", {}, Exception("the server closed the connection"))

    ann = people.someone("ann", "viewer")
    with (
        served(people.site.app, signed_on=False) as address,
        listening(address, cookies=dict(ann.cookies)) as listener,
    ):
        listener.wait_for("ready")
        monkeypatch.setattr(people.site.desk.records.sessions, "find", away)
        assert asked.acquire(timeout=5)
        assert asked.acquire(timeout=5)  # it went on after the first
        assert not listener.ended


def test_the_ledger_is_left_alone_when_nobody_watches(site: Site) -> None:
    with served(site.app) as address:
        with listening(address) as listener:
            listener.wait_for("ready")
        hub = site.app.state.hub
        assert listener.wait_for_end() < 5
        eventually(hub._task.done)


def test_collected_download_counts_are_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.dashboard.stream._STATS_EVERY", 1)
    with served(site.app) as address, listening(address) as listener:
        listener.wait_for("ready")
        row = {"project": site.desk.project, "profile": "", "platform": "npm", "at": site.desk.now()}
        with writing(site.desk.reader._engine) as connection:
            connection.execute(insert(tables.collections).values(**row, outcome="collected", reason=""))
        listener.wait_for("stats")


def test_a_ledger_that_does_not_answer_is_told_and_so_is_its_return(site: Site) -> None:
    def away(*_: object) -> None:
        raise OperationalError("select", {}, Exception("the server closed the connection"))

    with served(site.app) as address, listening(address) as listener:
        listener.wait_for("ready")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(site.desk.reader, "runs_above", away)
            assert listener.wait_for("trouble")[0].data["message"] == "the ledger does not answer"
            site.record([("npm", "publish", "ok", 1.0, "")])
        assert listener.wait_for("trouble", 2)[1].data["message"] == ""
        kinds = [told.data["kind"] for told in listener.wait_for("task", 4)]
    assert kinds == ["run_started", "stage_started", "stage_finished", "run_finished"]


@pytest.mark.parametrize("text", ["", "x", "1_2", "1_2-3-4-5", "-1", "1" * 30, "1_" * 900])
def test_what_is_no_id_of_ours_is_not_taken_for_one(text: str) -> None:
    assert messages.read(text) is None


def test_an_id_says_how_far_everything_was_told() -> None:
    places = Places(12, {11: Place(100), 12: Place(90, 7)})
    assert messages.read(messages.written(places)) == places


def test_everything_is_told_once_while_two_processes_write_and_the_reader_comes_and_goes(
    ledger_url: str, tmp_path: Path
) -> None:
    """On both databases: the connection is cut again and again, in the middle of whatever is being sent."""
    count = 80
    with open_site(tmp_path, ledger=ledger_url) as site:
        command = [sys.executable, "-m", "tests.dashboard.writer", ledger_url, site.desk.project, str(count), "0.03"]
        found: list[tuple[int, int, str]] = []
        lines: list[tuple[int, str]] = []
        with served(site.app) as address:
            with listening(address) as first:
                first.wait_for("ready")
                writers = [subprocess.Popen(command) for _ in range(2)]
                runs = [message.data["run"] for message in first.wait_for("run", 2)]
            last, listeners = first.last, [first]
            ended: set[int] = set()
            while len(ended) < 2:
                logs = "&".join(f"log={run}:0" for run in runs)
                with listening(address, f"/events?{logs}", last) as listener:
                    listener.wait(lambda told: sum(m.event in ("task", "log") for m in told) >= 7 or _ended(told))
                listeners.append(listener)
                last = listener.last
                ended |= _ended(listener.messages)
        for listener in listeners:
            told = [m.data for m in listener.messages if m.event == "task" and m.data["kind"] == "receipt"]
            found += [(m["run"], m["number"], m["data"]["piece"]) for m in told]
            lines += [
                (m.data["run"], line["pieces"][0]["text"])
                for m in listener.messages
                if m.event == "log"
                for line in m.data["lines"]
            ]
        assert [writer.wait(30) for writer in writers] == [0, 0]
    assert len(listeners) > 5
    for run in {run for run, *_ in found}:
        assert [piece for found_run, _, piece in found if found_run == run] == [f"piece {n}" for n in range(count)]
    assert len(found) == 2 * count
    assert len(set(lines)) == len(lines)
    assert {run for run, _ in lines} == set(runs)
    for run in runs:
        texts = [text for found_run, text in lines if found_run == run]
        assert texts == [f"line {n}" for n in range(count)][-len(texts) :]


def _ended(told: list[Message]) -> set[int]:
    return {m.data["run"] for m in told if m.event == "run" and m.data["state"] == "finished"}


def test_an_event_that_becomes_visible_late_is_told(postgresql: str, tmp_path: Path) -> None:
    """PostgreSQL numbers rows when they are written, and shows them when their transaction ends."""
    url = new_database(postgresql)
    project = sample_project(tmp_path)
    loaded = Settings(file=project / "deployforge.yml", environ={}).load()
    ledger, feed = Ledger.open(url), Feed.open(url)
    early, late = (ledger.start_run(loaded.project.name, "", "1.0.0", "deploy") for _ in range(2))
    watcher = Watcher(feed, lambda: loaded)
    row = {"at": datetime.now(UTC), "kind": "receipt", "platform": "npm", "stage": "publish", "data": {}}
    with writing(feed._engine) as slow:
        slow.execute(insert(tables.events).values(run=early, **row))
        with writing(feed._engine) as quick:
            quick.execute(insert(tables.events).values(run=late, **row))
        assert [entry.run for entry in watcher.look().told] == [late]
    assert [entry.run for entry in watcher.look().told] == [early]
    feed.close()
    ledger.close()
