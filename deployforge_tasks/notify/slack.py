"""Slack: an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.notify.message import SLACK
from deployforge_tasks.notify.sending import Sending, post, url_of, variable
from deployforge_tasks.project.schema_channels import SlackChannel

#: https://docs.slack.dev/reference/block-kit/blocks/section-block
LONGEST_SECTION = 3000
#: https://docs.slack.dev/reference/block-kit/blocks/header-block
LONGEST_HEADER = 150


def send(sending: Sending[SlackChannel]) -> str:
    """Send the message as a header and a section; what Slack answered."""
    message = sending.message
    text = message.text(SLACK, LONGEST_SECTION)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": message.headline[:LONGEST_HEADER]}}
    ]
    if text:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    hint = f"make a new incoming webhook in Slack and put its address into {variable(sending.options, 'url')}"
    # `text` is what a notification on a phone shows.
    body = {"text": SLACK.value(message.headline), "blocks": blocks, "unfurl_links": False}
    answer = post(sending, url_of(sending), ok=(200,), hint=hint, json=body)
    return answer.text[:100]
