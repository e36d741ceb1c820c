"""Topics of help: written from the tables that the code reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from deployforge_tasks.cli.root import root
from deployforge_tasks.cli.topics import TOPICS
from deployforge_tasks.core.presence import State
from deployforge_tasks.platforms.registry import platforms
from tests.cli.conftest import Cli

PACKAGE = Path(__file__).parents[2] / "deployforge_tasks"


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_explained(cli: Cli, topic: str) -> None:
    done = cli("help", topic)
    assert (done.code, done.err) == (0, "")
    assert cli("help", topic, "--json").json["schema"].startswith("deployforge.")


def test_the_environment_lists_every_variable_of_ours_that_the_code_reads(cli: Cli) -> None:
    read = {
        name
        for file in PACKAGE.rglob("*.py")
        for name in re.findall(r'(?:environ\.get\(|environ\[|env=)"(DEPLOYFORGE_\w+)"', file.read_text("utf-8"))
    }
    said = cli("help", "environment").out
    assert {name for name in read if name not in said} == set()


def test_the_environment_lists_every_credential(cli: Cli) -> None:
    said = cli("help", "environment").out
    wanted = {name for p in platforms().values() for c in p.credentials for name in c.env}
    assert {name for name in wanted if name not in said} == set()


def test_every_presence_is_explained(cli: Cli) -> None:
    said = cli("help", "presence").out
    assert [str(state) for state in State if not re.search(rf"^ +{state} +\w", said, re.MULTILINE)] == []


def test_an_unknown_topic_suggests_the_nearest(cli: Cli) -> None:
    done = cli("help", "enviroment")
    assert done.code == 2
    assert "did you mean `environment`?" in done.err


def test_an_unknown_id_says_where_ids_are(cli: Cli) -> None:
    done = cli("help", "DF9999")
    assert done.code == 2
    assert "docs/reference/errors.md" in done.err


@pytest.mark.parametrize("words", [("help", "deploy"), ("help",)])
def test_the_help_of_a_command_is_told_as_json_too(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli(*words, "--json").json
    assert done["schema"] == "deployforge.topic/1"
    assert "Usage: deployforge" in done["text"]


@pytest.mark.parametrize("name", root.summaries)
def test_every_command_has_examples_and_says_where_to_go_on(name: str) -> None:
    def examples(command: click.Command | None) -> list[bool]:
        if isinstance(command, click.Group):
            return [has for inner in command.commands.values() for has in examples(inner)]
        return [bool(getattr(command, "examples", ()))]

    command = root.get_command(click.Context(root), name)
    assert all(examples(command))
    assert command is not None
    assert "See also: " in (command.epilog or "")


@pytest.mark.parametrize("name", root.summaries)
def test_no_help_is_wider_than_the_terminal(cli: Cli, name: str) -> None:
    prose = [line for line in cli(name, "-h").out.splitlines() if not line.startswith((" ", "Usage:"))]
    assert [line for line in prose if len(line) > 100] == []


def test_the_man_page_names_every_command(cli: Cli) -> None:
    said = cli("help", "man").out
    assert [name for name in root.summaries if f".SH DEPLOYFORGE {name.upper()}" not in said] == []


def test_a_command_has_its_short_help_option_after_the_man_page_was_written(cli: Cli) -> None:
    for name in root.summaries:  # click keeps the help option that a command made first
        root.get_command(click.Context(root), name)._help_option = None  # type: ignore[union-attr]
    cli("help", "man")
    assert cli("rehearse", "-h").code == 0


def test_the_man_page_is_one_that_man_can_show_without_a_warning(cli: Cli, tmp_path: Path) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not on this machine")
    page = tmp_path / "deployforge.1"
    page.write_text(cli("help", "man").out, encoding="utf-8")
    done = subprocess.run(
        ["groff", "-k", "-man", "-Tutf8", "-ww", str(page)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "at least one platform failed" in done.stdout
