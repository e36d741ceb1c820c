"""The identity that a CI service gives a job: short-lived tokens (OpenID Connect) that say which repository runs it.

GitHub Actions makes one for any audience, for a job with ``permissions: {id-token: write}``:
https://docs.github.com/en/actions/reference/security/oidc. GitLab makes those that the job's ``id_tokens:`` name, each
in a variable of its own: https://docs.gitlab.com/ci/secrets/id_token_authentication/.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import Http

GITHUB = "GitHub Actions"
GITLAB = "GitLab"
_REQUEST_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
_REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 - the name of a variable
_SUFFIX = "_ID_TOKEN"


@dataclass(frozen=True)
class CiIdentity:
    """The identity of the job that we run in; `service` names the CI service for people."""

    service: str
    environ: Mapping[str, str]
    http: Http

    def __repr__(self) -> str:
        return f"<identity from {self.service}>"

    def token(self, audience: str) -> str:
        """A token for one audience, masked from now on.

        Raises:
            CredentialError: the service gives none.
            NetworkError: it does not answer.
        """
        found = self._from_github(audience) if self.service == GITHUB else self._from_variables(audience)
        redactor.add(found)
        return found

    def _from_github(self, audience: str) -> str:
        redactor.add(self.environ[_REQUEST_TOKEN])
        headers = {"Authorization": f"Bearer {self.environ[_REQUEST_TOKEN]}", "Accept": "application/json"}
        try:
            answer = self.http.json(self.environ[_REQUEST_URL], params={"audience": audience}, headers=headers)
        except NetworkError as error:
            if error.retryable:
                raise
            raise _no_token(f"{self.service} gives this job no identity: {error.message}") from error
        if not isinstance(answer, dict) or not isinstance(answer.get("value"), str):
            raise _no_token(f"{self.service} gives this job no identity: its answer has no token")
        return str(answer["value"])

    def _from_variables(self, audience: str) -> str:
        for name, value in self.environ.items():
            if name.endswith(_SUFFIX) and audience in _audiences(value):
                return value
        first = audience.partition(":")[0].partition(".")[0].upper()
        raise CredentialError(
            f"this job has no identity token for {audience}",
            hint=f"add `id_tokens: {{{first}{_SUFFIX}: {{aud: '{audience}'}}}}` to the job in .gitlab-ci.yml",
            code="DF2041",
        )


def is_identity(variable: str) -> bool:
    """Whether an environment variable belongs to the identity of a job."""
    return variable in (_REQUEST_URL, _REQUEST_TOKEN) or variable.endswith(_SUFFIX)


def find_identity(environ: Mapping[str, str], http: Http) -> CiIdentity | None:
    """The identity of the job that we run in, if it has one."""
    if environ.get(_REQUEST_URL) and environ.get(_REQUEST_TOKEN):
        return CiIdentity(GITHUB, environ, http)
    if environ.get("GITLAB_CI") and any(environ[name] for name in environ if name.endswith(_SUFFIX)):
        return CiIdentity(GITLAB, environ, http)
    return None


def advice(environ: Mapping[str, str]) -> str:
    """What gives a job of this CI service an identity; "" where we know no way."""
    if environ.get("GITHUB_ACTIONS"):
        return "give the job `permissions: {id-token: write}`"
    return "give the job `id_tokens:`" if environ.get("GITLAB_CI") else ""


def _no_token(message: str) -> CredentialError:
    return CredentialError(message, hint="give the job `permissions: {id-token: write}`", code="DF2040")


def _audiences(token: str) -> list[str]:
    """The audiences that a token (RFC 7519) names; it is not ours to check whether it is genuine."""
    try:
        payload = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        named = claims["aud"]
    except (IndexError, KeyError, TypeError, ValueError):
        return []
    return [named] if isinstance(named, str) else [str(audience) for audience in named]
