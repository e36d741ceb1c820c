"""Presence: what a platform says about a name and a version, and what follows from it.

An exit code never decides, a presence does; anything but a clear answer is `unknown`, and unknown is never absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """The eight answers."""

    ABSENT = "absent"
    PARTIAL = "partial"
    SAME = "same"
    DIFFERENT = "different"
    PENDING = "pending"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Look:
    """One question that was asked and how it was answered: the evidence of a presence."""

    url: str
    status: int | str
    digest: str | None = None


@dataclass(frozen=True)
class Presence:
    """A platform's answer with its evidence.

    `missing` names the pieces still to publish (all of them when absent; when different, those that differ and those
    that are not there); `by` tells what the comparison rests
    on: ``digest`` (the platform gave one), ``receipt`` (our own record) or ``name`` (nothing to compare with).
    """

    state: State
    reason: str
    looks: tuple[Look, ...] = ()
    missing: tuple[str, ...] = ()
    by: str = "digest"

    @classmethod
    def unknown(cls, reason: str, *looks: Look) -> Presence:
        return cls(State.UNKNOWN, reason, looks)

    @property
    def settled(self) -> bool:
        """The wanted version is there or on its way: nothing more to send."""
        return self.state in (State.SAME, State.PENDING)


# What the platform says about one piece: a digest, "" for "there, but it tells no digest"; absent pieces are left out.
Found = Mapping[str, str]


def compare(
    pieces: Sequence[str],
    expected: Mapping[str, str],
    found: Found,
    looks: Sequence[Look] = (),
) -> Presence:
    """Compare the pieces that make up a version with what the platform has.

    Args:
        pieces: names of every piece of the version, in publishing order.
        expected: digests that we know (from the package built here or from receipts); may lack some or all.
        found: what the platform has.
        looks: the evidence.
    """
    evidence = tuple(looks)
    differing = [p for p in pieces if found.get(p) and expected.get(p) and found[p] != expected[p]]
    if differing:
        first = differing[0]
        return Presence(
            State.DIFFERENT,
            f"{first} is there with {found[first]}, ours is {expected[first]}",
            evidence,
            tuple(p for p in pieces if p in differing or p not in found),
        )
    missing = tuple(p for p in pieces if p not in found)
    if len(missing) == len(pieces):
        return Presence(State.ABSENT, "not there", evidence, missing)
    if missing:
        return Presence(State.PARTIAL, f"{len(missing)} of {len(pieces)} pieces are missing", evidence, missing)
    compared = sum(1 for p in pieces if found[p] and expected.get(p))
    if compared == len(pieces):
        return Presence(State.SAME, "already there, digests equal", evidence)
    if all(expected.get(p) for p in pieces):
        return Presence(State.SAME, "already there (by receipt: the platform gives no digest)", evidence, by="receipt")
    return Presence(State.SAME, "already there (by name: nothing here to compare with)", evidence, by="name")


class Action(StrEnum):
    """What to do about a presence."""

    PUBLISH = "publish"
    SKIP = "skip"
    UPDATE = "update"
    WAIT = "wait"
    REFUSE = "refuse"
    RETRY = "retry"


@dataclass(frozen=True)
class Decision:
    """An action with the reason that a person reads."""

    action: Action
    reason: str
    missing: tuple[str, ...] = field(default=())


def decide(presence: Presence, *, editable: bool, force: bool = False) -> Decision:  # noqa: PLR0911 - one row a return
    """The presence table of the design.

    Args:
        presence: the platform's answer.
        editable: the place is ours to edit (own tap, bucket, tag): a difference is an update, not a conflict.
        force: the user asked explicitly to publish a rejected or withdrawn version again.
    """
    match presence.state:
        case State.ABSENT | State.PARTIAL:
            return Decision(Action.PUBLISH, presence.reason, presence.missing)
        case State.SAME:
            return Decision(Action.SKIP, presence.reason)
        case State.PENDING:
            return Decision(Action.WAIT, presence.reason)
        case State.DIFFERENT if editable:
            return Decision(Action.UPDATE, presence.reason, presence.missing)
        case State.REJECTED | State.WITHDRAWN if force:
            return Decision(Action.PUBLISH, presence.reason, presence.missing)
        case State.UNKNOWN:
            return Decision(Action.RETRY, presence.reason)
    return Decision(Action.REFUSE, presence.reason)
