"""A server of one's own: the message as JSON, signed so that the server can tell who sent it, and when.

The signature is HMAC-SHA256 over ``<timestamp>.<body>`` with the shared secret; ``docs/how-to/get-told.md`` shows how
to check it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from typing import Any

from deployforge_tasks.notify.message import PLAIN, Message
from deployforge_tasks.notify.sending import Sending, incomplete, post, url_of, variable
from deployforge_tasks.project.schema_channels import WebhookChannel

SCHEMA = "deployforge.notification/1"
LONGEST_TEXT = 20_000


def send(sending: Sending[WebhookChannel]) -> str:
    """Send the message; the status of the answer (any 2xx will do).

    Raises:
        ConfigError: no address is named.
    """
    options, message = sending.options, sending.message
    if not options.url and "url" not in sending.secrets:
        raise incomplete(
            f"nothing says where {sending.channel} is",
            f"set {variable(options, 'url')}, or add `monitoring.channels.{sending.channel}.url`",
        )
    body = json.dumps(document(message), ensure_ascii=False).encode()
    timestamp = str(int(message.at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": message.id,
        "X-DeployForge-Event": message.happening.event,
        "X-DeployForge-Timestamp": timestamp,
    }
    if secret := sending.secrets.get("secret"):
        headers["X-DeployForge-Signature"] = f"sha256={signature(secret, timestamp, body)}"
    hint = "check the address, and that the server has the same secret"
    url = url_of(sending) if "url" in sending.secrets else str(options.url)
    answer = post(sending, url, ok=tuple(range(200, 300)), hint=hint, data=body, headers=headers)
    return f"taken ({answer.status_code})"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What has to stand in ``X-DeployForge-Signature`` after ``sha256=``."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def document(message: Message) -> dict[str, Any]:
    """The message as JSON."""
    happening = message.happening
    return {
        "schema": SCHEMA,
        "id": message.id,
        "at": message.at.isoformat(),
        "event": happening.event,
        "test": happening.test,
        "project": message.project,
        "version": happening.version or None,
        "profile": message.profile,
        "run": happening.run,
        "headline": message.headline,
        "reason": happening.reason,
        "hint": happening.hint,
        "concerns": list(happening.platforms),
        "platforms": [
            {
                "name": line.platform,
                "outcome": line.outcome,
                "reason": line.reason,
                "hint": line.hint,
                "page": line.page or None,
                "seconds": line.seconds,
            }
            for line in happening.lines
        ],
        "parts": [asdict(part) for part in happening.parts],
        "text": message.text(PLAIN, LONGEST_TEXT),
    }
