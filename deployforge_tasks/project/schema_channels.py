"""The channels that people are told by: ``monitoring.channels`` of ``deployforge.yml``. Secrets are only named."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from deployforge_tasks.core.endpoints import TELEGRAM_API
from deployforge_tasks.core.model import Credential
from deployforge_tasks.project.strict import Strict

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Channel(Strict):
    """What every channel's section may say."""

    needs: ClassVar[tuple[Credential, ...]] = ()
    """The credentials of this kind, with the usual variables."""
    kind: str
    credentials: dict[str, str] = Field(default_factory=dict)
    """The credential's name -> the environment variable that holds it, instead of the usual one."""

    @field_validator("credentials")
    @classmethod
    def _variables(cls, value: dict[str, str]) -> dict[str, str]:
        known = [credential.name for credential in cls.needs]
        for name, variable in value.items():
            if name not in known:
                raise ValueError(f"there is no credential `{name}` here, only {' and '.join(known) or 'none'}")
            if not _VARIABLE.fullmatch(variable):  # not shown: it may be the secret itself
                raise ValueError(f"`{name}` needs the name of a variable; if a secret stood here, revoke it")
        return value


class SlackChannel(Channel):
    """An incoming webhook of Slack."""

    needs = (Credential("url", ("SLACK_WEBHOOK_URL",), "your app in Slack, Incoming Webhooks, Add New Webhook"),)
    kind: Literal["slack"] = "slack"


class DiscordChannel(Channel):
    """A webhook of a Discord channel."""

    needs = (Credential("url", ("DISCORD_WEBHOOK_URL",), "settings of the channel in Discord, Integrations, Webhooks"),)
    kind: Literal["discord"] = "discord"


class TeamsChannel(Channel):
    """A workflow of Microsoft Teams that takes a webhook request and posts its adaptive card."""

    needs = (Credential("url", ("TEAMS_WEBHOOK_URL",), "menu of the channel in Teams, Workflows, Send webhook alerts"),)
    kind: Literal["teams"] = "teams"


class TelegramChannel(Channel):
    """A chat that a Telegram bot writes to."""

    needs = (
        Credential("token", ("TELEGRAM_BOT_TOKEN",), "write /newbot to @BotFather in Telegram"),
        Credential("chat", ("TELEGRAM_CHAT_ID",), "the chat's number or @name", required=False, secret=False),
    )
    kind: Literal["telegram"] = "telegram"
    chat: str | None = None
    """The chat's number or `@name`; the variable TELEGRAM_CHAT_ID if not given."""
    api: str = TELEGRAM_API
    """A Bot API server of one's own."""

    @field_validator("chat", mode="before", json_schema_input_type=str | int | None)
    @classmethod
    def _text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class EmailChannel(Channel):
    """E-mail over a server that takes mail for sending."""

    needs = (
        Credential(
            "url",
            ("SMTP_URL",),
            "smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465, with ?to=…&from=… if wanted",
            required=False,
        ),
        Credential("password", ("SMTP_PASSWORD",), "the password of `user`", required=False),
    )
    kind: Literal["email"] = "email"
    to: list[str] = Field(default_factory=list)
    """Who gets it; the author if nobody is named."""
    sender: str | None = Field(default=None, alias="from")
    """The sender's address; the user's name or the first receiver if not given."""
    server: str | None = None
    """Host name of the server; the variable SMTP_URL can hold all of it instead."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """587 for `starttls`, 465 for `tls`, 25 for `none`, if not given."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`: encrypted after a greeting; `tls`: encrypted from the start; `none`: plain, and never with a password
    unless the server is this machine."""
    user: str | None = None
    """Name to log in with; the password is in SMTP_PASSWORD."""


class WebhookChannel(Channel):
    """A server of one's own that gets the message as JSON, signed if there is a secret."""

    needs = (
        Credential("url", ("WEBHOOK_URL",), "the address of your own server", required=False),
        Credential("secret", ("WEBHOOK_SECRET",), "any long random text that your server knows too", required=False),
    )
    kind: Literal["webhook"] = "webhook"
    url: str | None = None
    """Where it is sent; the variable WEBHOOK_URL if not given."""

    @field_validator("url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/]", value):
            raise ValueError("must be a URL with http:// or https://")
        return value


class DesktopChannel(Channel):
    """A notification on the desktop of this machine (needs the `notify` extra)."""

    kind: Literal["desktop"] = "desktop"


class AppriseChannel(Channel):
    """Any other service that Apprise knows, by its URL (needs the `notify` extra)."""

    needs = (Credential("url", ("APPRISE_URL",), "the service's URL as Apprise's documentation describes it"),)
    kind: Literal["apprise"] = "apprise"


AnyChannel = Annotated[
    SlackChannel
    | DiscordChannel
    | TeamsChannel
    | TelegramChannel
    | EmailChannel
    | WebhookChannel
    | DesktopChannel
    | AppriseChannel,
    Field(discriminator="kind"),
]
#: The kinds that need no section of their own: their name is enough in a route.
KINDS = ("slack", "discord", "teams", "telegram", "email", "webhook", "desktop", "apprise")


def with_kinds(value: Any) -> Any:
    """The sections of channels with their kind: a channel that is named after one is of that kind."""
    if not isinstance(value, dict):
        return value
    return {name: _with_kind(str(name), section) for name, section in value.items()}


def _with_kind(name: str, section: Any) -> Any:
    section = {} if section is None else section
    if not isinstance(section, dict):
        return section
    kind = section.get("kind", name)
    if kind not in KINDS:
        raise ValueError(f"`{name}` needs a `kind:`, one of {', '.join(KINDS)}")
    return {"kind": kind, **section}


def any_of(schema: dict[str, Any]) -> None:
    """Let the JSON Schema take a section without its kind, which may follow from its name."""
    section = schema["additionalProperties"]
    schema["additionalProperties"] = {"anyOf": [*section["oneOf"], {"type": "null"}]}
