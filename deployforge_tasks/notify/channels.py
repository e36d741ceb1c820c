"""The channels of a project: which sender each has, and its secrets."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Credential
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.project.routes import channels
from deployforge_tasks.project.schema_channels import Channel
from deployforge_tasks.project.secrets import Vault

if TYPE_CHECKING:
    from deployforge_tasks.notify.sending import Sending
    from deployforge_tasks.project.load import Loaded

Sender = Callable[["Sending[Any]"], str]

#: Where the sender of each kind is; imported when it is used.
_SENDERS = {
    "slack": ("slack", "send"),
    "discord": ("discord", "send"),
    "teams": ("teams", "send"),
    "telegram": ("telegram", "send"),
    "email": ("mail", "send"),
    "webhook": ("webhook", "send"),
    "desktop": ("others", "send_to_desktop"),
    "apprise": ("others", "send"),
}
#: Shorter parts of an address are no secrets.
_SHORTEST_PART = 8


def sender_of(channel: Channel) -> Sender:
    """The function that sends on such a channel."""
    module, name = _SENDERS[channel.kind]
    sender: Sender = getattr(importlib.import_module(f"deployforge_tasks.notify.{module}"), name)
    return sender


def credentials_of(channel: Channel) -> tuple[Credential, ...]:
    """The channel's credentials, each with the variables that are looked at."""
    return tuple(
        replace(c, env=(channel.credentials[c.name],)) if c.name in channel.credentials else c for c in channel.needs
    )


def secrets_of(channel: Channel, loaded: Loaded) -> Mapping[str, str]:
    """The channel's credentials that are set, by their names; from here on they are masked everywhere.

    Only the environment and the env-file are looked at: a keyring may ask a person, and nobody is there at the end.
    """
    wanted = credentials_of(channel)
    found = {name: given.value for name, given in Vault(loaded).given(wanted).items()}
    for credential in wanted:
        if credential.secret and credential.name in found:
            _mask(found[credential.name])
    return found


def check(channel: Channel, secrets: Mapping[str, str]) -> None:
    """Whether a channel has what it cannot do without.

    Raises:
        CredentialError: a variable is not set.
    """
    for credential in credentials_of(channel):
        if credential.required and credential.name not in secrets:
            raise CredentialError(
                f"{credential.env[0]} is not set", hint=f"where to get it: {credential.help}", code="DF1401"
            )


def mask_all(loaded: Loaded) -> None:
    """Mask the secrets of every channel of a project."""
    for channel in channels(loaded.project).values():
        secrets_of(channel, loaded)


def _mask(secret: str) -> None:
    """Mask a secret; of an address each part that lets somebody use it, because errors show parts of addresses."""
    redactor.add(secret)
    if "://" not in secret:
        return
    url = urlsplit(secret)
    path = url.path + (f"?{url.query}" if url.query else "")
    for part in (url.path, path, url.password or "", unquote(url.password or ""), *url.path.split("/")):
        if len(part) >= _SHORTEST_PART or (part and part == url.password):
            redactor.add(part)
    for _, value in parse_qsl(url.query):
        if len(value) >= _SHORTEST_PART:
            redactor.add(value)
