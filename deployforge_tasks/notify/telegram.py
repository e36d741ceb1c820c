"""Telegram: a bot that writes to a chat (https://core.telegram.org/bots/api#sendmessage)."""

from __future__ import annotations

import re

from deployforge_tasks.core.errors import StatusError
from deployforge_tasks.notify.message import TELEGRAM
from deployforge_tasks.notify.sending import Sending, incomplete, malformed, post, variable
from deployforge_tasks.project.schema_channels import TelegramChannel

#: "1-4096 characters after entities parsing": here with its marks, which is never more than that.
LONGEST_TEXT = 4096


def send(sending: Sending[TelegramChannel]) -> str:
    """Send the message; the number that Telegram gave it.

    Raises:
        ConfigError: no chat is named, or the token is none.
    """
    options, token = sending.options, sending.secrets["token"]
    chat = options.chat or sending.secrets.get("chat", "")
    if not chat:
        raise incomplete(
            f"nothing says which chat {sending.channel} writes to",
            f"add `monitoring.channels.{sending.channel}.chat`, or set {variable(options, 'chat')}",
        )
    if not re.fullmatch(r"\d+:[\w-]+", token):
        raise malformed(
            f"{variable(options, 'token')} is no token of a Telegram bot",
            "@BotFather tells it: a number, a colon and letters",
        )
    body = {
        "chat_id": chat,
        "text": sending.message.text(TELEGRAM, LONGEST_TEXT),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    hint = f"check {variable(options, 'token')}, and that the bot is in the chat and may write there"
    url = f"{options.api.rstrip('/')}/bot{token}/sendMessage"
    try:
        answer = post(sending, url, ok=(200,), hint=hint, json=body)
    except StatusError as error:
        if error.status == 400:  # "Bad Request: chat not found"
            error.hint = hint
        raise
    return f"message {answer.json()['result']['message_id']}"
