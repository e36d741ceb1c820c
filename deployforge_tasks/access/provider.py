"""An OpenID Connect provider as it describes itself (https://openid.net/specs/openid-connect-discovery-1_0.html)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

from deployforge_tasks.core.errors import AccessError, StatusError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import is_loopback, json_body

if TYPE_CHECKING:
    from deployforge_tasks.effects.http import Http

_SUFFIX = "/.well-known/openid-configuration"
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True)
class Provider:
    """What a provider says of itself. `tells_issuer`: each of its answers names it (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    tells_issuer: bool
    takes_basic: bool

    def tokens(self, form: Mapping[str, str], client: str, secret: str, http: Http) -> Mapping[str, Any]:
        """Redeem a code.

        Raises:
            AccessError: the provider refuses it.
            NetworkError: it does not answer.
        """
        auth, data = None, {**form, "client_id": client}
        if secret:
            redactor.add(secret, user=client)
            if self.takes_basic:  # https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
                auth, data = (quote_plus(client), quote_plus(secret)), dict(form)
            else:
                data["client_secret"] = secret
        try:
            answer = http.send("POST", self.token_endpoint, ok=(200,), data=data, auth=auth, allow_redirects=False)
        except StatusError as error:
            if error.retryable:
                raise
            raise AccessError(
                f"the provider did not accept the code (HTTP {error.status})",
                hint="sign on again; if it stays so, the client's id, secret or redirect address is not as registered",
                code="DF3544",
            ) from error
        found = json_body(answer)
        if not isinstance(found, dict):
            raise AccessError("the provider's answer has no tokens", hint="look at its logs", code="DF3544")
        for name in ("access_token", "id_token", "refresh_token"):
            if isinstance(found.get(name), str):
                redactor.add(found[name])
        return found

    def about(self, subject: str, access_token: str, http: Http) -> dict[str, Any]:
        """What the provider's page about a person says; {} if that is about somebody else."""
        headers = {"Authorization": f"Bearer {access_token}"}
        found = http.json(self.userinfo_endpoint, headers=headers, allow_redirects=False)
        return found if isinstance(found, dict) and found.get("sub") == subject else {}


def discover(issuer: str, http: Http) -> Provider:
    """The provider with this issuer.

    Raises:
        AccessError: it says that it is another one, leaves something out, or has an address without https.
        NetworkError: it does not answer.
    """
    found = http.json(f"{issuer.rstrip('/')}{_SUFFIX}")
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        said = found.get("issuer") if isinstance(found, dict) else None
        raise _unusable(f"the provider at {issuer} says that it is {said}")
    missing = [name for name in _NEEDED if not isinstance(found.get(name), str)]
    if missing:
        raise _unusable(f"the provider at {issuer} does not say its {', '.join(missing)}")
    userinfo = found.get("userinfo_endpoint")
    for address in filter(None, [*(found[name] for name in _NEEDED), userinfo]):
        if urlsplit(address).scheme != "https" and not is_loopback(address):
            raise _unusable(f"the provider at {issuer} names {address}, which is not reached by https")
    ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(
        issuer,
        found["authorization_endpoint"],
        found["token_endpoint"],
        found["jwks_uri"],
        userinfo if isinstance(userinfo, str) else "",
        tells_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        takes_basic="client_secret_basic" in ways,
    )


def _unusable(message: str) -> AccessError:
    return AccessError(message, hint="compare `dashboard.oidc.issuer` with the provider's own page", code="DF3545")
