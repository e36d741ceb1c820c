"""Seeing who has signed on, and signing them out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from starlette.testclient import TestClient

from deployforge_tasks.access.sessions import Session
from tests.dashboard.listener import listening
from tests.dashboard.people import People, open_people
from tests.dashboard.site import open_site, served


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with open_people(tmp_path) as made:
        yield made


def session_of(people: People, name: str) -> Session:
    """The open session of somebody."""
    found = people.site.desk.records.sessions.all(people.site.desk.project)
    return next(one for one in found if one.actor == name)


def listed(admin: TestClient) -> str:
    """The open sessions on the page about access."""
    return admin.get("/tokens").text.partition("Open sessions")[2].partition("</main>")[0]


def newest_deed(people: People) -> tuple[str, str, str, str]:
    entry = people.site.desk.records.trail.entries(people.site.desk.project)[0]
    return entry.actor, entry.action, entry.subject, entry.outcome


def test_an_admin_sees_everybody_who_has_signed_on(people: People) -> None:
    people.someone("ann", "operator")
    text = listed(people.someone("root", "admin"))
    assert text.count('<th scope="row">') == 2
    row = text.partition('<th scope="row">ann')[2].partition("</tr>")[0]
    for told in ("<td>operator</td>", "<td>with a token</td>", "<td>testclient</td>"):
        assert told in row


def test_which_session_is_this_one_is_told(people: People) -> None:
    people.someone("ann", "operator")
    text = listed(people.someone("root", "admin"))
    assert text.count("this one") == 1
    assert "this one" in text.partition('<th scope="row">root')[2].partition("</th>")[0]


@pytest.mark.parametrize("role", ["viewer", "operator", "releaser"])
def test_others_see_their_own_sessions_only(people: People, role: str) -> None:
    people.someone("ben", "viewer")
    text = people.someone("ann", role).get("/you").text.partition("Your sessions")[2]  # type: ignore[arg-type]
    assert '<th scope="row">ann' in text
    assert "ben" not in text


def test_an_admin_ends_a_session_after_a_look_at_it_and_the_trail_keeps_it(people: People) -> None:
    root, ann = people.someone("root", "admin"), people.someone("ann", "operator")
    session = session_of(people, "ann")
    looked = root.get(f"/sessions/end?session={session.id}").text
    assert "End this session of ann?" in looked
    assert ann.get("/").status_code == 200
    answer = root.post("/sessions/end", data={"session": session.id})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tokens")
    assert ann.get("/").status_code == 303
    assert newest_deed(people) == ("root", "session.end", "ann", "done")
    assert "ended a session of ann" in root.get("/activity").text


def test_an_admin_ends_every_session_of_somebody_and_of_nobody_else(people: People) -> None:
    root, ann, ben = (people.someone(*who) for who in (("root", "admin"), ("ann", "operator"), ("ben", "viewer")))
    assert "End every session of ann?" in root.get("/sessions/end-all?person=ann").text
    assert root.post("/sessions/end-all", data={"person": "ann"}).status_code == 303
    assert ann.get("/").status_code == 303
    assert ben.get("/").status_code == 200
    assert newest_deed(people) == ("root", "session.end-all", "ann", "done")


def test_everybody_ends_their_own_session_and_is_out(people: People) -> None:
    ann = people.someone("ann", "viewer")
    answer = ann.post("/sessions/end", data={"session": session_of(people, "ann").id})
    assert answer.headers["location"] == "/you"
    assert ann.get("/you").headers["location"].startswith("/sign-on")
    assert newest_deed(people) == ("ann", "session.end", "ann", "done")


def test_nobody_but_an_admin_ends_the_session_of_somebody_else_and_the_try_is_kept(people: People) -> None:
    ben, ann = people.someone("ben", "releaser"), people.someone("ann", "viewer")
    session = session_of(people, "ann").id
    assert "No such session is open" in ben.get(f"/sessions/end?session={session}").text
    assert ben.post("/sessions/end", data={"session": session}).status_code == 403
    assert newest_deed(people)[:2] == ("ben", "session.end")
    assert newest_deed(people)[3] == "refused"
    assert ben.get("/sessions/end-all?person=ann").status_code == 403
    assert ben.post("/sessions/end-all", data={"person": "ann"}).status_code == 403
    assert ann.get("/").status_code == 200


def test_a_program_does_not_end_the_sessions_of_a_person_of_its_name(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        name = site.door.local_name()
        value = site.desk.records.tokens.new(site.desk.project, name, "viewer", days=1, made_by="a test")[1]
        session = site.desk.records.sessions.all(site.desk.project)[0].id
        headers = {"authorization": f"Bearer {value}"}
        assert site.client.post("/sessions/end", data={"session": session}, headers=headers).status_code == 403
        site.client.post("/you/sign-out-everywhere", headers=headers)
        assert [one.id for one in site.desk.records.sessions.all(site.desk.project)] == [session]


def test_a_session_that_has_ended_meanwhile_is_told_as_such(people: People) -> None:
    root = people.someone("root", "admin")
    assert "it may have ended meanwhile" in root.get("/sessions/end?session=3f9a1c0b7d2e").text
    answer = root.post("/sessions/end", data={"session": "3f9a1c0b7d2e"})
    assert answer.status_code == 403
    assert "no open session is called 3f9a1c0b7d2e" in answer.text


def test_behind_a_proxy_there_are_no_sessions_and_the_page_says_why(tmp_path: Path) -> None:
    with open_site(tmp_path, dashboard={"auth": "proxy", "proxy": {"addresses": ["10.0.0.7"]}}) as site:
        value = site.desk.records.tokens.new(site.desk.project, "root", "admin", days=1, made_by="a test")[1]
        text = site.client.get("/tokens", headers={"authorization": f"Bearer {value}", "accept": "text/html"}).text
    assert "the proxy signs people on with each request" in text


def test_a_stream_ends_with_the_session_of_who_watches(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.dashboard.stream.HEARTBEAT_EVERY", 0.05)
    root, ann = people.someone("root", "admin"), people.someone("ann", "viewer")
    with (
        served(people.site.app, signed_on=False) as address,
        listening(address, cookies=dict(ann.cookies)) as watching,
        listening(address, cookies=dict(root.cookies)) as other,
    ):
        watching.wait_for("ready")
        other.wait_for("ready")
        root.post("/sessions/end", data={"session": session_of(people, "ann").id})
        watching.wait_for_end()
        assert not other.ended


def test_in_a_browser_a_session_is_ended_in_a_dialog_that_keeps_nobody_out(people: People, window: Page) -> None:
    ann = people.someone("ann", "viewer")
    with served(people.site.app, signed_on=False) as address:
        window.goto(f"{address}/tokens")
        window.get_by_label("Token").fill(people.token("root", "admin"))
        window.get_by_role("button", name="Sign on").click()
        window.wait_for_url("**/tokens")
        window.get_by_role("link", name="End all sessions of ann").click()
        dialog = window.get_by_role("dialog", name="End every session of ann?")
        dialog.wait_for()
        for theme in ("light", "dark"):
            window.emulate_media(color_scheme=theme)
            assert Axe().run(window).response["violations"] == []
        dialog.get_by_role("button", name="End all").click()
        window.get_by_role("link", name="End all sessions of ann").wait_for(state="detached")
        window.goto(f"{address}/sessions/end?session={session_of(people, 'root').id}")
        assert Axe().run(window).response["violations"] == []
    assert ann.get("/").status_code == 303
