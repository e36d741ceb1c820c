"""The way into one dashboard: how people sign on, and who a request comes from.

How people sign on is read once, when the dashboard starts: a file that changes later must not open it. What their
roles are is read with each request, so that a role that is taken away is gone at once.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from deployforge_tasks.access.attempts import Attempts
from deployforge_tasks.access.links import Link
from deployforge_tasks.access.proxy import Proxies
from deployforge_tasks.access.roles import Role, Visitor, role_of
from deployforge_tasks.access.sessions import Place
from deployforge_tasks.access.single_sign_on import SingleSignOn
from deployforge_tasks.access.tokens import PREFIX
from deployforge_tasks.access.way_in import check_way_in
from deployforge_tasks.core.errors import AccessError, ConfigError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.graph.surroundings import actor

if TYPE_CHECKING:
    from fastapi import Request, Response

    from deployforge_tasks.dashboard.desk import Desk
    from deployforge_tasks.project.schema_dashboard import Dashboard

#: The id of the error of somebody who has signed on, and has no role.
NO_ROLE = "DF3532"
_BEARER = "bearer "
#: A name or an address, and a port, and nothing that would be taken for a path.
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
#: Seconds that the provider may take, while somebody looks at an empty page.
_PROVIDER_PATIENCE = Patience(first=0.5, longest=2.0, total=5.0)


class Door:
    """Lets people into the dashboard of a desk.

    Args:
        desk: the project.
        host: the address that it listens on; None: the configuration's.
        tell: hears the path of a new one-time link, to show it in the terminal.

    Raises:
        ConfigError: it would be open to everybody, or what a way to sign on needs is missing.
    """

    def __init__(self, desk: Desk, *, host: str | None = None, tell: Callable[[str], None] = lambda _: None) -> None:
        self._desk = desk
        self.section: Dashboard = desk.loaded.project.dashboard
        check_way_in(self.section, host or self.section.host)
        self.place = Place(desk.project, desk.loaded.profile, self.section.auth)
        self.attempts = Attempts()
        """Failed tries to sign on, and guessed tokens."""
        self.refused = Attempts()
        """Other refusals of people who are not let in."""
        self.tell = tell
        self._link = Link()
        self._proxies = Proxies(self.section.proxy.addresses if self.section.proxy else [])
        self.provider = _single_sign_on(self.section, desk)
        self._secure = (self.section.url or "").startswith("https://")
        self._names = _own_names(self.section, host)
        mark = hashlib.sha256(f"{desk.ledger_url} {self.place}".encode()).hexdigest()[:8]
        # The name says whose it is: a browser sends the cookies of one port of this machine to all.
        self.cookie = f"{'__Host-' if self._secure else ''}deployforge-{mark}"
        self.begun = f"{self.cookie}-sign-on"
        """Holds what binds a sign-on at the provider to the browser that began it."""

    # Who

    def visitor(self, request: Request) -> Visitor | None:
        """Who a request comes from; None: nobody has signed on.

        Raises:
            AccessError: they are known, or say they are, and may not come in.
        """
        if self.by_token(request):
            return self._bearer(request)
        if self.section.auth == "proxy":
            return self._forwarded(request)
        session = self._desk.records.sessions.find(self.place, request.cookies.get(self.cookie, ""))
        if session is None:
            return None
        with suppress(SQLAlchemyError):  # the ledger can be read, which is all that a page needs
            self._desk.records.sessions.seen(session, self.origin(request))
        now = self._desk.loaded.project.dashboard
        role = session.role_by(now.roles, now.default_role)
        return self._with_role(request, session.actor, role, session.maker, session.id)

    def by_token(self, request: Request) -> bool:
        """Whether a request brings an API token, or tries to: then nothing else counts, a good session neither.

        A proxy passes on what people have signed on to it with; that is not meant for us.
        """
        header = request.headers.get("authorization", "").lower()
        return header.startswith(_BEARER + PREFIX) if self.section.auth == "proxy" else bool(header)

    def origin(self, request: Request) -> str:
        """The address that a request comes from."""
        peer = request.client.host if request.client else ""
        return self._proxies.origin(peer, ",".join(request.headers.getlist("x-forwarded-for")))

    def role(self, groups: tuple[str, ...]) -> Role | None:
        """The role that groups give by the configuration as it is now."""
        now = self._desk.loaded.project.dashboard
        return role_of(groups, now.roles, now.default_role)

    def _bearer(self, request: Request) -> Visitor:
        authorization = request.headers["authorization"]
        value = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else ""
        found = self._desk.records.tokens.find(self.place.project, value)
        if found is None:
            raise AccessError(
                "this token is unknown, revoked or over",
                hint="send `Authorization: Bearer dfd_…`; an admin makes new ones",
                code="DF3530",
            )
        return Visitor(found.name, found.role, "token", self.origin(request), found.maker, bearer=True)

    def _forwarded(self, request: Request) -> Visitor | None:
        proxy = self.section.proxy
        assert proxy is not None
        peer = request.client.host if request.client else ""
        if not self._proxies.trusts(peer):
            raise AccessError(
                f"only the proxy may come here, and {peer} is not one of its addresses",
                hint="open the dashboard at the proxy's address, or send an API token",
                code="DF3531",
            )
        name = _once(request, proxy.user_header).strip()
        groups = tuple(filter(None, (g.strip() for g in _once(request, proxy.groups_header).split(","))))
        return self._with_role(request, name, self.role(groups)) if name else None

    def _with_role(self, request: Request, name: str, role: Role | None, maker: str = "", session: str = "") -> Visitor:
        if role is None:
            raise no_role(name)
        return Visitor(name, role, self.section.auth, self.origin(request), maker, session=session)

    # Whether a request is what it seems

    def knows(self, host: str) -> bool:
        """Whether the dashboard goes by the name in the header ``Host``.

        An address in numbers is no name: only names can be made to point here by others (DNS rebinding).
        """
        found = _HOST.fullmatch(host)
        name = (found[1] or found[2]).lower() if found else ""
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True

    def same_site(self, request: Request) -> bool:
        """Whether no other site made a browser send this (https://www.w3.org/TR/fetch-metadata/).

        Browsers without fetch metadata say the origin; who says neither is no browser, and has no session by accident.
        """
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = request.headers.get("origin")
        return origin is None or origin.partition("://")[2] in self._own_netlocs(request)

    def _own_netlocs(self, request: Request) -> set[str]:
        return {request.headers.get("host", ""), urlsplit(self.section.url or "").netloc} - {""}

    # Coming and going

    def base(self, request: Request) -> str:
        """The address that people reach the dashboard at, without a slash at the end."""
        return (self.section.url or f"{request.url.scheme}://{request.headers.get('host', '')}").rstrip("/")

    def new_link(self) -> str:
        """The path of a new one-time link, good for some minutes; the one before holds no longer."""
        value = self._link.new()
        redactor.add(value)
        return f"/sign-on/link?value={value}"

    def use_link(self, value: str) -> bool:
        return self._link.use(value)

    def local_name(self) -> str:
        """Whoever started the dashboard."""
        return actor(self._desk.loaded.environ)

    def keep(self, response: Response, name: str, value: str, lasts: int) -> None:
        """Give the browser a cookie that no script sees, for some seconds."""
        response.set_cookie(name, value, max_age=lasts, httponly=True, samesite="lax", secure=self._secure, path="/")

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(name, httponly=True, samesite="lax", secure=self._secure, path="/")


def _once(request: Request, header: str) -> str:
    """A header of the proxy; one that is there twice has been sent by the visitor too.

    Raises:
        AccessError: it is there twice.
    """
    values: list[str] = request.headers.getlist(header)
    if len(values) > 1:
        raise AccessError(
            f"the header {header} came twice, and one of them may be the visitor's own",
            hint="let the proxy remove it from what visitors send",
            code="DF3549",
        )
    return values[0] if values else ""


def no_role(name: str) -> AccessError:
    """Somebody is known, and nothing gives them a role."""
    return AccessError(
        f"{name} may not look at this dashboard: none of their groups has a role here",
        hint="whoever looks after it writes the group under `dashboard.roles:`, or sets `dashboard.default_role:`",
        code="DF3532",
    )


def _single_sign_on(section: Dashboard, desk: Desk) -> SingleSignOn | None:
    if section.auth != "oidc" or section.oidc is None:
        return None
    variable = section.oidc.client_secret_env
    secret = desk.loaded.environ.get(variable, "") if variable else ""
    if variable and not secret:
        raise ConfigError(
            f"the variable {variable} with the client's secret is not set",
            hint="set it for the dashboard, or leave `client_secret_env` out for a public client",
            code="DF3515",
        )
    redactor.add(secret)
    return SingleSignOn(section.oidc, secret, Http(patience=_PROVIDER_PATIENCE, timeout=10.0))


def _own_names(section: Dashboard, host: str | None) -> frozenset[str]:
    found = ("localhost", socket.gethostname(), host or section.host, urlsplit(section.url or "").hostname or "")
    return frozenset(name.lower() for name in found if name)
