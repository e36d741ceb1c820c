"""An approval is used for a run that begins: what never began leaves it as it was, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from deployforge_tasks.access.records import Records
from deployforge_tasks.access.roles import Visitor
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.approvals import ApprovalNeededError, decide, permit
from deployforge_tasks.operations.detach import FOLDER, new_name
from deployforge_tasks.operations.launching import start, started
from deployforge_tasks.operations.permitted import start_permitted
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.project.load import Loaded
from tests.dashboard.listener import eventually
from tests.support.cases import sample_project
from tests.support.databases import ledger_url, postgresql

__all__ = ["ledger_url", "postgresql"]

ANN, BEN = Visitor("ann", "releaser", "token"), Visitor("ben", "releaser", "token")
#: A command that ends before its run begins.
NO_RUN = ["deploy", "1.0.0", "--platforms", "no-such", "--yes"]


@pytest.fixture
def records(ledger_url: str) -> Iterator[Records]:
    opened = Records.open(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    project = sample_project(tmp_path, dashboard={"auth": "token", "approvals": {"": {"actions": ["deploy"]}}})
    return Settings(file=project / "deployforge.yml", environ={}).load()


@pytest.fixture
def number(records: Records, loaded: Loaded) -> int:
    """The request of Ann, which Ben has approved."""
    with pytest.raises(ApprovalNeededError) as caught:
        begin(records, loaded, new_name())
    asked = caught.value.approval.number
    decide(records, loaded, BEN, asked, approve=True)
    return asked


def begin(records: Records, loaded: Loaded, form: str) -> bool:
    return start_permitted(
        records, loaded, ANN, NO_RUN, action="deploy", platforms=["npm"], form=form, actor="ann (dashboard)"
    )


def permitted(records: Records, loaded: Loaded, form: str) -> bool:
    found = permit(records, loaded, ANN, action="deploy", version="1.0.0", platforms=["npm"], form=form)
    return found is not None


def state(records: Records, loaded: Loaded, number: int) -> str:
    return records.approvals.get(loaded.project.name, "", number).state


def actions(records: Records, loaded: Loaded) -> list[str]:
    return [entry.action for entry in records.trail.entries(loaded.project.name)][::-1]


def test_a_process_that_ends_before_its_run_begins_leaves_the_approval_good(
    records: Records, loaded: Loaded, number: int
) -> None:
    assert begin(records, loaded, new_name())
    eventually(lambda: state(records, loaded, number) == "approved")
    eventually(lambda: actions(records, loaded)[-2:] == ["approval.use", "approval.return"])
    assert begin(records, loaded, new_name())  # and it can be used again
    eventually(lambda: actions(records, loaded).count("approval.return") == 2)


def test_a_process_that_cannot_be_started_leaves_the_approval_good(
    records: Records, loaded: Loaded, number: int
) -> None:
    folder = loaded.root / FOLDER
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way", "utf-8")
    with pytest.raises(ConfigError, match="cannot be made"):
        begin(records, loaded, new_name())
    assert state(records, loaded, number) == "approved"


def test_a_machine_without_room_for_a_process_leaves_the_approval_good(
    records: Records, loaded: Loaded, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = new_name()
    with monkeypatch.context() as patch:
        patch.setattr("deployforge_tasks.operations.detach.sys.executable", str(loaded.root / "no-python"))
        with pytest.raises(ConfigError) as caught:
            begin(records, loaded, form)
    assert caught.value.code == "DF3707"
    assert started(loaded, form) is None
    assert state(records, loaded, number) == "approved"


def test_an_approval_stays_used_when_it_cannot_be_told_whether_a_process_is_at_work(
    records: Records, loaded: Loaded, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(loaded: Loaded, *_: object, form: str, **__: object) -> bool:
        (loaded.root / FOLDER / form).mkdir(parents=True)
        raise OSError("no space left on device")

    monkeypatch.setattr("deployforge_tasks.operations.permitted.start", half)
    with pytest.raises(OSError, match="no space left"):
        begin(records, loaded, new_name())
    assert state(records, loaded, number) == "used"


def test_a_form_that_is_sent_again_uses_no_second_approval(records: Records, loaded: Loaded, number: int) -> None:
    form = new_name()
    assert begin(records, loaded, form)
    eventually(lambda: state(records, loaded, number) == "approved")
    assert not begin(records, loaded, form)
    assert state(records, loaded, number) == "approved"


def test_a_form_that_is_sent_twice_at_the_same_time_starts_one_run_and_asks_for_nothing(
    records: Records, loaded: Loaded, number: int
) -> None:
    form, together = new_name(), Barrier(2)

    def send(_: int) -> bool:
        together.wait()
        return begin(records, loaded, form)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, range(2))) == [False, True]
    eventually(lambda: actions(records, loaded)[-1] == "approval.return")
    assert [one.number for one in records.approvals.all(loaded.project.name, "")] == [number]


def test_what_ended_while_no_dashboard_was_there_is_found_by_the_next_one(
    records: Records, loaded: Loaded, number: int
) -> None:
    form = new_name()
    assert permitted(records, loaded, form)
    assert start(loaded, NO_RUN, form=form, actor="ann")
    eventually(lambda: (seen := started(loaded, form)) and seen.ended)
    assert state(records, loaded, number) == "used"
    assert permitted(records, loaded, new_name())
    assert actions(records, loaded)[-2:] == ["approval.return", "approval.use"]
    with pytest.raises(ApprovalNeededError):  # what is used for something that was not started yet stays used
        permitted(records, loaded, new_name())


def test_a_run_that_began_keeps_its_approval_used(records: Records, loaded: Loaded, number: int) -> None:
    form = new_name()
    assert permitted(records, loaded, form)
    folder = loaded.root / FOLDER / form
    folder.mkdir(parents=True)
    (folder / "process.json").write_text('{"pid": 2147483646, "at": "2026-01-01T00:00:00+00:00"}', "utf-8")
    (folder / "started.json").write_text('{"run": 7}', "utf-8")
    with pytest.raises(ApprovalNeededError):
        permitted(records, loaded, new_name())
    assert state(records, loaded, number) == "used"
