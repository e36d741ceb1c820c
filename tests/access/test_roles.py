"""What each role may do, and which role a person has."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deployforge_tasks.access.roles import DOES, PERMISSIONS, ROLES, Visitor, lowest_role, permissions, role_of

GROUPS = {"staff": "viewer", "release-team": "releaser", "oncall": "operator"}


@pytest.mark.parametrize(("less", "more"), list(pairwise(ROLES)))
def test_each_role_may_do_what_the_one_below_may_and_more(less: str, more: str) -> None:
    assert permissions(less) < permissions(more)  # type: ignore[arg-type]


def test_an_admin_may_do_everything_that_there_is() -> None:
    assert permissions("admin") == set(PERMISSIONS)


@pytest.mark.parametrize("verb", PERMISSIONS)
def test_every_permission_says_what_it_is_for(verb: str) -> None:
    assert DOES[verb]  # type: ignore[index]


@pytest.mark.parametrize(
    ("verb", "role"),
    [
        ("look", "viewer"),
        ("logs", "operator"),
        ("stop", "operator"),
        ("retry", "operator"),
        ("preview", "operator"),
        ("deploy", "releaser"),
        ("rollback", "releaser"),
        ("approve", "releaser"),
        ("settings", "admin"),
        ("tokens", "admin"),
    ],
)
def test_the_least_role_that_may_do_a_thing(verb: str, role: str) -> None:
    assert lowest_role(verb) == role


def test_a_permission_that_is_none_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="fly"):
        lowest_role("fly")
    assert not Visitor("ann", "admin", "oidc").can("fly")


def test_the_highest_role_of_a_persons_groups_holds() -> None:
    assert role_of(["staff", "release-team", "oncall"], GROUPS, None) == "releaser"  # type: ignore[arg-type]


def test_a_person_without_such_a_group_has_the_default_role() -> None:
    assert role_of(["marketing"], GROUPS, "viewer") == "viewer"  # type: ignore[arg-type]


def test_a_default_role_takes_nothing_from_those_who_have_a_group() -> None:
    assert role_of(["staff"], GROUPS, "admin") == "viewer"  # type: ignore[arg-type]


def test_without_a_group_and_a_default_role_nobody_may_look() -> None:
    assert role_of([], GROUPS, None) is None  # type: ignore[arg-type]
