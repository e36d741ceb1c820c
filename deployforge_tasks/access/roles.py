"""Roles and what they may do. A permission is one verb; each role may do what the one below it may, and more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "operator", "releaser", "admin"]
Permission = Literal["look", "logs", "stop", "retry", "preview", "deploy", "rollback", "approve", "settings", "tokens"]

#: From the least to the most.
ROLES: tuple[Role, ...] = get_args(Role)
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
#: What each role adds. Stopping a run is an operator's: it publishes nothing, and who sees a release go wrong must be
#: able to halt it. Rolling back is apart from deploying, so that both can be asked for one by one.
_ADDS: Mapping[Role, tuple[Permission, ...]] = {
    "viewer": ("look",),
    "operator": ("logs", "retry", "preview", "stop"),
    "releaser": ("deploy", "rollback", "approve"),
    "admin": ("settings", "tokens"),
}
#: What a permission lets people do, for the page that says no.
DOES: Mapping[Permission, str] = {
    "look": "look at status and analytics",
    "logs": "read logs",
    "stop": "stop a run",
    "retry": "retry what failed",
    "preview": "preview a deploy",
    "deploy": "deploy",
    "rollback": "roll back",
    "approve": "decide about requests of others",
    "settings": "see settings and the trail of what was done",
    "tokens": "make and revoke tokens, and end sessions of others",
}


def permissions(role: Role) -> frozenset[Permission]:
    """Everything that a role may do."""
    return frozenset(verb for each in ROLES[: ROLES.index(role) + 1] for verb in _ADDS[each])


def lowest_role(permission: str) -> Role:
    """The least role that has a permission.

    Raises:
        ValueError: there is no such permission.
    """
    for role, added in _ADDS.items():
        if permission in added:
            return role
    raise ValueError(f"no role has the permission {permission}")


def role_of(groups: Iterable[str], roles: Mapping[str, Role], default: Role | None) -> Role | None:
    """The highest role that a person's groups give, else the default one; None: they may not even look."""
    found = [roles[group] for group in groups if group in roles]
    return max(found, key=ROLES.index) if found else default


@dataclass(frozen=True)
class Visitor:
    """Who asks: a person, or a token that stands for one.

    Fields: `method` is how they signed on (``local token oidc proxy``); `origin` the address they come from; `maker`
    who else stands behind them, a line each: who made the token in their hands and who stands behind those, and the
    account at the provider, which stays the same under another name ("" for nobody, as with a token that was made on
    the command line); `bearer`
    whether each request carries that token, so that a program asks and not a person; `session` the id of the session
    that the request belongs to, "" for none.
    """

    name: str
    role: Role
    method: str
    origin: str = ""
    maker: str = ""
    bearer: bool = False
    session: str = ""

    @property
    def may(self) -> frozenset[Permission]:
        return permissions(self.role)

    def can(self, permission: str) -> bool:
        return permission in self.may
