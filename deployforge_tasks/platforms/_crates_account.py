"""What a cargo registry tells about a token: only whether it knows it.

crates.io answers ``/api/v1/me`` to browsers alone. What the owner of a token follows is for tokens too, though not for
those with scopes, and the refusal tells a scoped token from a wrong one
(https://github.com/rust-lang/crates.io, ``src/auth.rs`` and ``src/controllers/krate/search.rs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms.base import Job

if TYPE_CHECKING:
    import requests

# crates_io_trustpub, AccessToken: what trusted publishing gives, for half an hour
_TRUSTED = "cio_tp_"
#: No such question at this registry (RFC 9110: not found, method not allowed, not implemented).
_NO_QUESTION = (404, 405, 501)


def identity(job: Job[Any], api: str) -> Identity:
    """What can be told of the job's token; crates.io names neither its owner nor its scopes or its end.

    Raises:
        CredentialError: it is missing, or the registry does not know it.
        NotImplementedError: the registry has no question that needs a token.
        NetworkError: no usable answer.
    """
    token, host = job.secrets.require("token"), urlsplit(api).netloc
    if token.startswith(_TRUSTED):
        note = f"a token lives for 30 minutes; {host} was not asked"
        return Identity("a trusted publisher", ("publish",), note=note)
    answer = _followed(job, api, token)
    if answer.status_code in _NO_QUESTION or (answer.status_code == 200 and _answers_everybody(job, api)):
        raise NotImplementedError
    if answer.status_code == 200:
        note = f"a token without scopes; {host} tells neither its owner nor its end"
        return Identity(_who(host), ("everything that its owner may",), note=note)
    if "required permissions" in answer.text:
        note = f"a token with scopes; {host} tells neither which, nor its owner or its end"
        return Identity(_who(host), note=note)
    raise job.secrets.refused("token", f"{host} does not accept the token: {_reason(answer)}", code="DF2144", url=api)


def _followed(job: Job[Any], api: str, token: str | None) -> requests.Response:
    headers = {"Authorization": token} if token else {}
    url = f"{api.rstrip('/')}/api/v1/crates"
    return job.http.get(url, params={"following": "1"}, ok=(200, 401, 403, *_NO_QUESTION), headers=headers)


def _answers_everybody(job: Job[Any], api: str) -> bool:
    """Whether the registry does not look at the token at all."""
    return _followed(job, api, None).status_code == 200


def _who(host: str) -> str:
    return f"an account that {host} does not name"


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["errors"][0]["detail"])
    except (ValueError, LookupError, TypeError):
        return f"status {answer.status_code}"
