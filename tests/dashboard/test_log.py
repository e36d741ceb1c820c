"""The log of a run, without a script: everything that the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Ledger
from tests.dashboard.people import open_people
from tests.dashboard.site import Site, open_site


def said(text: str, *, level: str = "info", platform: str | None = "npm", stage: str | None = "publish") -> Event:
    return Event("log", platform, stage, {"level": level, "text": text})


def run_of(site: Site, *events: Event) -> int:
    """A run that goes on, with these events."""
    ledger = Ledger.open(site.desk.ledger_url)
    run = ledger.start_run(site.desk.project, "", "1.0.0", "deployforge deploy")
    journal = ledger.listener(run)
    for event in events:
        journal(event)
    journal.flush()
    ledger.close()
    return run


def lines(text: str) -> dict[int, str]:
    """The lines of a log page: number and text without markup."""
    found = re.findall(r'data-number="(\d+)".*?<span class="said">(.*?)</span>\n</li>', text, re.DOTALL)
    return {int(number): re.sub("<[^>]*>", "", shown) for number, shown in found}


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on either database."""
    from tests.support.databases import new_database

    sections: dict[str, Any] = {}
    if request.param == "postgresql":
        sections["ledger"] = new_database(request.getfixturevalue("postgresql"))
    with open_site(tmp_path_factory.mktemp("both"), **sections) as made:
        yield made


@pytest.fixture(scope="module")
def many(both: Site) -> int:
    """A run with 2,500 lines, of which some matter."""
    events = [said(f"line {number}", level="debug") for number in range(1, 2501)]
    events[1199] = said('the Needle, quoted "so" \\ 100 %_', level="warning", stage="verify")
    events[2299] = said("a \x1b[31mnee\x1b[0mdle in colours")
    events[99] = Event("stage_finished", "pypi", "publish", {"outcome": "failed", "error": {"message": "needles burn"}})
    return run_of(both, *events)


def test_it_opens_with_the_newest_thousand_lines(both: Site, many: int) -> None:
    text = both.client.get(f"/runs/{many}/logs").text
    assert list(lines(text)) == list(range(1501, 2501))
    assert 'href="?before=1501"' in text


def test_all_of_it_can_be_walked_through_in_both_directions(both: Site, many: int) -> None:
    base = f"/runs/{many}/logs"
    assert list(lines(both.client.get(f"{base}?before=1501").text)) == list(range(501, 1501))
    first = both.client.get(f"{base}?before=501").text
    assert list(lines(first)) == list(range(1, 501))
    assert '<p class="older" hidden>' in first
    assert 'href="?after=500"' in first
    assert list(lines(both.client.get(f"{base}?after=500").text)) == list(range(501, 1501))


@pytest.mark.parametrize("query", ["before=0", "before=1", "after=2500", "after=9999999", "line=0", "line=9999999"])
def test_beyond_either_end_there_is_still_a_page(both: Site, many: int, query: str) -> None:
    answer = both.client.get(f"/runs/{many}/logs?{query}")
    assert answer.status_code == 200
    assert f"Run {many}" in answer.text


def test_a_line_has_an_address_that_shows_what_is_around_it(both: Site, many: int) -> None:
    text = both.client.get(f"/runs/{many}/logs?line=1200").text
    assert list(lines(text)) == list(range(700, 1700))
    assert 'href="?line=1200#L1200" id="npm:verify:L1200"' in text
    assert '<li id="L1200"' in text


@pytest.mark.parametrize("query", ["q=needle", "q=NEEDLE", "q=ne%2Bdle&regex=1"])
def test_a_search_goes_over_everything(both: Site, many: int, query: str) -> None:
    text = both.client.get(f"/runs/{many}/logs?{query}").text
    assert "1 of 3 lines with" in text
    assert min(lines(text)) == 1
    assert re.search(r'<mark class="hit">needle</mark>s burn', text)


