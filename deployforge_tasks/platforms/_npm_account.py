"""Who an npm token belongs to, what it may do and when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._npm_names import NpmOptions
from deployforge_tasks.platforms._npm_registry import Registry
from deployforge_tasks.platforms.base import Job


def identity(job: Job[NpmOptions], registry: Registry) -> Identity:
    """The owner of the token, and what the registry tells about the token itself.

    The owner is what counts (``/-/whoami``). A registry that keeps its list of tokens to itself is no reason to call
    a token bad, so that only leaves a note.

    Raises:
        CredentialError: the registry does not accept the token.
        NetworkError: no usable answer.
    """
    found = job.secrets.found("token")
    if found and found.short_lived:  # https://docs.npmjs.com/trusted-publishers: it has no account to ask for
        return Identity("a trusted publisher", ("publish",), note="npm gave the token out for this run and one package")
    who = owner(job, registry)
    try:
        token = registry.own_token()
    except NetworkError as error:
        return Identity(who, note=f"the registry does not tell when the token ends ({error.message})")
    if token is None:
        return Identity(who, note="the registry does not tell when the token ends (it lists no such token)")
    return Identity(who, tuple(_rights(token)), moment(token.get("expiry")), _note(token))


def owner(job: Job[NpmOptions], registry: Registry) -> str:
    """The user that the token belongs to; errors as of `identity`."""
    job.secrets.require("token")
    try:
        return registry.whoami()
    except CredentialError as error:
        raise job.secrets.refused("token", error.message, code=error.code, url=error.url) from error


def _rights(token: Mapping[str, Any]) -> Iterator[str]:
    """``package: write`` for each permission, and the places that they are limited to."""
    for permission in _objects(token, "permissions"):
        yield f"{permission.get('name')}: {permission.get('action')}"
    for scope in _objects(token, "scopes"):
        yield f"only the {scope.get('type')} {scope.get('name')}"
    if isinstance(token.get("readonly"), bool):  # tokens of other registries, and those from before 2025
        yield "read" if token["readonly"] else "read and write"


def _note(token: Mapping[str, Any]) -> str:
    # npm 12.2's `npm token create` says so (lib/commands/token.js): https://gh.io/bypass-2fa-tokens-no-longer-publish
    if token.get("bypass_2fa") is True:
        return "it publishes without 2FA, which npm ends in January 2027"
    return ""


def _objects(token: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    values = token.get(key)
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
