"""`deployforge dashboard`: its tokens and sessions, and what it refuses before it serves."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

import pytest

from deployforge_tasks.access.records import Records
from deployforge_tasks.access.sessions import Place
from tests.cli.conftest import Cli

Project = Callable[..., None]


@pytest.fixture
def shelf(cli: Cli, project: Project) -> Cli:
    project({"npm": {}})
    return cli


def test_a_new_token_is_all_that_stands_on_stdout(shelf: Cli) -> None:
    done = shelf("dashboard", "token", "new", "ci", "--role", "operator", "--days", "7")
    assert done.code == 0
    assert re.fullmatch(r"dfd_[A-Za-z0-9_-]{43}\n", done.out)
    assert "ci may do what an operator may" in done.err


def test_a_token_is_a_viewers_for_30_days_unless_more_is_asked_for(shelf: Cli) -> None:
    made = shelf("dashboard", "token", "new", "ci", "--json").json
    assert made["schema"] == "deployforge.dashboard-token/1"
    assert made["token"]["role"] == "viewer"
    assert made["token"]["made_by"] == "ann, command line"


def test_tokens_are_listed_without_their_values(shelf: Cli) -> None:
    value = shelf("dashboard", "token", "new", "ci").out.strip()
    shelf("dashboard", "token", "new", "board")
    shelf("dashboard", "token", "revoke", "ci")
    done = shelf("dashboard", "token", "list")
    assert re.search(r"^  board +viewer +active ", done.out, re.MULTILINE)
    assert re.search(r"^  ci +viewer +revoked ", done.out, re.MULTILINE)
    assert value not in done.out


def test_no_token_yet(shelf: Cli) -> None:
    done = shelf("dashboard", "token", "list")
    assert done.out == "hello-forge · no token yet\n"
    assert "token new NAME" in done.err


def test_a_token_that_is_not_there_cannot_be_revoked(shelf: Cli) -> None:
    done = shelf("dashboard", "token", "revoke", "ci")
    assert done.code == 4
    assert "no active token is called ci" in done.err


def test_what_is_done_on_the_command_line_is_in_the_trail(shelf: Cli) -> None:
    shelf("dashboard", "token", "new", "ci")
    with sqlite3.connect(shelf.folder / ".deployforge" / "ledger.db") as ledger:
        found = ledger.execute("select actor, method, action, subject, outcome from trail").fetchall()
    ledger.close()
    assert found == [("ann", "command line", "token.new", "ci", "done")]


def sign_on(shelf: Cli, *people: str) -> None:
    """Let people sign on, as the dashboard does."""
    records = Records.open(f"sqlite:///{shelf.folder / '.deployforge' / 'ledger.db'}")
    for name in people:
        records.sessions.begin(Place("hello-forge", "", "token"), name, role="operator", origin="192.0.2.7")
    records.close()


def test_open_sessions_are_listed_with_who_has_them_and_from_where(shelf: Cli) -> None:
    sign_on(shelf, "ann")
    done = shelf("dashboard", "session", "list")
    assert re.search(
        r"^  [0-9a-f]{12} +ann +operator +token +192\.0\.2\.7 +just now +just now$", done.out, re.MULTILINE
    )


def test_no_open_session(shelf: Cli) -> None:
    assert shelf("dashboard", "session", "list").out == "hello-forge · no open session\n"


def test_a_session_is_ended_by_its_name(shelf: Cli) -> None:
    sign_on(shelf, "ann", "ben")
    sessions = {
        one["person"]: one["session"] for one in shelf("dashboard", "session", "list", "--json").json["sessions"]
    }
    assert shelf("dashboard", "session", "end", sessions["ann"]).out == "1 session of ann ended\n"
    assert [one["person"] for one in shelf("dashboard", "session", "list", "--json").json["sessions"]] == ["ben"]


def test_every_session_of_a_person_is_ended(shelf: Cli) -> None:
    sign_on(shelf, "ann", "ben", "ann")
    assert shelf("dashboard", "session", "end", "--person", "ann").out == "2 sessions of ann ended\n"
    assert [one["person"] for one in shelf("dashboard", "session", "list", "--json").json["sessions"]] == ["ben"]


def test_a_session_that_is_not_there_cannot_be_ended(shelf: Cli) -> None:
    done = shelf("dashboard", "session", "end", "3f9a1c0b7d2e")
    assert done.code == 4
    assert "no open session is called 3f9a1c0b7d2e" in done.err


@pytest.mark.parametrize("words", [(), ("3f9a1c0b7d2e", "--person", "ann")])
def test_either_a_session_or_a_person_is_named(shelf: Cli, words: tuple[str, ...]) -> None:
    done = shelf("dashboard", "session", "end", *words)
    assert done.code == 2
    assert "give a session, or --person NAME" in done.err


def test_a_dashboard_for_everybody_is_not_served(shelf: Cli) -> None:
    done = shelf("dashboard", "--host", "0.0.0.0", "--port", "0")
    assert done.code == 3
    assert "open to everybody" in done.err
    assert "set `dashboard.auth:`" in done.err
