"""Trading the identity of a CI job for a token of a registry: what trusted publishing has in common everywhere."""

from __future__ import annotations

import json
from typing import Any

from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError
from deployforge_tasks.effects.http import json_body
from deployforge_tasks.platforms.base import Job


def trade(job: Job[Any], title: str, url: str, hint: str, *, absent: str = "", **request: Any) -> str | None:
    """POST an identity and return the token of the answer.

    Args:
        job: of the platform.
        title: who is asked, for people.
        url: where the registry trades.
        hint: what to set up there.
        absent: a 404 whose text lacks this is no refusal: the registry does not trade (then None is returned).
        request: as for `Http.send`.

    Raises:
        CredentialError: the registry refuses.
        NetworkError: no usable answer.
    """
    try:
        answer = json_body(job.http.send("POST", url, allow_redirects=False, **request))
    except StatusError as error:
        if error.status == 404 and (not absent or absent not in error.body):
            return None
        if error.retryable:
            raise
        said = _said(error.body) or f"status {error.status}"
        raise CredentialError(
            f"{title} does not trust this CI job: {said}", hint=hint, code="DF2042", url=url
        ) from error
    token = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise NetworkError("the answer to a trusted publisher has no token", hint="run again later", url=url)
    return token


def _said(body: str) -> str:
    """The reason in a refusal: PyPI's ``errors[].description``, crates.io's ``errors[].detail``, npm's ``message``."""
    try:
        answer = json.loads(body)
        told = [e.get("description") or e.get("detail") for e in answer.get("errors") or ()]
        return "; ".join(filter(None, told)) or str(answer.get("message") or answer.get("error") or "")
    except (ValueError, AttributeError, TypeError):
        return " ".join(body.split())[:200]
