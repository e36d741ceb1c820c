"""API tokens: the value is known to nobody but who was shown it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy

from deployforge_tasks.access.records import Records
from deployforge_tasks.access.sessions import Place
from deployforge_tasks.core.errors import AccessError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import open_engine


def make(records: Records, name: str = "ci", **changed: object) -> str:
    told = {"role": "viewer", "days": 30, "made_by": "root", **changed}
    return records.tokens.new("hello", name, **told)[1]  # type: ignore[arg-type]


def let_pass(ledger_url: str, days: int) -> None:
    """Move the end of every token back."""
    engine = open_engine(ledger_url)
    with engine.begin() as connection:
        ends = datetime.now(UTC) + timedelta(days=30 - days)
        connection.execute(sqlalchemy.update(tables.access_tokens).values(ends_at=ends))
    engine.dispose()


def test_a_token_is_found_by_its_value(records: Records) -> None:
    value = make(records, role="operator")
    found = records.tokens.find("hello", value)
    assert found is not None
    assert (found.name, found.role, found.made_by) == ("ci", "operator", "root")


def test_its_form_is_one_that_secret_scanners_can_look_for(records: Records) -> None:
    assert re.fullmatch(r"dfd_[A-Za-z0-9_-]{43}", make(records))


def test_the_ledger_does_not_have_the_value(records: Records, ledger_url: str) -> None:
    value = make(records)
    engine = open_engine(ledger_url)
    with engine.connect() as connection:
        stored = str(connection.execute(sqlalchemy.select(tables.access_tokens)).all())
    engine.dispose()
    assert value not in stored
    assert value.removeprefix("dfd_") not in stored


def test_the_value_is_masked_wherever_it_is_written(records: Records) -> None:
    assert redactor.text(f"Bearer {make(records)}") == "Bearer ***"


def test_a_token_of_another_project_is_none(records: Records) -> None:
    assert records.tokens.find("other", make(records)) is None


@pytest.mark.parametrize("value", ["", "dfd_", "dfd_guess", "no-prefix"])
def test_what_is_no_token_is_not_found(records: Records, value: str) -> None:
    make(records)
    assert records.tokens.find("hello", value) is None


def test_a_token_ends(records: Records, ledger_url: str) -> None:
    value = make(records)
    let_pass(ledger_url, 29)
    assert records.tokens.find("hello", value) is not None
    let_pass(ledger_url, 30)
    assert records.tokens.find("hello", value) is None
    assert records.tokens.all("hello")[0].state(datetime.now(UTC)) == "expired"


def test_a_revoked_token_is_no_longer_found_and_its_name_is_free(records: Records) -> None:
    value = make(records)
    records.tokens.revoke("hello", "ci")
    assert records.tokens.find("hello", value) is None
    assert records.tokens.find("hello", make(records)) is not None


def test_a_session_that_began_with_a_token_ends_with_it(records: Records) -> None:
    token, _ = records.tokens.new("hello", "ann", "viewer", days=1, made_by="root")
    place = Place("hello", "", "token")
    session = records.sessions.begin(place, "ann", role="viewer", token=token.id)
    assert records.sessions.find(place, session) is not None
    records.tokens.revoke("hello", "ann")
    assert records.sessions.find(place, session) is None


def test_two_active_tokens_never_have_one_name(records: Records) -> None:
    make(records)
    with pytest.raises(AccessError, match="an active token is called ci") as caught:
        make(records)
    assert caught.value.code == "DF3505"


def test_many_who_make_a_token_of_one_name_at_the_same_time_make_one(records: Records) -> None:
    begin = Barrier(6)

    def made(_: int) -> int:
        count = 0
        for number in range(5):
            begin.wait()
            with suppress(AccessError):
                make(records, f"ci-{number}")
                count += 1
        return count

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(made, range(6))) == 5


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "ann@example", "a/b", "ä"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(records: Records, name: str) -> None:
    with pytest.raises(AccessError) as caught:
        make(records, name)
    assert caught.value.code == "DF3503"


@pytest.mark.parametrize("days", [0, -1, 367])
def test_no_token_holds_for_ever(records: Records, days: int) -> None:
    with pytest.raises(AccessError) as caught:
        make(records, days=days)
    assert caught.value.code == "DF3504"


def test_revoking_what_is_not_there_says_where_to_look(records: Records) -> None:
    with pytest.raises(AccessError, match="no active token is called nobody") as caught:
        records.tokens.revoke("hello", "nobody")
    assert "token list" in caught.value.hint
