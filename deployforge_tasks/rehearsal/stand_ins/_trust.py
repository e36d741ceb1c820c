"""The trusted publishers of a registry: identities of CI jobs traded for tokens, as far as rehearsals need it.

An identity is a JSON Web Token (RFC 7519); whether its signature is genuine is not looked at, everything else is.
"""

from __future__ import annotations

import base64
import json
from typing import Any


class Trust:
    """Which repository may publish which packages, and the tokens given out for it.

    Args:
        prefix: what its tokens begin with.
        once: an identity is traded once only.

    Attributes:
        publishers: the trusted ``owner/name`` of each package.
        traded: the package of each token that holds.
        revoked: tokens that were given back.
    """

    def __init__(self, prefix: str, *, once: bool = True) -> None:
        self.publishers: dict[str, str] = {}
        self.traded: dict[str, str] = {}
        self.revoked: list[str] = []
        self._prefix, self._once = prefix, once
        self._used: set[str] = set()

    def trade(self, identity: str, audience: str, package: str = "") -> tuple[str, str]:
        """A token, or "" and why there is none.

        Args:
            package: the one to publish; by default the first that trusts the identity's repository.
        """
        claims = _claims(identity)
        if claims.get("aud") != audience:
            return "", f"the audience is {claims.get('aud')}, not {audience}"
        if self._once and claims.get("jti") in self._used:
            return "", "the identity was used before"
        trusting = [p for p, repository in self.publishers.items() if repository == claims.get("repository")]
        if package and package not in trusting:
            return "", f"{package} has no trusted publisher for {claims.get('repository')}"
        if not trusting:
            return "", f"valid token, but no corresponding publisher for {claims.get('repository')}"
        self._used.add(str(claims.get("jti")))
        token = f"{self._prefix}{len(self.traded) + len(self.revoked):04d}-short-lived"
        self.traded[token] = package or trusting[0]
        return token, ""

    def may_publish(self, token: str, package: str) -> bool:
        return self.traded.get(token) == package

    def revoke(self, token: str) -> bool:
        """Whether the token held until now."""
        if self.traded.pop(token, None) is None:
            return False
        self.revoked.append(token)
        return True


def _claims(identity: str) -> dict[str, Any]:
    try:
        payload = identity.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
