"""Approvals: a second person, exactly what was asked, once, in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from deployforge_tasks.access.approvals import Approval, Wanted
from deployforge_tasks.access.records import Records
from deployforge_tasks.access.roles import Visitor
from deployforge_tasks.core.errors import AccessError

DAY = timedelta(days=1)
WANTED = Wanted.of("hello", "production", "deploy", "1.2.0", ["npm", "pypi"])
ANN = Visitor("ann", "releaser", "oidc")
BEN = Visitor("ben", "releaser", "oidc")


def decide(
    records: Records,
    asked: Approval,
    who: Visitor,
    *,
    approve: bool = True,
    within: timedelta = DAY,
    people: bool = False,
) -> Approval:
    return records.approvals.decide(
        "hello", "production", asked.number, who, approve=approve, within=within, tokens_are_people=people
    )


def test_what_another_person_approved_is_used_once(records: Records) -> None:
    asked = records.approvals.ask(WANTED, ANN, DAY)
    assert asked.state == "waiting"
    assert records.approvals.use(WANTED, ANN, "form") is None
    assert decide(records, asked, BEN).state == "approved"
    used = records.approvals.use(WANTED, ANN, "form")
    assert used is not None
    assert (used.state, used.decided_by) == ("used", "ben")
    assert records.approvals.use(WANTED, ANN, "form") is None


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "1.2.1"},
        {"platforms": ("npm",)},
        {"platforms": ("npm", "pypi", "snap")},
        {"profile": ""},
        {"action": "rollback"},
        {"project": "other"},
    ],
)
def test_anything_else_than_what_was_asked_needs_an_approval_of_its_own(
    records: Records, changed: dict[str, str]
) -> None:
    decide(records, records.approvals.ask(WANTED, ANN, DAY), BEN)
    assert records.approvals.use(replace(WANTED, **changed), ANN, "form") is None  # type: ignore[arg-type]


def test_the_order_in_which_platforms_are_named_changes_nothing(records: Records) -> None:
    decide(records, records.approvals.ask(WANTED, ANN, DAY), BEN)
    again = Wanted.of("hello", "production", "deploy", "1.2.0", ["pypi", "npm", "npm"])
    assert records.approvals.use(again, ANN, "form") is not None


def test_only_who_asked_may_use_it(records: Records) -> None:
    decide(records, records.approvals.ask(WANTED, ANN, DAY), BEN)
    assert records.approvals.use(WANTED, BEN, "form") is None


@pytest.mark.parametrize(
    "who",
    [
        ANN,
        replace(ANN, name="Ann "),
        replace(ANN, role="admin"),
        Visitor("ann", "releaser", "token"),
        Visitor("deputy", "admin", "token", maker="ann"),
    ],
)
def test_whoever_asked_cannot_approve_whatever_they_come_as(records: Records, who: Visitor) -> None:
    asked = records.approvals.ask(WANTED, ANN, DAY)
    with pytest.raises(AccessError, match="a second person has to"):
        decide(records, asked, who, people=True)
    assert records.approvals.get("hello", "production", asked.number).state == "waiting"


def test_whoever_made_the_token_that_asked_cannot_approve(records: Records) -> None:
    asked = records.approvals.ask(WANTED, Visitor("deputy", "releaser", "token", maker="ann", bearer=True), DAY)
    with pytest.raises(AccessError, match="a second person has to"):
        decide(records, asked, ANN)


def test_a_program_cannot_approve_where_people_have_names_of_their_own(records: Records) -> None:
    asked, program = records.approvals.ask(WANTED, ANN, DAY), Visitor("bot", "admin", "token", bearer=True)
    with pytest.raises(AccessError, match="a person has to decide"):
        decide(records, asked, program)
    assert decide(records, asked, program, people=True).state == "approved"


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_release_may_not_approve(records: Records, role: str) -> None:
    asked = records.approvals.ask(WANTED, ANN, DAY)
    with pytest.raises(AccessError, match="may not approve"):
        decide(records, asked, Visitor("ben", role, "oidc"))  # type: ignore[arg-type]


def test_what_was_refused_stays_refused(records: Records) -> None:
    asked = records.approvals.ask(WANTED, ANN, DAY)
    assert decide(records, asked, BEN, approve=False).state == "refused"
    with pytest.raises(AccessError, match="it is refused already"):
        decide(records, asked, BEN)
    assert records.approvals.use(WANTED, ANN, "form") is None


def test_a_request_waits_only_for_a_time(records: Records) -> None:
    asked = records.approvals.ask(WANTED, ANN, timedelta(0))
    assert asked.state == "over"
    with pytest.raises(AccessError, match="it is over already"):
        decide(records, asked, BEN)


def test_an_approval_holds_only_for_a_time(records: Records) -> None:
    decided = decide(records, records.approvals.ask(WANTED, ANN, DAY), BEN, within=timedelta(0))
    assert decided.state == "over"
    assert records.approvals.use(WANTED, ANN, "form") is None


def test_asking_twice_makes_one_request(records: Records) -> None:
    first = records.approvals.ask(WANTED, ANN, DAY)
    assert records.approvals.ask(WANTED, ANN, DAY).number == first.number
    assert records.approvals.ask(WANTED, BEN, DAY).number != first.number


def test_another_profile_does_not_see_the_request(records: Records) -> None:
    asked = records.approvals.ask(WANTED, ANN, DAY)
    with pytest.raises(AccessError, match="there is no request"):
        records.approvals.decide("hello", "", asked.number, BEN, approve=True, within=DAY, tokens_are_people=False)
    assert records.approvals.all("hello", "") == []


def test_a_request_that_nobody_made_is_told_as_such(records: Records) -> None:
    with pytest.raises(AccessError) as caught:
        records.approvals.get("hello", "production", 99)
    assert caught.value.code == "DF3521"


def approved(records: Records) -> int:
    """An approval that is used for the form "first"."""
    number = decide(records, records.approvals.ask(WANTED, ANN, DAY), BEN).number
    assert records.approvals.use(WANTED, ANN, "first") is not None
    return number


def test_what_was_used_for_something_that_never_began_is_good_once_more(records: Records) -> None:
    number = approved(records)
    assert [one.used_for for one in records.approvals.used(WANTED, ANN)] == ["first"]
    assert records.approvals.give_back(number, "first")
    assert records.approvals.get("hello", "production", number).state == "approved"
    assert records.approvals.use(WANTED, ANN, "second") is not None
    assert records.approvals.use(WANTED, ANN, "third") is None


def test_only_what_an_approval_is_used_for_gives_it_back(records: Records) -> None:
    number = approved(records)
    assert not records.approvals.give_back(number, "other")
    assert records.approvals.give_back(number, "first")
    assert not records.approvals.give_back(number, "first")
    assert records.approvals.use(WANTED, ANN, "second") is not None
    assert not records.approvals.give_back(number, "first")
    assert records.approvals.get("hello", "production", number).state == "used"


def test_many_who_give_back_and_use_it_at_the_same_time_use_it_once(records: Records) -> None:
    number = approved(records)
    begin = Barrier(8)

    def again(form: str) -> bool:
        begin.wait()
        records.approvals.give_back(number, "first")
        return records.approvals.use(WANTED, ANN, form) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(again, [f"form {n}" for n in range(8)])) == 1


def test_many_who_ask_for_the_same_at_the_same_time_make_one_request(records: Records) -> None:
    begin, versions = Barrier(6), [f"1.2.{number}" for number in range(10)]

    def ask(_: int) -> list[int]:
        asked = []
        for version in versions:
            begin.wait()
            asked.append(records.approvals.ask(replace(WANTED, version=version), ANN, DAY).number)
        return asked

    with ThreadPoolExecutor(6) as pool:
        assert len({tuple(asked) for asked in pool.map(ask, range(6))}) == 1
