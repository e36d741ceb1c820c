"""The section of ``deployforge.yml`` that tells how the dashboard is reached and who may do what there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from deployforge_tasks.project.strict import Duration, Strict

Role = Literal["viewer", "operator", "releaser", "admin"]
Approved = Literal["deploy", "rollback"]


class Oidc(Strict):
    """Single sign-on at an OpenID Connect provider."""

    issuer: str
    client_id: str
    client_secret_env: str | None = None
    """The environment variable that holds the client's secret; a public client needs none (PKCE is always used)."""
    scopes: list[str] = Field(default_factory=lambda: ["openid", "profile", "email"])
    groups_claim: str = "groups"
    name_claim: str = "email"
    """The claim that names a person in the trail."""


class TrustedProxy(Strict):
    """A reverse proxy that has signed the person on already."""

    addresses: list[str] = Field(min_length=1)
    """Addresses or networks that the proxy connects from; nobody else's headers are believed."""
    user_header: str = "X-Forwarded-User"
    groups_header: str = "X-Forwarded-Groups"


class Approval(Strict):
    """What a second person must agree to."""

    actions: tuple[Approved, ...] = ("deploy", "rollback")
    within: Duration = 86400.0
    """How long an approval is waited for, and how long it holds."""


class Dashboard(Strict):
    """The dashboard."""

    host: str = "127.0.0.1"
    """The address that it listens on; any but a loopback address needs `auth`."""
    port: int = Field(default=8765, ge=0, le=65535)
    url: str | None = None
    """The address that people reach it at, behind a proxy."""
    auth: Literal["local", "token", "oidc", "proxy"] = "local"
    """`local`: a one-time link, printed at the start; only on a loopback address."""
    oidc: Oidc | None = None
    proxy: TrustedProxy | None = None
    roles: dict[str, Role] = Field(default_factory=dict)
    """Group at the provider or the proxy -> role; the highest that a person's groups give holds."""
    default_role: Role | None = None
    """The role of a person without such a group; none: they may not look."""
    approvals: dict[str, Approval] = Field(default_factory=dict)
    """Profile (`""` for none) -> what needs a second person there."""
