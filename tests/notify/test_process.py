"""The real command in a process of its own: the failure arrives, nothing is held up, and no secret is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.ledger.deliveries import opened
from tests.graph import child as plain
from tests.graph.shelf import ShelfServer
from tests.notify import child
from tests.notify.services import DISCORD_SECRET, SLACK_SECRET, TEAMS_SECRET, TOKEN, Services, shown
from tests.support.canaries import found_below, found_in
from tests.support.faults import hold_before
from tests.support.proxy import FaultProxy

NAMES = "npm,pypi,snap"
SECRETS = [
    SLACK_SECRET,
    DISCORD_SECRET,
    TEAMS_SECRET,
    TOKEN,
    "canary-hook-secret-NeverSeen",
    "canary-apprise-NeverSeen",
    "canary-smtp-NeverSeen",
]
Write = Callable[..., Path]


@pytest.fixture
def environ(services: Services, kept_environ: dict[str, str]) -> dict[str, str]:
    return {**kept_environ, **services.environ}


def test_the_failure_of_a_deploy_arrives(services: Services, write: Write, environ: dict[str, str]) -> None:
    file = write({"error_notifications": ["slack", "webhook"]}, platforms={"pypi": {"flaw": "the name is taken"}})

    done = child.run(file.parent, NAMES, "deploy", "--yes", environ=environ)

    assert done.returncode == 5, done.stdout + done.stderr
    assert "SHELF-001 the name is taken" in shown("slack", services.got["slack"][0])
    assert services.got["webhook"][0].json()["event"] == "failure"
    assert "was not told" not in done.stderr


def test_plain_doit_tells_the_same(services: Services, write: Write, environ: dict[str, str], monkeypatch: Any) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DISCORD_WEBHOOK_URL")
    section = {"error_notifications": ["webhook", "discord"], "success_notifications": ["webhook"]}
    file = write(section, platforms={"pypi": {"flaw": "no"}})

    done = plain.doit(file.parent, NAMES, "deploy")

    assert done.returncode == 5, done.stdout + done.stderr
    assert [r.json()["event"] for r in services.got["webhook"]] == ["failure"]
    assert "warning: discord was not told: DISCORD_WEBHOOK_URL is not set" in done.stderr
    assert plain.doit(file.parent, NAMES, "deploy:npm").returncode == 0
    assert plain.doit(file.parent, NAMES, "rollback:npm", "to=0.9.0").returncode == 0
    assert [r.json()["event"] for r in services.got["webhook"]] == ["failure", "rollback"]


def test_a_channel_that_hangs_delays_neither_the_release_nor_its_result(
    services: Services, write: Write, environ: dict[str, str]
) -> None:
    file = write({"success_notifications": ["slack"], "limit": 3})
    services.held.clear()

    process = child.start(file.parent, NAMES, "deploy", "--yes", environ=environ)
    assert process.stdout is not None
    first = process.stdout.readline()
    shown_at = time.monotonic()
    assert services.arrived.wait(30)
    out, err = process.communicate(timeout=30)

    assert "3 published" in first
    assert process.returncode == 0, out + err
    assert time.monotonic() - shown_at > 1.5, "the result was there long before the message was given up"
    assert "warning: slack was not told: no answer within 3 seconds (`deployforge notify test slack` tries it)" in err


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems where signals can be sent")
def test_ctrl_c_gives_up_what_is_under_way_and_keeps_the_exit_code(
    services: Services, write: Write, environ: dict[str, str]
) -> None:
    file = write({"success_notifications": ["slack"], "limit": 60})
    services.held.clear()

    process = child.start(file.parent, NAMES, "deploy", "--yes", environ=environ)
    assert process.stdout is not None
    assert "3 published" in process.stdout.readline()
    assert services.arrived.wait(30)
    assert any("snap" in line for line in process.stdout)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode == 0
    assert time.monotonic() - start < 15


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems where signals can be sent")
def test_a_run_that_is_stopped_tells_so(
    services: Services, shelf: ShelfServer, write: Write, environ: dict[str, str]
) -> None:
    with FaultProxy(shelf.url) as proxy:
        held = proxy.when("PUT", do=hold_before)
        through = {name: {"url": proxy.url} for name in NAMES.split(",")}
        file = write({"error_notifications": ["webhook"]}, platforms=through)
        process = child.start(file.parent, NAMES, "deploy", "-n", "1", "--yes", environ=environ)
        assert held.wait()
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        held.release()
        out, err = process.communicate(timeout=60)

    assert process.returncode == 143, out + err
    (message,) = [request.json() for request in services.got["webhook"]]
    assert message["event"] == "stopped"
    assert sorted(p["outcome"] for p in message["platforms"]) == ["published", "stopped", "stopped"]


def test_no_secret_is_shown_or_kept_when_everything_fails(
    services: Services, write: Write, environ: dict[str, str], shelf: ShelfServer
) -> None:
    channels = ["slack", "discord", "teams", "telegram", "webhook", "apprise", "email"]
    section = {
        "routes": [{"channels": channels}],
        "limit": 2,
        "channels": {"telegram": {"api": services.url}, "email": {"to": ["a@example.com"], "security": "none"}},
    }
    environ["WEBHOOK_KEY"] = environ["WEBHOOK_SECRET"]
    environ["SMTP_URL"] = "smtp://bot:canary-smtp-NeverSeen@127.0.0.1:9"
    # The last ones are in what the platform says, and so in the message.
    file = write(
        section, platforms={"pypi": {"flaw": "nobody at ${SLACK_WEBHOOK_URL} and ${APPRISE_URL} knows ${WEBHOOK_KEY}"}}
    )
    said = []

    def run(*words: str) -> None:
        done = child.run(file.parent, NAMES, *words, environ=environ)
        said.append((done.stdout + done.stderr).encode())

    run("deploy", "--yes", "-vv")
    for body in [r.body for requests in services.got.values() for r in requests]:
        assert found_in(body, SECRETS) == []
    services.stop()
    for words in (("notify", "test"), ("notify", "test", "--json"), ("notify", "list"), ("notify", "list", "--json")):
        run(*words)
    services.start()

    assert found_in(b"".join(said), SECRETS) == []
    assert found_below([file.parent], SECRETS) == []
    with opened(f"sqlite:///{file.parent / '.deployforge' / 'ledger.db'}") as book:
        rows = book.newest("hello-forge", "", limit=100)
    assert {row.channel for row in rows} == set(channels)
    assert found_in(repr(rows).encode(), SECRETS) == []
