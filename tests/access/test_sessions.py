"""Sessions: good at one dashboard, for some hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy

from deployforge_tasks.access.records import Records
from deployforge_tasks.access.sessions import Place
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import open_engine

PLACE = Place("hello", "", "oidc")


def test_a_session_is_found_by_the_cookie(records: Records) -> None:
    value = records.sessions.begin(PLACE, "ann", groups=["staff"])
    found = records.sessions.find(PLACE, value)
    assert found is not None
    assert (found.actor, found.groups) == ("ann", ("staff",))


def test_its_role_is_what_the_configuration_says_now(records: Records) -> None:
    found = records.sessions.find(PLACE, records.sessions.begin(PLACE, "ann", groups=["staff"]))
    assert found is not None
    assert found.role_by({"staff": "operator"}, None) == "operator"
    assert found.role_by({}, None) is None


def test_the_ledger_does_not_have_the_cookie(records: Records, ledger_url: str) -> None:
    value = records.sessions.begin(PLACE, "ann")
    engine = open_engine(ledger_url)
    with engine.connect() as connection:
        assert value not in str(connection.execute(sqlalchemy.select(tables.sessions)).all())
    engine.dispose()


@pytest.mark.parametrize("elsewhere", [{"project": "other"}, {"profile": "production"}, {"method": "local"}])
def test_a_session_of_another_dashboard_is_none(records: Records, elsewhere: dict[str, str]) -> None:
    value = records.sessions.begin(replace(PLACE, **elsewhere), "ann", role="admin")
    assert records.sessions.find(PLACE, value) is None


@pytest.mark.parametrize("value", ["", "guess"])
def test_a_cookie_that_nobody_was_given_is_none(records: Records, value: str) -> None:
    assert records.sessions.find(PLACE, value) is None


def test_a_session_ends_by_itself_and_is_forgotten(records: Records, ledger_url: str) -> None:
    value = records.sessions.begin(PLACE, "ann", lasts=timedelta(seconds=-1))
    assert records.sessions.find(PLACE, value) is None
    records.sessions.begin(PLACE, "ben")
    engine = open_engine(ledger_url)
    with engine.connect() as connection:
        assert connection.scalars(sqlalchemy.select(tables.sessions.c.actor)).all() == ["ben"]
    engine.dispose()


def test_signing_out_ends_one_session(records: Records) -> None:
    first, second = (records.sessions.begin(PLACE, "ann") for _ in range(2))
    records.sessions.end(first)
    assert records.sessions.find(PLACE, first) is None
    assert records.sessions.find(PLACE, second) is not None


def test_signing_out_everywhere_ends_all_of_one_person(records: Records) -> None:
    mine = [records.sessions.begin(PLACE, "ann") for _ in range(2)]
    other = records.sessions.begin(PLACE, "ben")
    assert records.sessions.end_all(PLACE, "ann") == 2
    assert [records.sessions.find(PLACE, value) for value in mine] == [None, None]
    assert records.sessions.find(PLACE, other) is not None
