"""`deployforge test`: every failure at once, and nothing published."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.conftest import Cli
from tests.graph.shelf import ShelfServer

Project = Callable[..., None]
Screen = Callable[[str, str], None]


def states(cli: Cli, *words: str) -> dict[tuple[str, str], str]:
    """State by platform and kind of trial."""
    found = cli("test", "--json", *words).json["platforms"]
    return {(p["name"], trial["kind"]): trial["state"] for p in found for trial in p["trials"]}


def test_a_project_that_would_pass(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {}})
    done = cli("test", "-q")
    assert done.code == 0
    screen("test", done.out)


def test_every_failure_comes_at_once(cli: Cli, project: Project, screen: Screen) -> None:
    project(
        {"npm": {}, "brew": {"url": "http://127.0.0.1:9"}, "snap": {"flaw": "the name is taken"}}, retry_on_failure=0
    )
    done = cli("test", "-q")
    assert done.code == 1
    screen("test-failures", done.out)


def test_one_failing_platform_leaves_the_others_alone(cli: Cli, project: Project) -> None:
    project({"npm": {}, "snap": {"flaw": "the name is taken"}})
    found = states(cli)
    assert found["npm", "preflight"] == "ok"
    assert found["snap", "preflight"] == "failed"
    assert found["snap", "connection"] == "ok"


def test_the_exit_code_is_the_class_of_the_failures(cli: Cli, project: Project) -> None:
    project({"snap": {"flaw": "the name is taken"}})
    assert cli("test", "-q").code == 5
    project({"npm": {"url": "http://127.0.0.1:9"}}, retry_on_failure=0)
    assert cli("test", "-q").code == 6
    project({"snap": {"lacks": "there is no token"}})
    assert cli("test", "-q").code == 4


def test_a_platform_that_is_not_required_fails_no_test(cli: Cli, project: Project) -> None:
    project({"npm": {}, "snap": {"flaw": "the name is taken", "required": False}})
    assert cli("test", "-q").code == 0


def test_only_the_named_platforms_are_tried(cli: Cli, project: Project) -> None:
    project({"npm": {}, "pypi": {}})
    assert {name for name, _ in states(cli, "--platforms", "pypi")} == {"pypi"}


def test_testing_sends_nothing(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}})
    cli("test", "-q")
    assert server.accepted == []
    assert [method for method, _, _ in server.journal if method != "GET"] == []


def test_after_a_test_a_deploy_publishes_what_was_checked(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}})
    cli("test", "-q")
    assert cli("deploy", "--yes").code == 0
    assert server.accepted == ["npm-0"]
