"""What `-v` says about plain doit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Cli

Project = Callable[..., None]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("deploy", "--dry-run", "-n", "3"), "doit -n 3 deploy:npm version=1.0.0"),
        (("status",), "doit list --status publish:npm version=1.0.0"),
        (("rollback", "0.9.0", "--yes"), "doit -n 8 rollback:npm to=0.9.0 version=1.0.0"),
        (("test",), "doit -n 8 preflight:npm version=1.0.0"),
        (("graph",), "doit list --all --status version=1.0.0"),
        (("templates", "render"), "doit package:npm version=1.0.0"),
    ],
)
def test_a_verb_names_its_doit_equivalent(cli: Cli, project: Project, words: tuple[str, ...], line: str) -> None:
    project({"npm": {}})
    assert f"the same with doit: {line}\n" in cli(*words, "-v").err
    assert "doit" not in cli(*words).err


def test_an_environment_file_with_a_space_is_quoted(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    (cli.folder / "my secrets.env").write_text("A=b\n", encoding="utf-8")
    assert "'env_file=my secrets.env'" in cli("status", "-v", "--env-file", "my secrets.env").err


def test_json_says_nothing_of_it(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    assert cli("status", "-v", "--json").err == ""
