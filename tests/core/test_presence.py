"""What follows from what a platform says."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.presence import Action, Presence, State, compare, decide

PIECES = ["a", "b"]
OURS = {"a": "1", "b": "2"}


def test_nothing_found_is_absent_and_everything_is_missing() -> None:
    presence = compare(PIECES, OURS, {})
    assert (presence.state, presence.missing) == (State.ABSENT, ("a", "b"))


def test_some_found_is_partial_and_names_the_missing_ones() -> None:
    presence = compare(PIECES, OURS, {"a": "1"})
    assert (presence.state, presence.missing) == (State.PARTIAL, ("b",))


def test_equal_digests_are_the_same_by_digest() -> None:
    presence = compare(PIECES, OURS, OURS)
    assert (presence.state, presence.by) == (State.SAME, "digest")


def test_one_other_digest_is_different_and_the_reason_names_both() -> None:
    presence = compare(PIECES, OURS, {"a": "1", "b": "9"})
    assert presence.state is State.DIFFERENT
    assert "9" in presence.reason
    assert "2" in presence.reason


def test_a_difference_outweighs_a_missing_piece() -> None:
    assert compare(PIECES, OURS, {"a": "9"}).state is State.DIFFERENT


def test_a_registry_without_digests_is_believed_by_our_receipt() -> None:
    presence = compare(PIECES, OURS, {"a": "", "b": ""})
    assert (presence.state, presence.by) == (State.SAME, "receipt")


def test_a_fresh_machine_believes_the_names() -> None:
    presence = compare(PIECES, {}, {"a": "1", "b": "2"})
    assert (presence.state, presence.by) == (State.SAME, "name")


@pytest.mark.parametrize(
    ("state", "editable", "force", "action"),
    [
        (State.ABSENT, False, False, Action.PUBLISH),
        (State.PARTIAL, False, False, Action.PUBLISH),
        (State.SAME, False, False, Action.SKIP),
        (State.SAME, False, True, Action.SKIP),
        (State.DIFFERENT, False, False, Action.REFUSE),
        (State.DIFFERENT, False, True, Action.REFUSE),
        (State.DIFFERENT, True, False, Action.UPDATE),
        (State.PENDING, False, True, Action.WAIT),
        (State.REJECTED, False, False, Action.REFUSE),
        (State.REJECTED, False, True, Action.PUBLISH),
        (State.WITHDRAWN, False, False, Action.REFUSE),
        (State.WITHDRAWN, False, True, Action.PUBLISH),
        (State.UNKNOWN, True, True, Action.RETRY),
    ],
)
def test_the_presence_table(state: State, editable: bool, force: bool, action: Action) -> None:
    assert decide(Presence(state, "why"), editable=editable, force=force).action is action
