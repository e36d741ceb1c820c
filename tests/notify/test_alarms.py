"""What looks find reaches those who want to know: drift, and credentials that end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.core.model import Identity
from deployforge_tasks.notify.pending import wait_for_all
from deployforge_tasks.operations.alarms import tell_ending
from deployforge_tasks.operations.whoami import Account, Accounts
from tests.graph.shelf import ShelfServer
from tests.notify import child
from tests.notify.conftest import Load
from tests.notify.services import Services

NAMES = "npm,pypi,snap"
ROUTES = [{"events": ["drift", "credential_expiring"], "channels": ["webhook"]}]


@pytest.fixture
def environ(services: Services, kept_environ: dict[str, str]) -> dict[str, str]:
    return {**kept_environ, **services.environ}


@pytest.fixture
def released(write: Callable[..., Path], environ: dict[str, str]) -> Path:
    """A project whose release is out everywhere."""
    folder = write({"routes": ROUTES}, conditions={"settle": 0}).parent
    assert child.run(folder, NAMES, "deploy", "--yes", environ=environ).returncode == 0
    return folder


def test_a_strict_look_that_finds_drift_is_told(
    released: Path, services: Services, shelf: ShelfServer, environ: dict[str, str]
) -> None:
    shelf.files.pop(("npm", "1.0.0"))
    done = child.run(released, NAMES, "status", "--strict", environ=environ)
    assert done.returncode == 1, done.stderr
    (message,) = [request.json() for request in services.got["webhook"]]
    assert (message["event"], message["platforms"][0]["name"]) == ("drift", "npm")
    assert "no longer there" in message["reason"]


def test_a_look_that_finds_everything_in_order_is_not_told(
    released: Path, services: Services, environ: dict[str, str]
) -> None:
    assert child.run(released, NAMES, "status", "--strict", environ=environ).returncode == 0
    assert services.got.get("webhook", []) == []


def test_a_look_by_a_person_is_not_told(
    released: Path, services: Services, shelf: ShelfServer, environ: dict[str, str]
) -> None:
    shelf.files.pop(("npm", "1.0.0"))
    child.run(released, NAMES, "status", environ=environ)
    assert services.got.get("webhook", []) == []


def test_a_credential_that_ends_is_told_once(services: Services, load: Load) -> None:
    loaded = load({"routes": ROUTES})
    ends = Identity("mk-bot", expires=datetime.now(UTC) + timedelta(days=2))
    accounts = Accounts("hello-forge", (Account("npm", "npm", "expiring", (), ends, "it ends in 2 days"),))
    for _ in range(2):
        tell_ending(loaded, accounts)
        wait_for_all()
    (message,) = [request.json() for request in services.got["webhook"]]
    assert (message["event"], message["platforms"][0]["name"]) == ("credential_expiring", "npm")
    assert "it ends in 2 days" in message["reason"]
    assert "deployforge login npm" in message["hint"]


def test_accounts_without_an_end_are_not_told(services: Services, load: Load) -> None:
    loaded = load({"routes": ROUTES})
    tell_ending(loaded, Accounts("hello-forge", (Account("npm", "npm", "ok", (), Identity("mk-bot")),)))
    wait_for_all()
    assert services.got.get("webhook", []) == []
