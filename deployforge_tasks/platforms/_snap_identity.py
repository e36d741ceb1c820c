"""Whose login it is that the snap store gets, as the store tells: account, restrictions and end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._snap_options import SnapOptions, store_of
from deployforge_tasks.platforms._snap_store import full_channel
from deployforge_tasks.platforms.base import Job


@dataclass(frozen=True)
class Login:
    """A login as the store describes it; `permissions`, `channels` and `snaps` are None where nothing restricts them.

    `channels` are whole names (``latest/edge``).
    """

    user: str
    email: str
    permissions: tuple[str, ...] | None
    channels: tuple[str, ...] | None
    snaps: tuple[str, ...] | None
    expires: datetime | None

    @property
    def identity(self) -> Identity:
        may = list(self.permissions or ("everything that the account may",))
        may += [f"only the channels {', '.join(self.channels)}"] if self.channels else []
        may += [f"only the snaps {', '.join(self.snaps)}"] if self.snaps else []
        return Identity(self.user, tuple(may), self.expires, self.email)


def login(job: Job[SnapOptions]) -> Login:
    """Ask the store about the job's login (``GET /api/v2/tokens/whoami``).

    Raises:
        CredentialError: it is missing or damaged, or the store refuses it.
        NetworkError: no usable answer.
    """
    job.secrets.require("credentials")
    try:
        told = store_of(job).whoami()
    except CredentialError as error:
        raise job.secrets.refused("credentials", error.message, code=error.code, url=error.url) from error
    except StatusError as error:
        if error.status not in (401, 403):
            raise
        raise job.secrets.refused(
            "credentials", f"the snap store refuses the login: {_reason(error)}", code="DF2143", url=error.url
        ) from error
    return _read(job, told)


def _read(job: Job[SnapOptions], told: dict[str, Any]) -> Login:
    try:
        account = told["account"]
        return Login(
            str(account["username"]),
            str(account.get("email") or ""),
            _names(told.get("permissions")),
            _names([full_channel(str(c)) for c in told.get("channels") or ()]),
            _names([p["name"] for p in told.get("packages") or ()]),
            moment(told.get("expires")),  # in UTC; stores on premises tell none
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise NetworkError(
            "the snap store tells the login in a form that is not known here",
            hint="run again later",
            url=job.options.dashboard,
        ) from error


def _names(values: Any) -> tuple[str, ...] | None:
    return tuple(map(str, values)) if values else None


def _reason(error: StatusError) -> str:
    """What the store says; its errors are ``{"error-list": [{"code": …, "message": …}]}``."""
    try:
        return "; ".join(str(e["message"]) for e in json.loads(error.body)["error-list"])
    except (ValueError, LookupError, TypeError):
        return f"status {error.status}"
