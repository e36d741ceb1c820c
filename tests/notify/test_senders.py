"""What each service gets: the summary in its own form, never longer than it takes, and whole."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from deployforge_tasks.ledger.deliveries import Delivery
from deployforge_tasks.notify.happening import Happening, Line
from deployforge_tasks.notify.tell import tell
from deployforge_tasks.project.load import Loaded
from tests.notify.conftest import Load
from tests.notify.services import Services, shown

#: Of a module that Apprise imports.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
CHATS = ("slack", "discord", "teams", "telegram", "webhook", "apprise")
FAILURE = Happening(
    "failure",
    version="1.0.0",
    platforms=("pypi",),
    reason="1 of 2 platforms failed",
    hint="run it again",
    lines=(
        Line("npm", "published", "verified by install", "https://npm.example/hello"),
        Line("pypi", "failed", "DF4010 refused <b>& more</b> @everyone", hint="see `twine check`"),
    ),
    run=7,
)


def monitoring(services: Services, *channels: str) -> dict[str, Any]:
    return {"routes": [{"channels": list(channels)}], "channels": {"telegram": {"api": services.url}}}


def told(loaded: Loaded, *happenings: Happening) -> list[Delivery]:
    courier = tell(loaded, f"sqlite:///{loaded.root / 'ledger.db'}", *happenings)
    assert courier is not None
    return list(courier.wait())


@pytest.mark.parametrize("service", CHATS)
def test_a_message_has_the_summary_the_link_and_the_hints(services: Services, load: Load, service: str) -> None:
    (delivery,) = told(load(monitoring(services, service)), FAILURE)

    assert (delivery.outcome, delivery.tries) == ("delivered", 1), delivery.reason
    text = shown(service, services.got[service][0])
    assert "hello-forge 1.0.0: the release failed" in text
    assert "https://npm.example/hello" in text
    assert "DF4010 refused" in text
    assert "twine check" in text
    assert "run it again" in text


@pytest.mark.parametrize("service", CHATS)
@pytest.mark.parametrize("platforms", [1, 200])
def test_a_message_is_never_longer_than_the_service_takes(
    services: Services, load: Load, service: str, platforms: int
) -> None:
    lines = [Line(f"good{n}", "published", "\N{ROCKET}" * 5000, f"https://good.example/{n}") for n in range(platforms)]
    bad = Line("bad", "failed", "<" * 5000, hint="`" + "_" * 5000)
    happening = Happening("failure", "1.0.0", ("bad",), "&" * 5000, "h" * 5000, (*lines, bad))

    (delivery,) = told(load(monitoring(services, service)), happening)

    assert delivery.outcome == "delivered", delivery.reason
    text = shown(service, services.got[service][0])
    assert "bad" in text, "what went wrong is never left out for what went well"
    if platforms > 1 and service != "webhook":
        assert "more" in text


def test_values_cannot_write_marks_links_or_call_people(services: Services, load: Load) -> None:
    evil = "<!channel> [x](https://evil.example) *bold* <a href='https://evil.example'>x</a>"
    happening = Happening(
        "failure", "1.0.0", ("npm",), evil, lines=(Line("npm", "failed", evil, "javascript:alert(1)"),)
    )

    told(load(monitoring(services, "slack", "discord", "teams", "telegram")), happening)

    slack = shown("slack", services.got["slack"][0])
    assert "<!channel>" not in slack
    assert "&lt;!channel&gt;" in slack
    assert services.got["discord"][0].json()["allowed_mentions"] == {"parse": []}
    for service in ("discord", "teams"):
        assert r"\[x\](https://evil.example) \*bold\*" in shown(service, services.got[service][0])
    assert "<a href" not in shown("telegram", services.got["telegram"][0])
    assert all("javascript" not in shown(service, r[0]) for service, r in services.got.items())


def test_a_webhook_is_signed_over_time_and_body(services: Services, load: Load) -> None:
    told(load(monitoring(services, "webhook")), FAILURE)

    (request,) = services.got["webhook"]
    secret, timestamp = services.environ["WEBHOOK_SECRET"], request.headers["X-DeployForge-Timestamp"]
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-DeployForge-Signature"] == f"sha256={expected}"
    data = request.json()
    assert request.headers["Idempotency-Key"] == data["id"]
    assert (data["schema"], data["event"], data["concerns"]) == ("deployforge.notification/1", "failure", ["pypi"])
    assert [(p["name"], p["outcome"]) for p in data["platforms"]] == [("npm", "published"), ("pypi", "failed")]


def test_a_webhook_without_a_secret_is_not_signed(services: Services, load: Load) -> None:
    told(load(monitoring(services, "webhook"), environ={"WEBHOOK_SECRET": ""}), FAILURE)

    assert "X-DeployForge-Signature" not in services.got["webhook"][0].headers


def test_a_webhook_may_have_its_address_in_the_file(services: Services, load: Load) -> None:
    section = {
        "routes": [{"channels": ["mine"]}],
        "channels": {"mine": {"kind": "webhook", "url": f"{services.url}/hook"}},
    }

    told(load(section, environ={"WEBHOOK_URL": ""}), FAILURE)

    assert len(services.got["webhook"]) == 1


def test_another_variable_can_hold_the_secret(services: Services, load: Load) -> None:
    section = {
        "routes": [{"channels": ["ops"]}],
        "channels": {"ops": {"kind": "slack", "credentials": {"url": "OPS_ROOM"}}},
    }
    environ = {"OPS_ROOM": services.environ["SLACK_WEBHOOK_URL"], "SLACK_WEBHOOK_URL": ""}

    (delivery,) = told(load(section, environ=environ), FAILURE)

    assert (delivery.channel, delivery.outcome) == ("ops", "delivered")


@pytest.mark.parametrize(
    ("service", "environ", "says"),
    [
        ("slack", {"SLACK_WEBHOOK_URL": ""}, "SLACK_WEBHOOK_URL is not set"),
        ("slack", {"SLACK_WEBHOOK_URL": "hooks.example/x"}, "does not begin with https://"),
        ("telegram", {"TELEGRAM_BOT_TOKEN": "wrong"}, "TELEGRAM_BOT_TOKEN is no token"),
        ("telegram", {"TELEGRAM_CHAT_ID": ""}, "nothing says which chat"),
        ("telegram", {"TELEGRAM_CHAT_ID": "@nobody"}, "chat not found"),
        ("telegram", {"TELEGRAM_BOT_TOKEN": "1:unknown_token_of_somebody"}, "answered 401"),
        ("webhook", {"WEBHOOK_URL": ""}, "nothing says where"),
        ("apprise", {"APPRISE_URL": "nosuch://x"}, "Apprise cannot use the address"),
        ("apprise", {"APPRISE_URL": "json://127.0.0.1:9/x"}, "Apprise could not deliver"),
    ],
)
def test_a_channel_that_cannot_be_used_says_why(
    services: Services, load: Load, service: str, environ: dict[str, str], says: str
) -> None:
    (delivery,) = told(load({**monitoring(services, service), "limit": 1}, environ=environ), FAILURE)

    assert delivery.outcome == "failed"
    assert says in delivery.reason


def test_apprise_is_asked_for_only_when_it_is_used(
    services: Services, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "apprise", None)
    slack, apprise = told(load(monitoring(services, "slack", "apprise")), FAILURE)

    assert slack.outcome == "delivered"
    assert "needs the `apprise` package" in apprise.reason


def test_a_template_of_ones_own_replaces_one_form_and_leaves_the_others(services: Services, load: Load) -> None:
    loaded = load({**monitoring(services, "slack", "discord"), "templates": "texts"})
    own = loaded.root / "texts" / "slack"
    (own / "{{cookiecutter.root}}").mkdir(parents=True)
    (own / "cookiecutter.json").write_text("{}")
    (own / "{{cookiecutter.root}}" / "message.txt").write_text("Ours: {{ cookiecutter.reason }}")

    told(loaded, FAILURE)

    assert shown("slack", services.got["slack"][0]).endswith("Ours: 1 of 2 platforms failed")
    assert "Ours" not in shown("discord", services.got["discord"][0])


def test_a_template_that_cannot_be_rendered_is_told_as_a_failure_of_its_channel(services: Services, load: Load) -> None:
    loaded = load({**monitoring(services, "slack", "discord"), "templates": "texts"})
    own = loaded.root / "texts" / "slack" / "{{cookiecutter.root}}"
    own.mkdir(parents=True)
    (own.parent / "cookiecutter.json").write_text("{}")
    (own / "message.txt").write_text("{{ cookiecutter.nosuch }}")

    slack, discord = told(loaded, FAILURE)

    assert (slack.outcome, discord.outcome) == ("failed", "delivered")
    assert "cannot be rendered" in slack.reason


def test_a_template_is_held_in_a_sandbox(services: Services, load: Load) -> None:
    loaded = load({**monitoring(services, "slack"), "templates": "texts"})
    own = loaded.root / "texts" / "slack" / "{{cookiecutter.root}}"
    own.mkdir(parents=True)
    (own.parent / "cookiecutter.json").write_text("{}")
    (own / "message.txt").write_text("{{ cookiecutter.lines.__class__.__mro__ }}")

    (slack,) = told(loaded, FAILURE)

    assert slack.outcome == "failed"
    assert services.asked == []
