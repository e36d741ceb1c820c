"""Who may start, retry, take back and stop, and what a second person has to agree to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.operations.detach import FOLDER, new_name
from tests.dashboard.people import HTML, People, open_people
from tests.dashboard.site import ADDRESS
from tests.dashboard.test_run_page import FAILED

SAME_SITE = {**HTML, "origin": ADDRESS, "sec-fetch-site": "same-origin"}


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    monkeypatch.setattr("deployforge_tasks.dashboard.pages.actions._PATIENCE", 0)
    with open_people(tmp_path) as made:
        yield made


def test_a_viewer_sees_the_buttons_of_a_run_and_why_they_do_nothing(people: People) -> None:
    run = people.site.record(FAILED, outcome="failed")
    text = people.someone("vera", "viewer").get(f"/runs/{run}").text
    button = text.split("Retry")[0].rpartition("<button")[2]
    assert "disabled" in button
    assert "your role, viewer, may not do this" in button


def test_an_operator_retries_and_does_not_deploy(people: People) -> None:
    run = people.site.record(FAILED, outcome="failed")
    otto = people.someone("otto", "operator")
    assert otto.get(f"/runs/{run}/retry").status_code == 200
    sent = {"form": new_name(), "version": "1.0.0", "typed": "1.0.0", "platforms": "npm"}
    assert otto.post("/deploy", data=sent, headers=SAME_SITE).status_code == 403
    assert otto.post("/rollback", data=sent, headers=SAME_SITE).status_code == 403


def test_what_a_command_printed_is_for_those_who_may_read_logs(people: People) -> None:
    form, root = new_name(), people.site.desk.loaded.root
    (root / FOLDER / form).mkdir(parents=True)
    (root / FOLDER / form / "output.log").write_text("what the command said", "utf-8")
    assert "what the command said" in people.someone("otto", "operator").get(f"/starting/{form}").text
    assert "what the command said" not in people.someone("vera", "viewer").get(f"/starting/{form}").text


def test_a_refused_deploy_is_kept_in_the_trail(people: People) -> None:
    otto = people.someone("otto", "operator")
    otto.post("/deploy", data={"form": new_name(), "version": "1.0.0", "platforms": "npm"}, headers=SAME_SITE)
    newest = people.site.desk.records.trail.entries(people.site.desk.project)[0]
    assert (newest.actor, newest.action, newest.outcome) == ("otto", "deploy", "refused")


def test_a_form_of_another_site_starts_nothing(people: People) -> None:
    rita = people.someone("rita", "releaser")
    sent = {"form": new_name(), "version": "1.0.0", "typed": "1.0.0", "platforms": "npm"}
    elsewhere = {**HTML, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert rita.post("/deploy", data=sent, headers=elsewhere).status_code == 403
    assert not (people.site.desk.loaded.root / ".deployforge" / "runs").exists()


@pytest.mark.parametrize("action", ["deploy", "rollback"])
def test_what_needs_a_second_person_waits_for_one_and_starts_nothing(tmp_path: Path, action: str) -> None:
    with open_people(tmp_path, approvals={"": {"actions": ["deploy", "rollback"]}}) as people:
        rita = people.someone("rita", "releaser")
        sent = {"form": new_name(), "version": "1.0.0", "typed": "1.0.0", "platforms": "npm"}
        answer = rita.post(f"/{action}", data=sent, headers=SAME_SITE)
        assert "needs the approval of a second person" in answer.text
        assert not (people.site.desk.loaded.root / ".deployforge" / "runs").exists()


def test_an_approval_to_go_back_to_one_version_is_none_for_another(tmp_path: Path) -> None:
    with open_people(tmp_path, approvals={"": {"actions": ["rollback"]}}) as people:
        rita, ben = people.someone("rita", "releaser"), people.someone("ben", "releaser")

        def wants(to: str) -> str:
            sent = {"form": new_name(), "version": "1.2.0", "to": to, "typed": "1.2.0", "platforms": "npm"}
            return rita.post("/rollback", data=sent, headers=SAME_SITE).text

        assert "to roll back 1.2.0 to 1.1.0" in wants("1.1.0")
        assert "Roll back 1.2.0 to 1.1.0" in ben.get("/approvals").text
        assert ben.post("/approvals/1/approve", headers=SAME_SITE).status_code == 303
        assert "request 2 waits" in wants("0.1.0")
        assert "request 3 waits" in wants("")
        assert "Roll back 1.2.0 to the version before" in ben.get("/approvals").text


def test_a_retry_does_not_get_around_a_second_person(tmp_path: Path) -> None:
    with open_people(tmp_path, approvals={"": {}}) as people:
        run = people.site.record(FAILED, outcome="failed")
        otto = people.someone("otto", "operator")
        answer = otto.post(f"/runs/{run}/retry", data={"form": new_name(), "platforms": "npm"}, headers=SAME_SITE)
        assert "needs the approval of a second person" in answer.text
