"""Single sign-on: OpenID Connect's authorization code flow with PKCE, state and nonce.

- https://openid.net/specs/openid-connect-core-1_0.html, sections 3.1 and 5.3
- https://openid.net/specs/openid-connect-discovery-1_0.html
- RFC 7636 (PKCE), RFC 9207 (the issuer in the answer), RFC 9700 (best current practice)

A signature is only believed when it is made with a key pair: a shared secret would let the client forge tokens, and
``none`` everybody.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deployforge_tasks.access.id_token import check_id_token
from deployforge_tasks.access.provider import Provider, discover
from deployforge_tasks.access.tokens import digest
from deployforge_tasks.core.errors import AccessError, ConfigError
from deployforge_tasks.effects.http import is_loopback

if TYPE_CHECKING:
    from deployforge_tasks.effects.http import Http
    from deployforge_tasks.project.schema_dashboard import Oidc

#: Seconds that somebody may take to sign on at the provider.
_PATIENCE = 600.0
#: Sign-ons that are under way at once; anybody may begin one.
_MOST = 1000
#: Seconds that what the provider says of itself is believed.
_FRESH = 3600.0
#: Characters of what a provider says that are shown.
_LONGEST = 200
_AGAIN = "sign on again; if it stays so, tell whoever looks after the dashboard"


@dataclass(frozen=True)
class Person:
    """Somebody as the provider knows them, and where in the dashboard they wanted to go.

    `account` stays the same whatever they are called, and is nobody's name.
    """

    name: str
    account: str
    groups: tuple[str, ...]
    back: str


@dataclass(frozen=True)
class _Begun:
    """A sign-on that is under way."""

    state: str
    nonce: str
    verifier: str
    redirect: str
    back: str
    at: float


class SingleSignOn:
    """The client of one provider (thread-safe).

    Args:
        section: the configuration.
        secret: of the client; "" for a public one.
        http: how the provider is reached.
        clock: seconds since 1970.

    Raises:
        ConfigError: the issuer is not reached by https (on this machine it may be http).
    """

    def __init__(self, section: Oidc, secret: str, http: Http, clock: Callable[[], float] = time.time) -> None:
        if urlsplit(section.issuer).scheme != "https" and not is_loopback(section.issuer):
            raise ConfigError(
                f"the issuer {section.issuer} is not reached by https",
                hint="write the address of the provider as it says it itself, with https",
                code="DF3514",
            )
        self._section = section
        self._secret = secret
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._provider: tuple[float, Provider] | None = None

    def begin(self, redirect: str, back: str) -> tuple[str, str]:
        """Begin a sign-on.

        Args:
            redirect: the address that the provider sends people back to.
            back: where they wanted to go.

        Returns:
            The address at the provider, and a value that the same browser has to bring again.

        Raises:
            NetworkError: the provider does not answer.
            AccessError: what it says of itself cannot be used.
        """
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        provider = self._known()
        begun = _Begun(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(48),
            redirect,
            back,
            self._clock(),
        )
        browser = secrets.token_urlsafe(32)
        with self._lock:
            self._begun[digest(browser)] = begun
            while len(self._begun) > _MOST:
                self._begun.popitem(last=False)
        address: str = prepare_grant_uri(
            provider.authorization_endpoint,
            client_id=self._section.client_id,
            response_type="code",
            redirect_uri=redirect,
            scope=self._section.scopes,
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return address, browser

    def finish(self, browser: str, answer: Mapping[str, str]) -> Person:
        """Finish a sign-on with what the provider sent the browser back with; each can be finished once.

        Args:
            browser: the value of `begin`, from the browser.
            answer: the parameters of the address.

        Raises:
            AccessError: the answer is not for this sign-on, or what the provider signed cannot be believed.
            NetworkError: the provider does not answer.
        """
        with self._lock:
            begun = self._begun.pop(digest(browser), None)
        provider = self._known()
        self._check(begun, answer, provider)
        assert begun is not None
        tokens = self._redeem(provider, begun, answer["code"])
        claims = check_id_token(
            str(tokens.get("id_token") or ""),
            provider,
            client=self._section.client_id,
            nonce=begun.nonce,
            http=self._http,
            now=self._clock(),
        )
        return self._person(self._complete(provider, claims, str(tokens.get("access_token") or "")), begun.back)

    def _known(self) -> Provider:
        with self._lock:
            known = self._provider
        if known is None or known[0] + _FRESH < self._clock():
            known = (self._clock(), discover(self._section.issuer, self._http))
            with self._lock:
                self._provider = known
        return known[1]

    def _check(self, begun: _Begun | None, answer: Mapping[str, str], provider: Provider) -> None:
        if begun is None or begun.at + _PATIENCE < self._clock():
            raise _refused(
                "this sign-on was not begun in this browser, is used already, or took too long", code="DF3540"
            )
        if not hmac.compare_digest(begun.state.encode(), answer.get("state", "").encode()):
            raise _refused("the answer belongs to another sign-on (its state is not ours)", code="DF3541")
        issuer = answer.get("iss", provider.issuer if not provider.tells_issuer else "")
        if issuer != provider.issuer:
            raise _refused("the answer comes from another provider (its issuer is not ours)", code="DF3542")
        if "error" in answer:
            said = answer.get("error_description") or answer["error"]
            raise _refused(f"the provider did not sign you on: {said[:_LONGEST]}", code="DF3543")
        if not answer.get("code"):
            raise _refused("the provider's answer has no code", code="DF3543")

    def _redeem(self, provider: Provider, begun: _Begun, code: str) -> Mapping[str, Any]:
        """The tokens for a code (https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": begun.redirect,
            "code_verifier": begun.verifier,
        }
        return provider.tokens(form, self._section.client_id, self._secret, self._http)

    def _complete(self, provider: Provider, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
        """The claims, with those that only the provider's page about the person has."""
        wanted = (self._section.groups_claim, self._section.name_claim)
        if all(name in claims for name in wanted) or not provider.userinfo_endpoint or not access_token:
            return claims
        return {**provider.about(claims["sub"], access_token, self._http), **claims}

    def _person(self, claims: Mapping[str, Any], back: str) -> Person:
        name = claims.get(self._section.name_claim)
        # Some providers write it as text.
        if self._section.name_claim == "email" and str(claims.get("email_verified", True)).lower() == "false":
            raise _refused("your mail address is not verified at the provider", code="DF3548")
        groups = claims.get(self._section.groups_claim) or []
        listed = groups if isinstance(groups, list) else [groups]
        return Person(
            str(name or claims["sub"]), f"account {claims['sub']}", tuple(str(group) for group in listed), back
        )


def _refused(message: str, *, code: str) -> AccessError:
    return AccessError(message, hint=_AGAIN, code=code)
