"""Deploy, retry, roll back and stop from the dashboard, with the real command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from deployforge_tasks.access.records import Records
from deployforge_tasks.operations.detach import new_name
from deployforge_tasks.operations.launching import start
from tests.cli.shop import COMMAND
from tests.dashboard.office import Office, open_office
from tests.dashboard.site import Site
from tests.graph.shelf import VERSION
from tests.support.faults import status

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shop is a POSIX project")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


def test_a_look_at_a_deploy_shows_the_plan_and_sends_nothing(office: Office) -> None:
    text = office.get(f"/deploy?look=1&version={VERSION}").text
    assert "publish" in text.split("What would be done")[1]
    assert "cannot be undone" in text
    assert office.shop.server.accepted == []


def test_a_deploy_publishes_everywhere_and_keeps_who_started_it_and_why(office: Office) -> None:
    path = f"/deploy?look=1&version={VERSION}"
    sent = {"form": office.form(path), "version": VERSION, "typed": VERSION, "reason": "the fix for 12"}
    answer = office.post("/deploy", **sent, platforms=["east", "west", "north"])
    run = int(answer.url.rpartition("/")[2])
    assert office.ended(run)["outcome"] == "ok"
    page = office.get(f"/runs/{run}").text
    assert "(dashboard)" in page
    assert "the fix for 12" in office.get(f"/runs/{run}/environment").text


def test_a_form_that_is_sent_twice_starts_one_run(office: Office) -> None:
    form = office.form(f"/deploy?look=1&version={VERSION}")
    for _ in range(2):
        answer = office.post("/deploy", form=form, version=VERSION, typed=VERSION, platforms=["east"])
        assert answer.url.endswith("/runs/1")
    assert office.ended(1)["run"] == 1


def test_nothing_starts_before_the_version_is_typed(office: Office) -> None:
    form = office.form(f"/deploy?look=1&version={VERSION}")
    answer = office.post("/deploy", form=form, version=VERSION, typed="9.9.9", platforms=["east"])
    assert answer.status_code == 409
    assert "nothing was started" in answer.text
    assert office.shop.server.accepted == []


def test_what_is_there_already_cannot_be_chosen_and_says_why(office: Office) -> None:
    office.ended(office.deploy())
    text = office.get(f"/deploy?look=1&version={VERSION}").text.split("What would be done")[1]
    assert text.count("nothing is published twice") == 3
    assert "disabled" in text.split("</form>")[0].rpartition("<button")[2]


def test_while_a_run_works_on_a_version_a_second_one_is_refused_and_the_first_is_named(office: Office) -> None:
    held = office.shop.hold_east()
    run = office.deploy("east")
    assert held.wait()
    form = office.form(f"/deploy?version={VERSION}&look=1")
    answer = office.post("/deploy", form=form, version=VERSION, typed=VERSION, platforms=["west"])
    assert answer.status_code == 409
    assert f"run {run} works on v{VERSION} already" in answer.text
    held.release()
    office.ended(run)


def test_a_retry_does_what_failed_and_what_waited_for_it(office: Office) -> None:
    fault = office.shop.proxy.when("PUT", "/east/", do=status(400), times=None)
    first = office.deploy()
    assert office.ended(first)["platforms"] == {"east": "failed", "west": "published", "north": "blocked"}
    fault.release()
    office.shop.proxy.clear()
    path = f"/runs/{first}/retry"
    page = office.get(path).text
    assert 'value="east" checked' in page
    assert 'value="north" checked' in page
    assert 'value="west" disabled' in page
    answer = office.post(path, form=office.form(path), platforms=["east", "north"], reason="east is back")
    second = int(answer.url.rpartition("/")[2])
    assert office.ended(second)["platforms"] == {"east": "published", "north": "published"}


def test_publishing_again_what_is_published_is_refused(office: Office) -> None:
    run = office.deploy("east")
    office.ended(run)
    form = office.form(f"/runs/{run}/retry?stage=verify")
    answer = office.post(f"/runs/{run}/retry", form=form, platforms=["east"], stage="publish")
    assert answer.status_code == 409
    assert "nothing is published twice" in answer.text


def test_one_stage_of_one_platform_is_done_again(office: Office) -> None:
    run = office.deploy("east")
    office.ended(run)
    path = f"/runs/{run}/retry?stage=verify&platforms=east"
    answer = office.post(f"/runs/{run}/retry", form=office.form(path), platforms=["east"], stage="verify")
    again = int(answer.url.rpartition("/")[2])
    office.ended(again)
    grid = office.get(f"/runs/{again}").text
    assert "done" in grid.split(f"/runs/{again}/logs#east:verify")[1].split("</td>")[0]


def test_a_rollback_says_per_platform_what_happens_before_it_asks(office: Office) -> None:
    office.ended(office.deploy("east"))
    text = office.get(f"/rollback?version={VERSION}&look=1&platforms=east").text
    assert "What would happen" in text
    assert office.shop.server.taken_back == []


def test_a_rollback_takes_back_once_the_version_is_typed(office: Office) -> None:
    office.ended(office.deploy("east", version="0.9.0"))
    office.ended(office.deploy("east"))
    path = f"/rollback?version={VERSION}&look=1&platforms=east"
    sent = {"form": office.form(path), "version": VERSION, "to": "", "platforms": "east"}
    assert office.post("/rollback", **sent, typed="").status_code == 409
    assert office.shop.server.taken_back == []
    answer = office.post("/rollback", **sent, typed=VERSION)
    office.ended(int(answer.url.rpartition("/")[2]))
    assert office.shop.server.taken_back == [("east", VERSION)]


def test_a_run_that_is_stopped_finishes_what_it_does_and_begins_nothing_new(office: Office) -> None:
    held = office.shop.hold_east()
    run = office.deploy("east", "north")
    assert held.wait()
    assert office.post(f"/runs/{run}/stop", reason="wrong tag").ok
    held.release()
    assert office.ended(run)["outcome"] == "stopped"


def test_a_run_that_has_ended_cannot_be_stopped(office: Office) -> None:
    run = office.deploy("east")
    office.ended(run)
    assert "DF3705" in office.post(f"/runs/{run}/stop").text


def test_what_was_started_and_what_was_refused_is_kept_in_the_trail_with_its_reason(office: Office) -> None:
    path = f"/deploy?look=1&version={VERSION}"
    sent = {"version": VERSION, "reason": "the fix for 12", "platforms": "east"}
    office.post("/deploy", form=office.form(path), typed="9.9.9", **sent)
    office.post("/deploy", form=office.form(path), typed=VERSION, **sent)
    office.ended(1)
    records = Records.open(f"sqlite:///{(office.shop.folder / '.deployforge' / 'ledger.db').as_posix()}")
    deploys = [entry for entry in records.trail.entries("hello-forge") if entry.action == "deploy"]
    records.close()
    assert [entry.outcome for entry in deploys] == ["done", "refused"]
    assert deploys[0].detail["reason"] == "the fix for 12"


def test_a_dashboard_that_is_killed_does_not_hurt_a_release(office: Office) -> None:
    held = office.shop.hold_east()
    run = office.deploy()
    assert held.wait()
    office.process.kill()
    office.process.wait()
    held.release()
    assert office.ended(run)["outcome"] == "ok"
    assert {shelf for shelf, _ in office.shop.server.files} == {"east", "west", "north"}


def test_a_version_that_is_none_is_refused(office: Office) -> None:
    form = office.form(f"/deploy?look=1&version={VERSION}")
    answer = office.post("/deploy", form=form, version="--force", typed="--force", platforms=["east"])
    assert "DF3703" in answer.text


def test_a_command_that_cannot_begin_says_why(site: Site) -> None:
    form = new_name()
    assert start(site.desk.loaded, ["deploy", "1.0.0", "--platforms", "no-such"], form=form, actor="anna")
    answer = site.client.get(f"/starting/{form}")
    assert answer.status_code == 503
    assert "no-such" in answer.text.split("It said")[1]


def test_a_form_that_started_nothing_leads_nowhere(site: Site) -> None:
    assert site.client.get(f"/starting/{new_name()}").status_code == 404
    assert site.client.get("/starting/..%2f..%2fetc").status_code == 404


def test_the_runs_command_knows_the_run_like_any_other(office: Office) -> None:
    office.ended(office.deploy("west"))
    done = subprocess.run(
        [*COMMAND, "runs", "--json"],
        cwd=office.shop.folder,
        env=office.shop.environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert json.loads(done.stdout)["runs"][0]["command"] == "deployforge deploy --platforms west"


def test_a_person_with_only_a_keyboard_deploys_and_sees_it_end(office: Office, window: Page) -> None:
    office.opens(window, f"/deploy?version={VERSION}")
    window.locator("#version").focus()
    window.keyboard.press("Enter")
    window.get_by_role("heading", name="What would be done").wait_for()
    window.locator("#reason").focus()
    window.keyboard.type("by keyboard")
    window.keyboard.press("Tab")
    expect(window.locator("#typed")).to_be_focused()
    window.keyboard.type(VERSION)
    window.keyboard.press("Enter")
    window.wait_for_url("**/runs/1")
    expect(window.locator("h1 .state")).to_contain_text("done", timeout=60_000)
    expect(window.locator('a[href="/runs/1/logs#north:verify"]')).to_contain_text("done")


def test_a_failed_run_is_retried_in_a_dialog(office: Office, window: Page) -> None:
    office.shop.proxy.when("PUT", "/east/", do=status(400), times=None)
    run = office.deploy()
    office.ended(run)
    office.shop.proxy.clear()
    office.opens(window, f"/runs/{run}")
    window.get_by_role("link", name="Retry").click()
    dialog = window.locator("dialog[open]")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Retry").click()
    window.wait_for_url(f"**/runs/{run + 1}")
    expect(window.locator("h1 .state")).to_contain_text("done", timeout=60_000)


def test_a_rollback_is_looked_at_and_asked_for_in_a_dialog(office: Office, window: Page) -> None:
    office.ended(office.deploy("east", version="0.9.0"))
    run = office.deploy("east")
    office.ended(run)
    office.opens(window, f"/runs/{run}")
    window.get_by_role("link", name="Roll back").click()
    dialog = window.locator("dialog[open]")
    for name in ("west", "north"):
        dialog.locator(f'form[method=get] input[value="{name}"]').uncheck()
    dialog.get_by_role("button", name="Show what would happen").click()
    dialog.locator("#typed").fill(VERSION)
    dialog.get_by_role("button", name=f"Roll back v{VERSION}").click()
    window.wait_for_url(f"**/runs/{run + 1}")
    expect(window.locator('a.cell[href$="#east:rollback"]')).to_contain_text("rolled back", timeout=60_000)
    assert office.shop.server.taken_back == [("east", VERSION)]


def test_escape_closes_a_dialog_and_gives_the_focus_back(office: Office, window: Page) -> None:
    run = office.deploy("east")
    office.ended(run)
    office.opens(window, f"/runs/{run}")
    link = window.get_by_role("link", name="Roll back")
    link.focus()
    window.keyboard.press("Enter")
    expect(window.locator("dialog[open]")).to_be_visible()
    window.keyboard.press("Escape")
    expect(window.locator("dialog[open]")).to_have_count(0)
    expect(link).to_be_focused()
