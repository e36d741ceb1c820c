"""Whole screens, compared with files: a change of what people see is seen in review."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest

from deployforge_tasks.cli.root import root
from tests.cli.conftest import Cli
from tests.graph.shelf import ShelfServer

Screen = Callable[[str, str], None]
Project = Callable[..., None]


def commands() -> Iterator[tuple[str, ...]]:
    """Every command, and those of the groups."""
    context = click.Context(root)
    for name in root.summaries:
        yield (name,)
        command = root.get_command(context, name)
        yield from ((name, inner) for inner in (command.commands if isinstance(command, click.Group) else ()))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("help", ("--help",)),
        *((f"help-{'-'.join(words)}", (*words, "-h")) for words in commands()),
        ("help-exit-codes", ("help", "exit-codes")),
        ("help-error", ("help", "DF4010")),
    ],
)
def test_help(cli: Cli, screen: Screen, name: str, words: tuple[str, ...]) -> None:
    done = cli(*words)
    assert (done.code, done.err) == (0, "")
    screen(name, done.out)


def test_plan(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {"pieces": 3}, "brew": {}, "snap": {"enabled": False}})
    screen("plan", cli("deploy", "--dry-run").out)


def test_plan_of_what_is_partly_done_and_partly_unreachable(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {}, "brew": {"url": "http://127.0.0.1:9"}}, retry_on_failure=0)
    assert cli("deploy", "--platforms", "npm", "--yes").code == 0
    done = cli("deploy", "--dry-run")
    assert done.code == 6
    screen("plan-unreachable", done.out + done.err)


def test_summary_of_a_release_that_went_well(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {"pieces": 3}, "brew": {}})
    done = cli("deploy", "--yes")
    assert done.code == 0
    screen("summary", done.out)


def test_progress_is_one_line_per_change(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}})
    screen("lines", cli("deploy", "--yes").err)


def test_progress_of_a_release_that_was_there(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}})
    cli("deploy", "--yes")
    done = cli("deploy", "--yes")
    screen("again", done.out + done.err)


def test_a_failed_release(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "snap": {"flaw": "the token expires in 2 days"}})
    done = cli("deploy", "--yes", "-q")
    assert done.code == 5
    screen("failed", done.out + done.err)


def test_status(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {}})
    cli("deploy", "--platforms", "npm", "--yes")
    screen("status", cli("status").out)


def test_status_of_what_users_do_not_get(cli: Cli, project: Project, server: ShelfServer, screen: Screen) -> None:
    project({"npm": {}, "pypi": {}, "snap": {}}, settle=0)
    for version in ("1.0.0", "1.1.0"):
        cli("deploy", version, "--yes")
    server.newest["npm"] = "1.0.0"
    server.files.pop(("snap", "1.1.0"))
    done = cli("status", "1.1.0", "--strict")
    assert done.code == 1
    screen("status-drift", done.out)


def test_a_quiet_strict_status_shows_only_what_is_not_as_it_should_be(cli: Cli, project: Project) -> None:
    project({"npm": {}, "pypi": {}})
    cli("deploy", "--yes", "--platforms", "npm")
    done = cli("status", "--strict", "-q")
    assert done.code == 1
    assert [line.split()[1] for line in done.out.splitlines()[3:]] == ["pypi"]


def test_rollback(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "pypi": {}})
    cli("deploy", "--yes")
    done = cli("rollback", "--yes")
    assert done.code == 8
    screen("rollback", done.out)


def test_configuration_errors_come_all_at_once_with_their_place(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {"urll": "x"}, "pypi": {"pieces": "many"}})
    done = cli("config", "check")
    assert (done.code, done.out) == (3, "")
    screen("config-errors", done.err)


def test_configuration_with_warnings(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}, "snap": {"enabled": False}})
    done = cli("config", "check")
    assert done.code == 0
    screen("config-check", done.out + done.err)


def test_a_platform(cli: Cli, project: Project, screen: Screen) -> None:
    project({"npm": {}})
    screen("platforms-show", cli("platforms", "show", "brew").out)
    screen("platforms-list", cli("platforms", "list").out)