def test_a_search_leads_from_one_line_to_the_next_and_back(both: Site, many: int) -> None:
    text = both.client.get(f"/runs/{many}/logs?q=needle&line=1200").text
    assert "2 of 3 lines with" in text
    assert 'href="?q=needle&amp;line=100#L100" data-key="p"' in text
    assert 'href="?q=needle&amp;line=2300#L2300" data-key="n"' in text


def test_colours_do_not_hide_what_is_looked_for(both: Site, many: int) -> None:
    text = both.client.get(f"/runs/{many}/logs?q=needle&line=2300").text
    assert '<mark class="fg-red hit">nee</mark><mark class="hit">dle</mark> in colours' in text


@pytest.mark.parametrize("query", ['"so"', "\\ 100", "100 %_", "%", "_"])
def test_plain_text_is_meant_as_it_is(both: Site, many: int, query: str) -> None:
    text = both.client.get(f"/runs/{many}/logs", params={"q": query}).text
    assert "1 of 1 line with" in text


def test_a_search_that_finds_nothing_says_so(both: Site, many: int) -> None:
    assert "No line has <code>a unicorn</code>." in both.client.get(f"/runs/{many}/logs?q=a+unicorn").text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=warning", [100, 1200]),
        ("level=error", [100]),
        ("level=info", [100, 1200, 2300]),
        ("stage=verify", [1200]),
        ("platform=pypi", [100]),
        ("platform=npm&stage=publish&level=info", [2300]),
    ],
)
def test_filters_are_in_the_address_and_leave_numbers_as_they_are(
    both: Site, many: int, query: str, expected: list[int]
) -> None:
    assert list(lines(both.client.get(f"/runs/{many}/logs?{query}").text)) == expected


def test_a_search_keeps_the_filters(both: Site, many: int) -> None:
    text = both.client.get(f"/runs/{many}/logs?q=needle&level=warning").text
    assert "1 of 2 lines with" in text
    assert 'href="?q=needle&amp;level=warning&amp;line=1200#L1200"' in text


def test_by_stage_only_what_is_opened_is_sent(both: Site, many: int) -> None:
    folded = both.client.get(f"/runs/{many}/logs?fold=1").text
    assert not lines(folded)
    assert "2,498 lines" in folded
    opened = both.client.get(f"/runs/{many}/logs?fold=1&open=npm:publish").text
    assert list(lines(opened)) == list(range(2301, 2501))
    assert 'id="npm:publish"' in opened
    assert 'aria-expanded="true"' in opened


def test_the_whole_log_is_a_file(both: Site, many: int) -> None:
    answer = both.client.get(f"/runs/{many}/logs/download")
    assert answer.headers["content-disposition"] == f'attachment; filename="run-{many}.log"'
    assert len(answer.text.splitlines()) == 2500
    assert re.search(r"^\S+Z \[pypi publish\] error: failed: needles burn$", answer.text, re.MULTILINE)


def test_the_raw_log_is_plain_text_with_the_filters_and_without_control_characters(both: Site, many: int) -> None:
    answer = both.client.get(f"/runs/{many}/logs/raw?level=info")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(answer.text.splitlines()) == 3
    assert "a needle in colours" in answer.text


def test_markup_in_a_line_is_text(site: Site) -> None:
    run = run_of(site, said("<script>alert(1)</script> & \x1b[31m<b onclick=x>\x1b[0m"))
    text = site.client.get(f"/runs/{run}/logs?q=alert").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "&lt;b onclick=x&gt;" in text


def test_an_address_cannot_bring_markup_in(site: Site) -> None:
    run = run_of(site, said("nothing"))
    text = site.client.get(f"/runs/{run}/logs", params={"q": "<i>x", "platform": '"><i>', "stage": "<i>"}).text
    assert "<i>" not in text


