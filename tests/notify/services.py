"""The services that messages go to, on this machine: they refuse what the real ones refuse by their documentation."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

TOKEN = "4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60qcA"
SLACK_SECRET = "T0AAA111/B0BBB222/canary7d1cXyzNeverSeen"
DISCORD_SECRET = "1234567890/canary-discord-8e2dNeverSeen"
TEAMS_SECRET = "canary-teams-9f3eNeverSeen"


class Services(StandIn):
    """Slack, Discord, Teams, Telegram and a server of one's own; `got` has what was taken, by service.

    `first` are replies that are given before anything is taken; nothing is answered until `held` is set. `ids` has what
    every try of a webhook calls itself.
    """

    name = "services"
    serves = ()

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.got: dict[str, list[Request]] = {}
        self.asked: list[str] = []
        self.ids: list[str] = []
        self.first: list[Reply] = []
        self.arrived = threading.Event()
        self.held = threading.Event()
        self.held.set()  # set: answers

    @property
    def environ(self) -> dict[str, str]:
        """The variables that point every channel here."""
        return {
            "SLACK_WEBHOOK_URL": f"{self.url}/services/{SLACK_SECRET}",
            "DISCORD_WEBHOOK_URL": f"{self.url}/api/webhooks/{DISCORD_SECRET}",
            "TEAMS_WEBHOOK_URL": f"{self.url}/workflows/invoke?sig={TEAMS_SECRET}",
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": "-100200300",
            "WEBHOOK_URL": f"{self.url}/hook",
            "WEBHOOK_SECRET": "canary-hook-secret-NeverSeen",
            "APPRISE_URL": f"json{self.url.removeprefix('http')}/apprise/canary-apprise-NeverSeen",
        }

    @route("POST", rf"/services/{SLACK_SECRET}")
    def slack(self, request: Request) -> Reply:
        return self._take("slack", request, _slack_refuses(request.json()), Reply(200, "ok"))

    @route("POST", rf"/api/webhooks/{DISCORD_SECRET}")
    def discord(self, request: Request) -> Reply:
        return self._take("discord", request, _discord_refuses(request.json()), Reply(200, {"id": "1"}))

    @route("POST", r"/workflows/invoke")
    def teams(self, request: Request) -> Reply:
        if request.query.get("sig") != TEAMS_SECRET:
            return Reply(401, {"error": {"code": "DirectApiInvalidAuthorizationScheme"}})
        too_long = "too large" if len(request.body) > 28_000 else ""
        return self._take("teams", request, too_long, Reply(202))

    @route("POST", r"/bot(?P<token>[^/]+)/sendMessage")
    def telegram(self, request: Request, token: str) -> Reply:
        if token != TOKEN:
            return Reply(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        wrong = _telegram_refuses(request.json())
        return self._take("telegram", request, wrong, Reply(200, {"ok": True, "result": {"message_id": 42}}))

    @route("POST", r"/hook")
    def hook(self, request: Request) -> Reply:
        self.ids.append(request.headers["Idempotency-Key"])
        return self._take("webhook", request, "", Reply(204))

    @route("POST", r"/apprise/.*")
    def apprise(self, request: Request) -> Reply:
        return self._take("apprise", request, "", Reply(200))

    def _take(self, service: str, request: Request, wrong: str, reply: Reply) -> Reply:
        self.asked.append(service)
        self.arrived.set()
        self.held.wait(30)
        if self.first:
            return self.first.pop(0)
        if wrong:
            return Reply(400, {"message": wrong, "description": wrong})
        self.got.setdefault(service, []).append(request)
        return reply

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {}

    def publications(self) -> list[Publication]:
        return []


def shown(service: str, request: Request) -> str:
    """The text that people see of a message."""
    data = request.json()
    if service == "slack":
        return "\n".join(block["text"]["text"] for block in data["blocks"])
    if service == "discord":
        return "\n".join([data["embeds"][0]["title"], data["embeds"][0]["description"]])
    if service == "teams":
        return "\n".join(block["text"] for block in data["attachments"][0]["content"]["body"])
    return str(data["text"]) if service == "telegram" else json.dumps(data, ensure_ascii=False)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _slack_refuses(data: Any) -> str:
    """https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, 150 and 3000 characters."""
    limits = {"header": 150, "section": 3000}
    texts = [(block["type"], block["text"]["text"]) for block in data["blocks"]]
    wrong = len(texts) > 50 or any(not 0 < _length(text) <= limits[kind] for kind, text in texts)
    return "invalid_blocks" if wrong else ""


def _discord_refuses(data: Any) -> str:
    """https://docs.discord.com/developers/resources/message#embed-object-embed-limits."""
    (embed,) = data["embeds"]
    title, text = _length(embed["title"]), _length(embed["description"])
    return "Invalid Form Body" if title > 256 or text > 4096 or title + text > 6000 else ""


def _telegram_refuses(data: Any) -> str:
    """https://core.telegram.org/bots/api#sendmessage and #html-style: a few tags, each closed."""
    from html.parser import HTMLParser

    open_: list[str] = []
    wrong: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            open_.append(tag)
            if tag not in ("b", "i", "a", "code"):
                wrong.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if not open_ or open_.pop() != tag:
                wrong.append(tag)

    parser = Parser()
    parser.feed(data["text"])
    if wrong or open_:
        return f"Bad Request: can't parse entities: {wrong or open_}"
    if not 0 < _length(data["text"]) <= 4096:
        return "Bad Request: message is too long"
    return "" if data["chat_id"] == "-100200300" else "Bad Request: chat not found"
