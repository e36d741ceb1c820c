"""What a run tells at its end, and whom; rehearsals, looks and runs that did nothing tell nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployforge_tasks.core.errors import PublishError
from deployforge_tasks.notify import pending
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.rollback import rollback
from deployforge_tasks.rehearsal.server import Reply
from tests.graph.shelf import Shelf, ShelfServer
from tests.notify.conftest import Load
from tests.notify.services import Services


@pytest.fixture
def everything(load: Load) -> Any:
    """A project that tells everything to a webhook."""

    def made(**platforms: dict[str, Any]) -> Any:
        return load({"routes": [{"channels": ["webhook"]}]}, platforms=platforms)

    return made


def messages(services: Services) -> list[dict[str, Any]]:
    """What was told, once it all is."""
    assert pending.wait_for_all() == []
    return [request.json() for request in services.got.get("webhook", [])]


def test_a_release_that_went_well(services: Services, everything: Any) -> None:
    result = deploy(everything())

    (message,) = messages(services)
    assert (message["event"], message["run"], message["version"]) == ("success", result.run, "1.0.0")
    assert message["concerns"] == ["npm", "pypi", "snap"]
    assert message["reason"] == "3 of 3 platforms released"
    assert {p["outcome"] for p in message["platforms"]} == {"published"}
    assert message["platforms"][0]["reason"] == "verified by install (shelf 1)"


def test_a_failure_names_what_failed_why_and_what_to_do(services: Services, everything: Any) -> None:
    deploy(everything(pypi={"flaw": "the name is taken"}))

    (message,) = messages(services)
    assert (message["event"], message["concerns"]) == ("failure", ["pypi"])
    assert message["reason"] == "1 of 3 platforms failed; pypi: DF3010 SHELF-001 the name is taken"
    assert "run the same command again" in message["hint"]
    pypi = next(p for p in message["platforms"] if p["name"] == "pypi")
    assert (pypi["outcome"], pypi["hint"]) == ("failed", "mend it")


def test_a_failure_of_a_platform_that_is_not_required_degrades(services: Services, everything: Any) -> None:
    result = deploy(everything(pypi={"flaw": "no", "required": False}))

    (message,) = messages(services)
    assert result.exit_code == 0
    assert (message["event"], message["concerns"]) == ("degraded", ["pypi"])


def test_a_release_that_waits_for_a_review(services: Services, everything: Any, shelf: ShelfServer) -> None:
    loaded = everything()
    deploy(loaded, platforms=["npm"])
    shelf.pending = True
    deploy(loaded, platforms=["npm"])

    message = messages(services)[-1]
    assert (message["event"], message["concerns"]) == ("waiting", ["npm"])
    assert "in review" in message["reason"]


def test_a_rollback(services: Services, everything: Any) -> None:
    loaded = everything()
    deploy(loaded, platforms=["npm"])
    rollback(loaded, platforms=["npm"], to="0.9.0")

    message = messages(services)[-1]
    assert (message["event"], message["concerns"]) == ("rollback", ["npm"])
    assert "back to 0.9.0" in message["platforms"][0]["reason"]


def test_a_rollback_that_fails_is_a_failure(
    services: Services, everything: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise PublishError("the shelf is locked", hint="unlock it")

    loaded = everything()
    deploy(loaded, platforms=["npm"])
    monkeypatch.setattr(Shelf, "rollback", refuse)
    rollback(loaded, platforms=["npm"], to="0.9.0")

    message = messages(services)[-1]
    assert (message["event"], message["concerns"]) == ("failure", ["npm"])
    assert "the shelf is locked" in message["reason"]


def test_a_run_that_had_nothing_to_do_is_no_news(services: Services, everything: Any) -> None:
    loaded = everything()
    deploy(loaded)
    deploy(loaded)

    assert [m["event"] for m in messages(services)] == ["success"]


def test_success_is_told_after_a_failure_though_the_rest_was_there(services: Services, everything: Any) -> None:
    deploy(everything(pypi={"flaw": "no"}))
    deploy(everything())

    assert [(m["event"], m["concerns"]) for m in messages(services)] == [
        ("failure", ["pypi"]),
        ("success", ["pypi"]),
    ]


def test_two_runs_that_fail_alike_are_one_message(services: Services, everything: Any) -> None:
    loaded = everything(pypi={"flaw": "no"})
    deploy(loaded)
    deploy(loaded)

    assert len(messages(services)) == 1


def test_a_look_and_a_rehearsal_tell_nobody(services: Services, everything: Any) -> None:
    loaded = everything(pypi={"flaw": "no"})
    deploy(loaded, dry_run=True)
    deploy(loaded, loopback_only=True)

    assert messages(services) == []


def test_only_those_are_told_who_want_to_know(services: Services, load: Load) -> None:
    routes = [
        {"channels": ["slack"], "events": ["success"]},
        {"channels": ["discord"], "events": ["failure"], "platforms": ["npm"]},
        {"channels": ["teams"], "profile": "production"},
        {"channels": ["webhook"], "platforms": ["pypi"]},
    ]
    loaded = load({"routes": routes}, platforms={"pypi": {"flaw": "no"}})
    deploy(loaded)
    assert messages(services)
    assert services.asked == ["webhook"]

    deploy(replace(loaded, profile="production"))
    messages(services)
    assert sorted(services.asked) == ["teams", "webhook", "webhook"]


def test_the_two_short_forms(services: Services, load: Load) -> None:
    section = {"error_notifications": ["slack", "webhook"], "success_notifications": ["discord"]}
    deploy(load(section, platforms={"pypi": {"flaw": "no"}}))
    messages(services)
    assert sorted(services.asked) == ["slack", "webhook"]

    deploy(load(section))
    messages(services)
    assert sorted(services.asked) == ["discord", "slack", "webhook"]


def test_a_dead_notifier_changes_nothing_about_the_release(services: Services, everything: Any) -> None:
    services.first = [Reply(404)]

    result = deploy(everything())

    assert (result.exit_code, result.outcome) == (0, "ok")
    assert [d.channel for d in pending.wait_for_all()] == ["webhook"]
