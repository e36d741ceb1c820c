"""Discord: a webhook of a channel (https://docs.discord.com/developers/resources/webhook#execute-webhook)."""

from __future__ import annotations

from deployforge_tasks.notify.message import MARKDOWN
from deployforge_tasks.notify.sending import Sending, post, url_of, variable
from deployforge_tasks.project.schema_channels import DiscordChannel

#: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
LONGEST_TITLE = 256
LONGEST_DESCRIPTION = 4096
_GREEN, _RED, _YELLOW = 0x2EB67D, 0xE01E5A, 0xECB22E


def send(sending: Sending[DiscordChannel]) -> str:
    """Send the message as an embed that calls nobody by name; says that Discord took it."""
    message = sending.message
    calm = message.happening.event in ("waiting", "degraded", "stopped", "credential_expiring")
    color = _GREEN if message.good else _YELLOW if calm else _RED
    embed = {
        "title": message.headline[:LONGEST_TITLE],
        "description": message.text(MARKDOWN, LONGEST_DESCRIPTION),
        "color": color,
    }
    hint = f"make a new webhook in the channel's settings and put its address into {variable(sending.options, 'url')}"
    body = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    # Without `wait`, Discord answers before it has looked at the message.
    answer = post(sending, url_of(sending), ok=(200, 204), hint=hint, json=body, params={"wait": "true"})
    return f"taken ({answer.status_code})"
