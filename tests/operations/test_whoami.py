"""Who each credential is: what is well, and what is missing, refused, over or cannot be told, apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.operations.accounts import endings
from deployforge_tasks.operations.whoami import Account, whoami
from tests.operations.account_shelf import GOOD, AccountShelf, account_shelves, load


@pytest.fixture(autouse=True)
def platforms() -> Iterator[None]:
    AccountShelf.hush.clear()
    with account_shelves("one", "two", "three"):
        yield
    AccountShelf.hush.set()


def account(folder: Path, token: str = GOOD, **options: object) -> Account:
    environ: dict[str, Any] = {"SHELF_TOKEN": token} if token else {}
    (found,) = whoami(load(folder, {"one": options}, **environ)).accounts
    return found


def test_a_good_credential(tmp_path: Path) -> None:
    found = account(tmp_path)
    assert (found.state, found.reason) == ("ok", "")
    assert found.identity is not None
    assert (found.identity.who, found.identity.may) == ("mk-bot", ("put", "take"))
    assert [(c.name, c.source) for c in found.credentials] == [("token", "env SHELF_TOKEN"), ("extra", "")]


def test_one_that_is_not_set_is_missing(tmp_path: Path) -> None:
    found = account(tmp_path, token="")
    assert (found.state, found.identity) == ("missing", None)
    assert "SHELF_TOKEN" in found.reason
    assert "make one at the counter" in found.hint


def test_one_that_is_not_set_is_missing_also_where_the_platform_cannot_tell(tmp_path: Path) -> None:
    assert account(tmp_path, token="", says="nothing").state == "missing"
    assert account(tmp_path, says="nothing").state == "unknown"


def test_one_that_the_platform_does_not_know_is_refused(tmp_path: Path) -> None:
    found = account(tmp_path, token="shelf-token-wrong")
    assert found.state == "refused"
    assert "does not know" in found.reason


@pytest.mark.parametrize(
    ("says", "reason"), [("down", "the counter is closed"), ("broken", "ValueError: cannot read ***")]
)
def test_what_cannot_be_told_is_no_refusal(tmp_path: Path, says: str, reason: str) -> None:
    found = account(tmp_path, says=says)
    assert (found.state, found.reason) == ("unknown", reason)


@pytest.mark.parametrize(
    ("days", "state", "reason"),
    [(13.5, "expiring", "it expires in 13 days"), (15, "ok", ""), (-0.5, "expired", "it expired on ")],
)
def test_an_end_is_a_warning_two_weeks_before(tmp_path: Path, days: float, state: str, reason: str) -> None:
    found = account(tmp_path, days=days)
    assert found.state == state
    assert found.reason.startswith(reason)


def test_a_platform_that_needs_none_is_well(tmp_path: Path) -> None:
    (found,) = whoami(load(tmp_path, {"free": {}})).accounts
    assert (found.state, found.reason) == ("ok", "needs no credential")


def test_nobody_waits_for_a_platform_that_is_silent(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"one": {"says": "silence"}, "two": {}}, SHELF_TOKEN=GOOD)
    found = whoami(loaded, deadline=0.5)
    assert [a.state for a in found.accounts] == ["unknown", "ok"]
    assert found.accounts[0].reason == "no answer within 0.5 s"


def test_it_works_before_there_is_a_version(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"one": {}}, SHELF_TOKEN=GOOD)
    file = tmp_path / "deployforge.yml"
    file.write_text(file.read_text("utf-8").replace("version: 1.0.0\n", ""), "utf-8")
    assert whoami(loaded).accounts[0].state == "ok"


def test_two_variables_that_differ_are_told(tmp_path: Path) -> None:
    found = whoami(load(tmp_path, {"one": {}}, SHELF_TOKEN=GOOD, SHELF_KEY="other"))
    assert found.warnings == ("SHELF_TOKEN and SHELF_KEY have different values; SHELF_TOKEN is used",)
    assert found.accounts[0].state == "ok"


@pytest.mark.parametrize(
    ("one", "two", "code", "strict"),
    [
        ({}, {}, 0, 0),
        ({"says": "down"}, {}, 0, 6),
        ({"days": 3}, {}, 0, 4),
        ({"days": -1}, {}, 4, 4),
        ({}, {"days": -1, "required": False}, 0, 4),
    ],
)
def test_exit_codes(tmp_path: Path, one: dict[str, object], two: dict[str, object], code: int, strict: int) -> None:
    found = whoami(load(tmp_path, {"one": one, "two": two}, SHELF_TOKEN=GOOD))
    assert (found.exit_code, found.strict_exit_code) == (code, strict)


def test_ends_are_remembered_without_the_secret(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"one": {"days": 3.5}, "two": {"days": 100}, "three": {}}, SHELF_TOKEN=GOOD)
    whoami(loaded)
    (said,) = endings(loaded, ["one", "two", "three"])
    assert said.startswith("the credential of one expires in 3 days (as of ")
    assert GOOD not in (tmp_path / ".deployforge" / "credentials.json").read_text("utf-8")
