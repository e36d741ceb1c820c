"""Whose personal access token it is, as far as the Marketplace tells: the question that ``vsce verify-pat`` asks."""

from __future__ import annotations

import json
from typing import Any

from deployforge_tasks.core.errors import StatusError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms._gallery import Gallery
from deployforge_tasks.platforms.base import Job

_NO_END = "the Marketplace does not tell when the token ends; none lives longer than a year"


def identity(job: Job[Any], gallery: Gallery) -> Identity:
    """The publisher's members are told to whoever is one of them; where there is one, it is the token's owner.

    Raises:
        CredentialError: the token is missing, refused, or its owner has no role at the publisher.
        NetworkError: no usable answer.
    """
    job.secrets.require("pat")
    publisher = gallery.publisher
    try:
        members = gallery.members()
    except StatusError as error:
        if error.status not in (401, 403, 404):
            raise
        raise job.secrets.refused(
            "pat",
            f"the Marketplace refuses the token for the publisher {publisher}: {_reason(error)}",
            code="DF2146",
            url=error.url,
        ) from error
    if len(members) == 1:
        return Identity(members[0].name, (f"{members[0].role} of {publisher}",), note=_NO_END)
    roles = ", ".join(f"{m.name}: {m.role}" for m in members)
    return Identity(f"a member of {publisher}", note=f"one of {roles}; {_NO_END}" if roles else _NO_END)


def _reason(error: StatusError) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, LookupError, TypeError):
        return f"status {error.status}"
