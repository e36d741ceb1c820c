"""Going back from the command line: `rollback` with its plan first, and a deploy that takes back what it did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployforge_tasks.cli import summary
from tests.cli.conftest import Cli
from tests.graph.shelf import ShelfServer

Project = Callable[..., None]
Screen = Callable[[str, str], None]


def released(cli: Cli, *versions: str) -> None:
    for version in versions:
        assert cli("deploy", version, "--yes").code == 0


def test_a_dry_rollback_shows_the_plan_and_sends_nothing(
    cli: Cli, project: Project, server: ShelfServer, screen: Screen
) -> None:
    project({"npm": {}, "pypi": {}})
    released(cli, "v1.0.0", "v1.1.0")
    asked = len(server.journal)
    done = cli("rollback", "--from", "v1.1.0", "--dry-run")

    assert done.code == 0
    assert len(server.journal) == asked
    assert server.taken_back == []
    screen("rollback-plan", done.out + done.err)


def test_the_rollback_does_what_the_plan_said(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}})
    released(cli, "v1.0.0", "v1.1.0")
    plan = cli("rollback", "--from", "v1.1.0", "--dry-run", "--json").json
    done = cli("rollback", "--from", "v1.1.0", "--yes", "--json").json

    assert (plan["planned"], done["planned"]) == (True, False)
    assert plan["platforms"] == done["platforms"]
    assert server.taken_back == [("npm", "1.1.0")]


def test_a_plan_names_what_only_a_person_can_do(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    released(cli, "v1.0.0")
    done = cli("rollback", "--dry-run")

    assert done.code == 0
    assert "by hand" in done.out
    assert "take it off the shelf  http://127.0.0.1" in done.out


def test_a_plan_that_cannot_be_made_says_why(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    released(cli, "v1.0.0")
    done = cli("rollback", "v1.0.0", "--dry-run")

    assert done.code == 8
    assert "no way" in done.out
    assert "DF5501" in done.out


def test_nothing_is_taken_back_unless_somebody_agrees(cli: Cli, project: Project, server: ShelfServer) -> None:
    project({"npm": {}})
    released(cli, "v1.0.0", "v1.1.0")
    done = cli("rollback", "--from", "v1.1.0")

    assert done.code == 2
    assert "look with --dry-run, then add --yes" in done.err
    assert server.taken_back == []


def test_a_person_sees_the_plan_before_the_question(
    cli: Cli, project: Project, server: ShelfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"npm": {}})
    released(cli, "v1.0.0", "v1.1.0")
    monkeypatch.setattr("deployforge_tasks.cli.invocation.Invocation.interactive", True)
    seen: list[str] = []

    def answer(question: str, **_: object) -> bool:
        seen.extend([cli.capture.readouterr().out, question])
        return False

    monkeypatch.setattr("click.confirm", answer)
    done = cli("rollback", "--from", "v1.1.0")

    assert done.code == 130
    assert "back to 1.0.0" in seen[0]
    assert seen[1] == "Take the users of 1 platform from v1.1.0 back to the version before?"
    assert server.taken_back == []


def test_a_failed_release_that_was_taken_back(cli: Cli, project: Project, server: ShelfServer, screen: Screen) -> None:
    project({"npm": {}, "brew": {}, "pypi": {}}, rollback_on_error=True)
    released(cli, "v1.0.0")
    server.refused = {"brew-0"}
    done = cli("deploy", "v1.1.0", "--platforms", "npm,brew", "--yes", "-q")

    assert done.code == 4
    assert server.taken_back == [("npm", "1.1.0")]
    screen("taken-back", f"{done.out}---\n{done.err}")


def test_the_json_tells_what_was_taken_back_and_can_be_read_again(
    cli: Cli, project: Project, server: ShelfServer
) -> None:
    project({"npm": {}, "brew": {}}, rollback_on_error=True)
    server.refused = {"brew-0"}
    document = cli("deploy", "--yes", "--json", "-n", "1").json

    assert document["taken_back"] == {
        "because": ["brew"],
        "platforms": [
            {
                "name": "npm",
                "done": [],
                "manual": [{"text": "take it off the shelf", "url": server.url}],
                "stays": "",
                "error": None,
            }
        ],
    }
    again = summary.from_json(document)
    assert summary.taken_back_lines(again, lambda text, _: text)[-1].split() == [
        "⏸", "npm", "by", "hand", "take", "it", "off", "the", "shelf", server.url,
    ]  # fmt: skip
    assert "take it off the shelf" in summary.as_markdown(again)


def test_a_release_without_a_failure_took_nothing_back(cli: Cli, project: Project) -> None:
    project({"npm": {}}, rollback_on_error=True)

    assert cli("deploy", "--yes", "--json").json["taken_back"] is None
