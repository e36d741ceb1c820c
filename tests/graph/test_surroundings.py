"""What is noted with a run: who started it, what it is made in, and for what its stages waited."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.graph.context import RunContext
from deployforge_tasks.graph.surroundings import actor, flat, surroundings
from deployforge_tasks.operations.deploy import deploy
from tests.graph.shelf import Heard, ShelfServer, load_project, shelves, write_project


def test_a_named_person_comes_before_the_ci_service_and_that_before_the_user_of_the_machine() -> None:
    job = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "anna"}
    assert actor({**job, "DEPLOYFORGE_ACTOR": "bert (dashboard)"}) == "bert (dashboard)"
    assert actor(job) == "anna (github CI)"
    assert actor({"CI": "true", "GITLAB_CI": "true"}) == "gitlab CI"
    assert actor({"CI": "false"})


def test_settings_are_kept_by_their_path() -> None:
    found = dict(flat({"a": {"b": 1, "c": ["x", "y"]}, "d": [{"e": None}]}))
    assert found == {"a.b": "1", "a.c": "x, y", "d[0].e": ""}


def test_a_variable_stands_in_what_is_kept_and_not_its_value(tmp_path: Path) -> None:
    with shelves("shelf"):
        write_project(tmp_path, {"shelf": {"url": "http://127.0.0.1:9", "text": "${GREETING}"}})
        from deployforge_tasks.platforms import registry

        loaded = registry.load(tmp_path / "deployforge.yml", environ={"GREETING": "good morning"})
        assert loaded.options["shelf"].model_dump()["text"] == "good morning"
        found = surroundings(loaded)
    assert found["settings"]["platforms.shelf.text"] == "${GREETING}"
    assert "good morning" not in str(found)


def test_a_run_notes_all_that_with_its_first_event_and_its_row(tmp_path: Path) -> None:
    server = ShelfServer(tmp_path / "server")
    server.start()
    heard = Heard()
    try:
        with shelves("shelf"):
            write_project(tmp_path / "project", {"shelf": {"url": server.url}})
            loaded = load_project(tmp_path / "project")
            result = deploy(loaded, listeners=[heard.events.append])
            context = RunContext(loaded)
            assert result.run is not None
            run = context.ledger.reader().run(result.run)
            context.close()
    finally:
        server.stop()
    (first,) = [event for event in heard.events if event.kind == "run_started"]
    assert set(first.data["environment"]) >= {"deployforge", "python", "system", "commit", "config", "settings"}
    assert run is not None
    assert run.actor
    waited = [event.data["waited"] for event in heard.events if event.kind == "stage_started"]
    assert waited
    assert all(seconds >= 0 for seconds in waited)


def test_a_wait_that_the_other_side_asks_for_is_told_as_a_rate_limit() -> None:
    from deployforge_tasks.core.events import Bus, Event, Log, stage_context

    heard: list[Event] = []
    bus = Bus()
    bus.listen(heard.append)
    Log(bus).waiting(1.0, asked=True)  # outside of any stage nobody waits for it
    with stage_context("npm", "publish"):
        Log(bus).waiting(2.0, asked=True)
        Log(bus).waiting(0.5, asked=False)
    assert [(event.platform, event.data["why"]) for event in heard] == [("npm", "rate limit"), ("npm", "again")]