def test_an_expression_that_would_never_end_is_given_up_and_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.operations.log_search.SEARCH_SECONDS", 0.5)
    run = run_of(site, said("a" * 60 + "!"))
    text = site.client.get(f"/runs/{run}/logs", params={"q": "(a+)+$", "regex": 1}).text
    assert "the regular expression took longer than 0.5 s" in text
    assert "aaaa!" in text


def test_what_is_no_expression_is_told_beside_the_log(site: Site) -> None:
    run = run_of(site, said("still here"))
    text = site.client.get(f"/runs/{run}/logs", params={"q": "(", "regex": 1}).text
    assert "this is no regular expression" in text
    assert "still here" in text


@pytest.mark.parametrize("query", ["level=loud", "q=" + "x" * 501])
def test_what_cannot_be_meant_is_told_in_words(site: Site, query: str) -> None:
    run = run_of(site, said("here"))
    assert "DF38" in site.client.get(f"/runs/{run}/logs?{query}").text


def test_a_log_without_a_line_says_so(site: Site) -> None:
    run = site.record([])
    assert "No line is left by the filters." in site.client.get(f"/runs/{run}/logs?stage=verify").text


def test_times_can_be_left_out(site: Site) -> None:
    run = site.record([("npm", "publish", "ok", 1, "")])
    text = site.client.get(f"/runs/{run}/logs?times=no").text
    assert "data-clock" not in text.split("<template")[0]
    assert "Show times" in text


def test_every_event_is_told_in_words(site: Site) -> None:
    error = {"id": "DF4000", "message": "the registry answered 500", "hint": "try again"}
    events = [
        Event("run_started", data={"platforms": ["npm", "pypi"]}),
        Event("stage_started", None, "fetch", {"target": "linux/amd64"}),
        Event("presence", "npm", "presence", {"state": "absent", "reason": "404", "by": "look"}),
        Event("intent", "npm", "publish", {"piece": "hello", "digest": "abc"}),
        Event("receipt", "npm", "publish", {"piece": "hello", "digest": "abc"}),
        Event("finding", "npm", "preflight", {"id": "DF3001", "level": "warning", "message": "no licence"}),
        Event("evidence", "npm", "verify", {"method": "install", "client": "npm 11", "said": "1.0.0", "reason": ""}),
        Event("stage_finished", "npm", "verify", {"outcome": "failed", "seconds": 2.0, "error": error}),
        Event("undo_started", data={"because": ["npm"], "platforms": [], "stays": {}}),
        Event("rolled_back", "npm", "rollback", {"to": "0.9.0", "done": ["deprecated"], "manual": []}),
        Event("something_new", "npm", "verify", {"x": 1}),
        Event("run_finished", data={"outcome": "failed", "exit_code": 7}),
    ]
    run = run_of(site, *events)
    told = site.client.get(f"/runs/{run}/logs/raw").text
    assert [line.partition("Z ")[2] for line in told.splitlines()] == [
        "run began: npm, pypi",
        "[fetch] started: linux/amd64",
        "[npm presence] absent: 404",
        "[npm publish] about to publish: hello, abc",
        "[npm publish] is out: hello, abc",
        "[npm preflight] warning: DF3001 no licence",
        "[npm verify] evidence: install, npm 11, 1.0.0",
        "[npm verify] error: failed after 2.0 s: DF4000 the registry answered 500; try again",
        "taking back what was published, because others failed: npm",
        "[npm rollback] taken back: 0.9.0, deprecated",
        "[npm verify] something new",
        "error: run ended: failed, exit code 7",
    ]


def test_who_may_not_read_logs_does_not(tmp_path: Path) -> None:
    with open_people(tmp_path) as people:
        run = people.site.record([("npm", "publish", "ok", 1, "")])
        eve = people.someone("eve", "viewer")
        for path in ("", "/raw", "/download"):
            assert eve.get(f"/runs/{run}/logs{path}").status_code == 403


def test_a_run_that_is_not_there_has_no_log(site: Site) -> None:
    for path in ("", "/raw", "/download"):
        assert site.client.get(f"/runs/7/logs{path}").status_code == 404
