"""Sessions: good at one dashboard, for some hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
    assert records.sessions.end_all("hello", "ann") == 2
    assert [records.sessions.find(PLACE, value) for value in mine] == [None, None]
    assert records.sessions.find(PLACE, other) is not None


def test_signing_out_where_people_sign_on_so_leaves_somebody_else_of_that_name_alone(records: Records) -> None:
    other = records.sessions.begin(replace(PLACE, method="token"), "ann", role="viewer")
    records.sessions.begin(PLACE, "ann")
    assert records.sessions.end_all("hello", "ann", "oidc") == 1
    assert records.sessions.find(replace(PLACE, method="token"), other) is not None


def test_the_open_sessions_of_a_project_are_listed_the_newest_first(records: Records) -> None:
    records.sessions.begin(PLACE, "ann", origin="192.0.2.7")
    records.sessions.begin(replace(PLACE, profile="production"), "ben", role="admin")
    records.sessions.begin(PLACE, "late", lasts=timedelta(seconds=-1))
    records.sessions.begin(replace(PLACE, project="other"), "eve")
    newest, oldest = records.sessions.all("hello")
    assert (newest.actor, newest.profile, newest.role) == ("ben", "production", "admin")
    assert (oldest.actor, oldest.method, oldest.origin, oldest.seen_at) == ("ann", "oidc", "192.0.2.7", oldest.began_at)


def test_a_session_whose_token_is_revoked_is_not_open(records: Records) -> None:
    token, _ = records.tokens.new("hello", "ann", "viewer", days=1, made_by="root")
    records.sessions.begin(replace(PLACE, method="token"), "ann", role="viewer", token=token.id)
    records.tokens.revoke("hello", "ann")
    assert records.sessions.all("hello") == []


def test_a_session_is_ended_by_its_id_and_only_in_its_project(records: Records) -> None:
    value, other = records.sessions.begin(PLACE, "ann"), records.sessions.begin(PLACE, "ben")
    found = records.sessions.find(PLACE, value)
    assert found is not None
    assert not records.sessions.end_one("other", found.id)
    assert records.sessions.end_one("hello", found.id)
    assert not records.sessions.end_one("hello", found.id)
    assert records.sessions.find(PLACE, value) is None
    assert records.sessions.find(PLACE, other) is not None


@pytest.mark.parametrize("session", ["", "%", "3f9a", "' or 1 --"])
def test_what_names_no_session_ends_none(records: Records, session: str) -> None:
    value = records.sessions.begin(PLACE, "ann")
    assert not records.sessions.end_one("hello", session)
    assert records.sessions.find(PLACE, value) is not None


def test_when_and_from_where_a_session_was_used_last_is_known_to_the_minute(records: Records, ledger_url: str) -> None:
    value = records.sessions.begin(PLACE, "ann", origin="192.0.2.7")

    def use(origin: str) -> tuple[datetime | None, str]:
        before = records.sessions.find(PLACE, value)
        assert before is not None
        records.sessions.seen(before, origin)
        after = records.sessions.find(PLACE, value)
        assert after is not None
        return after.seen_at, after.origin

    assert use("192.0.2.8")[1] == "192.0.2.7"
    engine, long_ago = open_engine(ledger_url), datetime.now(UTC) - timedelta(hours=1)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.update(tables.sessions).values(seen_at=long_ago))
    engine.dispose()
    at, origin = use("192.0.2.8")
    assert origin == "192.0.2.8"
    assert at is not None
    assert at > long_ago
