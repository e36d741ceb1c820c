"""``deployforge notify``: each channel is tried, and says what it is and who is told."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from deployforge_tasks.rehearsal.server import Reply
from tests.cli.conftest import Cli
from tests.notify.services import Services, shown

Screen = Callable[[str, str], None]
Project = Callable[..., None]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services(tmp_path / "services")
    made.start()
    with patch.dict(os.environ, made.environ):
        yield made
    made.stop()


@pytest.fixture
def monitored(cli: Cli, project: Project, services: Services) -> Callable[..., None]:
    """Writes a project with this ``monitoring:`` section."""

    def write(monitoring: dict[str, Any], **sections: Any) -> None:
        project({"npm": {}, "pypi": {}})
        file = cli.folder / "deployforge.yml"
        config = {**yaml.safe_load(file.read_text("utf-8")), "monitoring": {"limit": 3, **monitoring}, **sections}
        file.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")

    return write


def test_a_test_message_is_marked_and_tells_what_the_service_answered(
    cli: Cli, monitored: Any, services: Services
) -> None:
    monitored({"error_notifications": ["slack"], "success_notifications": ["discord"]})

    done = cli("notify", "test")

    assert (done.code, done.err) == (0, "")
    text = shown("slack", services.got["slack"][0])
    assert "[test] hello-forge 1.0.0: the release failed" in text
    assert "only tries the channel" in text
    assert "slack    delivered  ok" in done.out


def test_each_channel_says_whether_it_works_and_what_to_do(
    cli: Cli, monitored: Any, services: Services, screen: Screen
) -> None:
    services.first = [Reply(404, "no_service")]
    monitored({"error_notifications": ["slack", "email", "teams"]}, author={"name": "A", "email": "a@example.com"})
    os.environ.pop("TEAMS_WEBHOOK_URL")
    os.environ["SMTP_URL"] = "smtp://127.0.0.1:9"

    done = cli("notify", "test")

    assert done.code == 1
    screen("notify-test", done.out + done.err)


@pytest.mark.parametrize("case", [("slack", 404, 4), ("slack", 503, 6), ("telegram", 401, 4), ("webhook", 422, 6)])
def test_the_exit_code_tells_credentials_from_the_network(
    cli: Cli, monitored: Any, services: Services, case: tuple[str, int, int]
) -> None:
    channel, status, code = case
    monitored({"limit": 0.3, "error_notifications": [channel], "channels": {"telegram": {"api": services.url}}})
    services.first = [Reply(status, "no")] * 9

    assert cli("notify", "test").code == code


def test_a_test_is_never_quiet(cli: Cli, monitored: Any, services: Services) -> None:
    monitored({"error_notifications": ["slack"]})

    assert [cli("notify", "test", "slack").code for _ in range(2)] == [0, 0]
    assert len(services.got["slack"]) == 2


def test_what_was_sent_as_json(cli: Cli, monitored: Any, services: Services) -> None:
    monitored({"error_notifications": ["slack"]})

    data = cli("notify", "send", "failure", "the mirror is down", "--json").json

    assert (data["schema"], data["event"], data["exit_code"]) == ("deployforge.notify-send/1", "failure", 0)


def test_a_test_as_json(cli: Cli, monitored: Any, services: Services) -> None:
    monitored({"error_notifications": ["slack", "discord"]})
    services.first = [Reply(404, "gone")]

    data = cli("notify", "test", "slack", "--event", "drift", "--json").json

    assert (data["schema"], data["event"], data["exit_code"]) == ("deployforge.notify-test/1", "drift", 4)
    (slack,) = data["channels"]
    assert (slack["outcome"], slack["tries"], slack["error"]["id"]) == ("failed", 1, "DF1410")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("slak",), "did you mean `slack`?"),
        (("--event", "failed"), "did you mean `failure`?"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(cli: Cli, monitored: Any, words: tuple[str, ...], says: str) -> None:
    monitored({"error_notifications": ["slack"]})

    done = cli("notify", "test", *words)

    assert done.code == 2
    assert says in done.err


def test_without_a_channel_the_hint_shows_how_to_begin(cli: Cli, monitored: Any) -> None:
    monitored({})

    done = cli("notify", "test")

    assert done.code == 3
    assert "no channel is set up" in done.err
    assert "error_notifications: [slack]" in done.err
    assert "no channel is set up" in cli("notify", "list").out


def test_the_list_tells_where_secrets_come_from_the_last_message_and_the_routes(
    cli: Cli, monitored: Any, services: Services, screen: Screen
) -> None:
    routes = [{"channels": ["ops"], "platforms": ["npm"], "profile": "production"}]
    ops = {"kind": "slack", "credentials": {"url": "OPS_ROOM"}}
    monitored(
        {"error_notifications": ["slack"], "routes": routes, "channels": {"ops": ops}},
        business={"notifications": {"license_purchased": ["sales@example.com"]}},
    )
    cli("notify", "test", "slack")

    done = cli("notify", "list")

    assert (done.code, done.err) == (0, "")
    screen("notify-list", re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "YYYY-MM-DD HH:MM", done.out))
    channels = {c["name"]: c for c in cli("notify", "list", "--json").json["channels"]}
    assert channels["slack"]["secrets"][0]["found"] == "env SLACK_WEBHOOK_URL"
    assert channels["slack"]["last"]["outcome"] == "delivered"
    assert (channels["ops"]["secrets"][0]["found"], channels["ops"]["last"]) == ("", None)


def test_something_that_others_see_is_told_to_those_who_want_to_know(
    cli: Cli, monitored: Any, services: Services
) -> None:
    routes = [{"channels": ["webhook"], "events": ["license_purchased"]}, {"channels": ["slack"], "events": ["drift"]}]
    monitored({"routes": routes})

    assert cli("notify", "send", "license_purchased", "ACME, 5 seats").code == 0
    assert "quiet" in cli("notify", "send", "license_purchased", "ACME, 5 seats").out
    assert cli("notify", "send", "drift", "an old page", "--platforms", "npm").code == 0
    assert "nobody is told about trial_started" in cli("notify", "send", "trial_started", "x").out

    assert [r.json()["reason"] for r in services.got["webhook"]] == ["ACME, 5 seats"]
    assert "hello-forge 1.0.0: a platform is not as it was released" in shown("slack", services.got["slack"][0])


def test_new_downloads_can_be_about_a_place_that_is_only_counted(cli: Cli, monitored: Any, services: Services) -> None:
    routes = [{"channels": ["webhook"], "events": ["new_downloads"], "platforms": ["flathub"]}]
    monitored({"routes": routes}, analytics={"places": {"flathub": {"app": "com.example.Hello"}}})

    assert cli("notify", "send", "new_downloads", "many for npm", "--platforms", "npm").code == 0
    assert cli("notify", "send", "new_downloads", "1,000 installs", "--platforms", "flathub").code == 0

    assert [r.json()["reason"] for r in services.got["webhook"]] == ["1,000 installs"]
