"""Whose a GitHub token is, what it may do in a repository, and when it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployforge_tasks.core.errors import StatusError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms._github_api import Repository
from deployforge_tasks.platforms._github_rest import Rest, Told
from deployforge_tasks.platforms.base import Secrets

APP = "an app's installation"
"""Who a token of Actions (or of another app) is: GitHub does not tell its name."""
APP_NOTE = "GitHub does not tell what an app's token may do; that of Actions ends with its job, others after an hour"
_FINE_GRAINED = "GitHub does not tell the limits of a fine-grained token: the rights are those of the account"


@dataclass(frozen=True)
class Access:
    """A repository as one token sees it: `about` is None when it is not shown, `app` whether the token is an app's."""

    about: Mapping[str, Any] | None
    app: bool
    told: Told

    @property
    def may_write(self) -> bool:
        """Whether writing is allowed, as far as GitHub tells (it tells nothing about apps)."""
        return self.app or bool(((self.about or {}).get("permissions") or {}).get("push"))


def access(hub: Repository, secrets: Secrets) -> Access:
    """What the token of `hub` may do in its repository.

    Raises:
        CredentialError: GitHub refuses the token.
        NetworkError: no usable answer.
    """
    try:
        about, told = hub.about()
    except StatusError as error:
        raise _refused(error, secrets) from error
    seen = Access(about, False, told)
    return Access(about, hub.is_installation(), told) if about is not None and not seen.may_write else seen


def identity(hub: Repository, secrets: Secrets) -> Identity:
    """Whose the token of `hub` is, and what it may do in its repository; errors as of `access`."""
    who, _ = account(hub, secrets)
    seen = access(hub, secrets)
    may, note = list(seen.told.scopes or ()), ""
    if seen.about is None:
        note = f"GitHub shows no repository {hub.name} to this token"
    elif who is None:
        note = APP_NOTE
    else:
        may.append(f"write to {hub.name}" if seen.may_write else f"read {hub.name}")
        note = _FINE_GRAINED if seen.told.scopes is None else ""
    return Identity(who or APP, tuple(may), seen.told.expires, note)


def account(rest: Rest, secrets: Secrets) -> tuple[str | None, Told]:
    """The account of a token (None for that of an app), and what GitHub tells of the token; errors as of `access`."""
    try:
        return rest.user()
    except StatusError as error:
        raise _refused(error, secrets) from error


def _refused(error: StatusError, secrets: Secrets) -> Exception:
    """The refusal of the token itself (401); any other answer stays what it is."""
    if error.status != 401:
        return error
    return secrets.refused("token", f"GitHub refuses the token: {_said(error)}", code="DF2100", url=error.url)


def _said(error: StatusError) -> str:
    """GitHub's own words (``Bad credentials``)."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, LookupError, TypeError):
        return error.message
