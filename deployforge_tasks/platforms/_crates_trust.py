"""Trusted publishing of crates.io: https://crates.io/docs/trusted-publishing.

The protocol is that of https://github.com/rust-lang/crates-io-auth-action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from deployforge_tasks.core.endpoints import CRATES_API
from deployforge_tasks.platforms._trusted import trade
from deployforge_tasks.platforms.base import Job

_PATH = "/api/v1/trusted_publishing/tokens"


def token(job: Job[Any], identity: Callable[[str], str], api: str, crate: str) -> str | None:
    """A token that publishes the crate for 30 minutes; None where the registry does not trade.

    Raises:
        CredentialError: the crate is not there yet or has no such publisher, or the job has no identity.
    """
    api = api.rstrip("/")
    hint = (
        f"add this repository and its workflow file as a trusted publisher at {CRATES_API}/crates/{crate}/settings; "
        "crates.io wants the crate there first, so publish its first version with CARGO_REGISTRY_TOKEN"
    )
    request = {"jwt": identity(urlsplit(api).netloc)}
    return trade(job, "crates.io", f"{api}{_PATH}", hint, absent="errors", json=request)


def revoke(job: Job[Any], api: str, token: str) -> None:
    """Make a token worthless."""
    headers = {"Authorization": f"Bearer {token}"}
    job.http.send("DELETE", f"{api.rstrip('/')}{_PATH}", ok=(200, 204), headers=headers)
