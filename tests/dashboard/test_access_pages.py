"""The pages about people: tokens, the trail, activity, approvals."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from starlette.testclient import TestClient

from deployforge_tasks.access.roles import Visitor
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.approvals import ApprovalNeededError, permit
from deployforge_tasks.operations.detach import new_name
from deployforge_tasks.operations.trail import trail_filter
from tests.dashboard.people import People, open_people
from tests.dashboard.site import served


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    rules = {"": {"actions": ["deploy"], "within": "4h"}}
    with open_people(tmp_path, approvals=rules) as made:
        yield made


def ask(people: People, name: str = "ann", version: str = "1.2.0") -> int:
    """Somebody wants to deploy; returns the number of the request."""
    desk, who = people.site.desk, Visitor(name, "releaser", "token")
    with pytest.raises(ApprovalNeededError) as caught:
        permit(
            desk.records, desk.loaded, who, action="deploy", version=version, platforms=["npm", "pypi"], form=new_name()
        )
    return caught.value.approval.number


# Tokens


def test_a_token_is_shown_once_and_works(people: People) -> None:
    root = people.someone("root", "admin")
    text = root.post("/tokens", data={"name": "ci", "role": "operator", "days": "7"}).text
    value = re.search(r"dfd_[A-Za-z0-9_-]{43}", text)
    assert value is not None
    assert value[0] not in root.get("/tokens").text
    answer = people.stranger().get("/you", headers={"authorization": f"Bearer {value[0]}"})
    assert "<dd>operator</dd>" in answer.text


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"name": "a b", "days": "7"}, "cannot be the name of a token"),
        ({"name": "root", "days": "7"}, "an active token is called root"),
        ({"name": "ci", "days": "0"}, "cannot hold for 0 days"),
        ({"name": "ci", "days": "for ever"}, "cannot hold for 0 days"),
        ({}, "cannot be the name"),
    ],
)
def test_a_token_that_cannot_be_made_is_told_on_the_page(people: People, form: dict[str, str], why: str) -> None:
    answer = people.someone("root", "admin").post("/tokens", data=form)
    assert answer.status_code == 400
    assert why in answer.text


def test_a_revoked_token_stays_in_the_list_and_in_the_trail(people: People) -> None:
    root, ci = people.someone("root", "admin"), people.someone("ci", "viewer")
    assert root.post("/tokens/ci/revoke").status_code == 303
    assert ci.get("/").status_code == 303
    assert "revoked" in root.get("/tokens").text
    assert people.site.desk.records.trail.entries(people.site.desk.project)[0].action == "token.revoke"


# The trail


def test_the_trail_is_filtered_by_its_address(people: People) -> None:
    root = people.someone("root", "admin")
    people.someone("ben", "viewer").get("/tokens")
    text = root.get("/audit?actor=ben&outcome=refused").text.partition("<tbody>")[2]
    assert "ben" in text
    assert "root" not in text
    assert "the role has no such permission" in text


def test_a_long_trail_has_pages(people: People) -> None:
    desk = people.site.desk
    for number in range(150):
        desk.records.trail.add(
            actor="ann", action="look", outcome="done", project=desk.project, subject=f"no {number}."
        )
    root = people.someone("root", "admin")
    first = root.get("/audit?actor=ann").text
    older = re.search(r'href="(/audit\?[^"]*before=\d+)"', first)
    assert older is not None
    second = root.get(older[1].replace("&amp;", "&")).text
    assert "no 149." in first
    assert "no 49." not in first
    assert "no 49." in second
    assert "no 0." in second


def test_the_trail_as_csv_has_nothing_that_a_spreadsheet_would_run(people: People) -> None:
    desk = people.site.desk
    desk.records.trail.add(actor="=HYPERLINK()", action="deploy", outcome="done", project=desk.project, detail={"a": 1})
    answer = people.someone("root", "admin").get("/audit.csv?action=deploy")
    head, row = list(csv.reader(io.StringIO(answer.text)))
    assert head[:2] == ["at", "actor"]
    assert (row[1], row[-1]) == ("'=HYPERLINK()", '{"a": 1}')
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_day_that_is_none_is_told(people: People) -> None:
    with pytest.raises(ConfigError, match="is no day"):
        trail_filter(first="tomorrow")
    assert "DF3501" in people.someone("root", "admin").get("/audit?first=tomorrow").text


@pytest.mark.parametrize("role", ["viewer", "operator", "releaser"])
def test_only_admins_see_the_trail(people: People, role: str) -> None:
    ann = people.someone("ann", role)  # type: ignore[arg-type]
    assert {ann.get(path).status_code for path in ("/audit", "/audit.csv")} == {403}


# Activity


def test_activity_tells_runs_and_deeds_together(people: People) -> None:
    run = people.site.record([("npm", "publish", "ok", 1.0, "")], version="1.4.0")
    people.someone("root", "admin").post("/tokens", data={"name": "ci", "role": "viewer", "days": "7"})
    text = people.someone("ann", "operator").get("/activity").text
    assert f'<a href="/runs/{run}">run {run}</a>: deploy 1.4.0' in text
    assert "<strong>root</strong> made the token ci" in text


# Approvals


def test_another_person_approves_and_who_asked_may_begin_once(people: People) -> None:
    number, desk = ask(people), people.site.desk
    assert people.someone("ben", "releaser").post(f"/approvals/{number}/approve").status_code == 303
    who, wanted = Visitor("ann", "releaser", "token"), {"action": "deploy", "version": "1.2.0", "form": new_name()}
    used = permit(desk.records, desk.loaded, who, platforms=["pypi", "npm"], **wanted)  # type: ignore[arg-type]
    assert used is not None
    assert used.decided_by == "ben"
    assert ask(people) != number


def test_who_asked_sees_why_they_cannot_approve(people: People) -> None:
    number, ann = ask(people), people.someone("ann", "admin")
    text = ann.get("/approvals").text
    assert "whoever asked cannot approve" in text
    assert text.count(" disabled ") == 2
    answer = ann.post(f"/approvals/{number}/approve")
    assert answer.status_code == 403
    entry = people.site.desk.records.trail.entries(people.site.desk.project)[0]
    assert (entry.action, entry.outcome) == ("approval.approve", "refused")


def test_nobody_who_stands_behind_a_token_approves_what_it_asks_for(people: People) -> None:
    desk, root = people.site.desk, people.someone("root", "admin")

    def token_of(maker: TestClient, name: str, role: str) -> str:
        found = re.search(r"dfd_[\w-]{43}", maker.post("/tokens", data={"name": name, "role": role, "days": "1"}).text)
        assert found
        return found[0]

    deputy = people.stranger()
    deputy.headers["authorization"] = f"Bearer {token_of(root, 'deputy', 'admin')}"
    found = desk.records.tokens.find(desk.project, token_of(deputy, "robot", "releaser"))
    assert found is not None
    robot = Visitor("robot", "releaser", "token", maker=found.maker, bearer=True)
    with pytest.raises(ApprovalNeededError) as caught:
        permit(desk.records, desk.loaded, robot, action="deploy", version="1.2.0", platforms=["npm"], form=new_name())
    path = f"/approvals/{caught.value.approval.number}/approve"
    assert [root.post(path).status_code, deputy.post(path).status_code] == [403, 403]
    assert people.someone("ben", "releaser").post(path).status_code == 303


def test_what_is_refused_cannot_be_begun(people: People) -> None:
    number = ask(people)
    people.someone("ben", "releaser").post(f"/approvals/{number}/refuse")
    assert ask(people) != number


def test_what_the_configuration_does_not_name_needs_nobody(people: People) -> None:
    desk, who = people.site.desk, Visitor("ann", "releaser", "token")
    form = new_name()
    assert (
        permit(desk.records, desk.loaded, who, action="rollback", version="1.2.0", platforms=["npm"], form=form) is None
    )


# In a browser


def test_a_person_signs_on_with_a_token_approves_and_signs_out(people: People, window: Page) -> None:
    ask(people)
    with served(people.site.app, signed_on=False) as address:
        window.goto(f"{address}/approvals")
        for theme in ("light", "dark"):
            window.emulate_media(color_scheme=theme)
            assert Axe().run(window).response["violations"] == []
        window.get_by_label("Token").fill(people.token("root", "admin"))
        window.get_by_role("button", name="Sign on").click()
        window.wait_for_url("**/approvals")
        window.get_by_role("button", name="Approve request 1").click()
        window.locator(".state.ok").get_by_text("approved").wait_for()
        window.goto(f"{address}/you")
        window.get_by_role("button", name="Sign out", exact=True).click()
        window.wait_for_url("**/sign-on")


def test_an_approval_is_not_for_ever(people: People) -> None:
    number, desk = ask(people), people.site.desk
    who = Visitor("ben", "releaser", "token")
    desk.records.approvals.decide(
        desk.project, "", number, who, approve=True, within=timedelta(0), tokens_are_people=True
    )
    assert ask(people) != number
