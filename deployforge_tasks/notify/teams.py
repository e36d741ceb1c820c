"""Microsoft Teams: a workflow "when a Teams webhook request is received", which posts an adaptive card.

https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498,
https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook
"""

from __future__ import annotations

import json
from typing import Any

from deployforge_tasks.notify.message import MARKDOWN
from deployforge_tasks.notify.sending import Sending, post, url_of, variable
from deployforge_tasks.project.schema_channels import TeamsChannel

#: Bytes of a message: "approximately 28 KB" by https://learn.microsoft.com/connectors/teams/#known-issues-and-limitations;
#: room is left for what Teams puts around it.
LONGEST_BODY = 20_000


def send(sending: Sending[TeamsChannel]) -> str:
    """Send the message as a card; says that the workflow was started."""
    message = sending.message
    text = message.text(MARKDOWN, LONGEST_BODY, lambda text: len(_encoded(_body("", text, good=True))))
    body = _encoded(_body(message.headline, text, good=message.good))
    hint = f"make the workflow again and put its address into {variable(sending.options, 'url')}"
    headers = {"Content-Type": "application/json"}
    answer = post(sending, url_of(sending), ok=(200, 202), hint=hint, data=body, headers=headers)
    return f"workflow started ({answer.status_code})"


def _body(headline: str, text: str, *, good: bool) -> dict[str, Any]:
    color = "Good" if good else "Attention"
    title = {
        "type": "TextBlock", "text": headline, "weight": "Bolder", "size": "Medium", "color": color, "wrap": True,
    }  # fmt: skip
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [title, {"type": "TextBlock", "text": text, "wrap": True}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
