"""A CI service's identity provider on this machine, as GitHub Actions has one for each job.

https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

REPOSITORY = "hello-makers/hello-forge"
REQUEST_TOKEN = "request-token-of-this-job"
_numbers = itertools.count()


def identity(audience: str, repository: str = REPOSITORY) -> str:
    """A token as a CI service makes them; no two are alike."""
    claims = {"aud": audience, "repository": repository, "jti": f"id-{next(_numbers)}"}
    return ".".join(_part(part) for part in ({"alg": "none"}, claims)) + ".c2lnbmF0dXJl"


def _part(data: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


class IdentityProvider(StandIn):
    """Gives out identities; `given` has every one."""

    name = "identity"
    serves = ()

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.given: list[str] = []
        self.repository = REPOSITORY

    @route("GET", r"/identity")
    def _identity(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {REQUEST_TOKEN}":
            return Reply(401, {"message": "Unauthorized"})
        self.given.append(identity(request.query["audience"], self.repository))
        return Reply(200, {"count": 1, "value": self.given[-1]})

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a job with ``permissions: {id-token: write}``."""
        return {
            "CI": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/identity?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {}

    def publications(self) -> list[Publication]:
        return []


@contextmanager
def identity_provider(root: Path) -> Iterator[IdentityProvider]:
    provider = IdentityProvider(root)
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()
