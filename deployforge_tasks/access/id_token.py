"""Checking an ID token (https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import AccessError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

    from deployforge_tasks.access.provider import Provider
    from deployforge_tasks.effects.http import Http

#: Signatures of key pairs only (https://www.iana.org/assignments/jose/).
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
_KEY_PAIRS = ("RSA", "EC", "OKP")
#: Seconds that two clocks may differ by.
_SLACK = 60
_AGAIN = "sign on again; if it stays so, compare the clocks, the client's id and the issuer with those of the provider"


def check_id_token(
    token: str, provider: Provider, *, client: str, nonce: str, http: Http, now: float
) -> dict[str, Any]:
    """The claims of an ID token.

    Args:
        token: as the provider gave it.
        provider: who has to have signed it.
        client: who it has to be for.
        nonce: what the sign-on began with.
        http: how the provider's keys are reached.
        now: seconds since 1970.

    Raises:
        AccessError: it was not signed by the provider with a key pair, is for another client or sign-on, or its time
            is over or has not come.
        NetworkError: the provider does not answer.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    rules = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=_SLACK,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": client},
        nonce={"essential": True, "value": nonce},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = dict(jwt.decode(token, _keys(provider, http), registry=registry).claims)
        rules.validate(claims)
    except (JoseError, ValueError) as error:
        raise AccessError(f"the ID token cannot be believed: {_reason(error)}", hint=_AGAIN, code="DF3546") from error
    others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", "" if others else client) != client:
        raise AccessError("the ID token was made for another client", hint=_AGAIN, code="DF3546")
    return claims


def _keys(provider: Provider, http: Http) -> KeySet:
    """The provider's public keys, asked for each time: people sign on rarely, and keys are changed."""
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    found = http.json(provider.jwks_uri)
    listed = found.get("keys", []) if isinstance(found, dict) else []
    keys = []
    for one in listed:
        if isinstance(one, dict) and one.get("kty") in _KEY_PAIRS and one.get("use", "sig") == "sig":
            with suppress(JoseError, ValueError, KeyError):  # of a kind that nobody here knows
                keys.append(JWKRegistry.import_key(one))
    if not keys:
        raise AccessError("the provider has no public keys that are known here", hint=_AGAIN, code="DF3546")
    return KeySet(keys)


def _reason(error: Exception) -> str:
    """What is wrong, without anything of the token."""
    words = type(error).__name__.removesuffix("Error")
    claim = getattr(error, "claim", "")
    spoken = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in words).strip()
    return f"{spoken} ({claim})" if claim else spoken
