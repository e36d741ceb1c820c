"""What a sender gets, and what all senders over HTTP have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from deployforge_tasks.core.errors import ConfigError, CredentialError, NetworkError, StatusError
from deployforge_tasks.effects.http import Http
from deployforge_tasks.notify.message import Message
from deployforge_tasks.project.schema_channels import Channel

if TYPE_CHECKING:
    import requests

C = TypeVar("C", bound=Channel)


@dataclass(frozen=True)
class Sending(Generic[C]):
    """One try of one message on one channel.

    `to` are mail addresses instead of the channel's own; `author` is the project's author's; `timeout` is in seconds.
    """

    channel: str
    options: C
    secrets: Mapping[str, str] = field(repr=False)
    message: Message
    http: Http
    timeout: float
    to: tuple[str, ...] = ()
    author: str | None = None


def url_of(sending: Sending[Any]) -> str:
    """The channel's secret URL.

    Raises:
        ConfigError: it is none (it is not shown).
    """
    url = sending.secrets["url"]
    if not url.startswith(("https://", "http://")):
        raise malformed(
            f"the address of the channel {sending.channel} does not begin with https://",
            f"copy all of it into {variable(sending.options, 'url')}",
        )
    return url


def malformed(message: str, hint: str) -> ConfigError:
    """A credential of a channel cannot be what it should be."""
    return ConfigError(message, hint=hint, code="DF1402")


def incomplete(message: str, hint: str) -> ConfigError:
    """A channel misses what it needs to know where to send."""
    return ConfigError(message, hint=hint, code="DF1403")


def variable(options: Channel, name: str) -> str:
    """The environment variable that holds a credential."""
    usual = next(c.env[0] for c in options.needs if c.name == name)
    return options.credentials.get(name, usual)


def post(sending: Sending[Any], url: str, *, ok: tuple[int, ...], hint: str, **kwargs: Any) -> requests.Response:
    """One POST; an answer whose status is in `ok`.

    Args:
        sending: for the time it may take.
        url: the secret address.
        ok: the statuses of a message that was taken.
        hint: what to do when the service does not know the address or the credential.
        kwargs: those of `Http.send`.

    Raises:
        CredentialError: the service refuses the address or the credential.
        StatusError: another status; `retry_after` is what the service asks for.
        NetworkError: no answer.
    """
    try:
        return sending.http.send("POST", url, ok=ok, timeout=sending.timeout, allow_redirects=False, **kwargs)
    except StatusError as error:
        said = f": {' '.join(error.body.split())[:200]}" if error.body.strip() else ""
        text = f"{sending.options.kind} answered {error.status}{said}"
        if error.status in (401, 403, 404, 410):
            raise CredentialError(text, hint=hint, code="DF1410") from error
        wait = max(error.retry_after, _asked(error.body))
        raise StatusError(
            text, hint="see what the service says", status=error.status, body=error.body, retry_after=wait
        ) from error
    except NetworkError as error:
        again = NetworkError(error.message, hint="check the network, and the address of the channel")
        raise again from error


def _asked(body: str) -> float:
    """Seconds to wait, where only the body tells them.

    Discord: ``retry_after`` (https://docs.discord.com/developers/topics/rate-limits), Telegram:
    ``parameters.retry_after`` (https://core.telegram.org/bots/api#responseparameters).
    """
    try:
        data = json.loads(body)
        value = data.get("retry_after") or data["parameters"]["retry_after"]
        return max(0.0, float(value))
    except (ValueError, TypeError, KeyError, AttributeError):
        return 0.0
