"""Command lines with a mistake: nothing is done, the sentence says what is wrong and the hint what to do."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Cli

Project = Callable[..., None]

#: Every command that takes a version.
_TAKE_A_VERSION = (
    ["deploy", "--yes"],
    ["diff"],
    ["graph"],
    ["rehearse"],
    ["rollback"],
    ["rollback", "--from"],
    ["status"],
    ["templates", "render"],
    ["test"],
    ["verify"],
)


@pytest.mark.parametrize("words", _TAKE_A_VERSION, ids=" ".join)
@pytest.mark.parametrize("text", ["vv1", "1", "latest", "../x"])
def test_what_is_no_version_is_a_mistake_everywhere(cli: Cli, words: list[str], text: str) -> None:
    done = cli(*words, text)
    assert (done.code, done.out) == (2, "")
    assert f"error: `{text}` is not a version" in done.err
    assert "hint: " in done.err


@pytest.mark.parametrize("words", _TAKE_A_VERSION, ids=" ".join)
def test_an_empty_version_never_means_the_usual_one(cli: Cli, words: list[str]) -> None:
    done = cli(*words, "")
    assert (done.code, done.out) == (2, "")
    assert "the version is empty" in done.err


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "soon", "10 years", "inf"])
def test_what_is_no_time_is_a_mistake(cli: Cli, text: str) -> None:
    done = cli("rehearse", "--timeout", text)
    assert (done.code, done.out) == (2, "")
    assert "hint: write seconds, or 90s, 10m, 1h30m" in done.err


@pytest.mark.parametrize("names", ["", " ", ","])
@pytest.mark.parametrize("option", ["--platforms", "--force-platform"])
def test_an_empty_list_of_platforms_never_means_all_of_them(
    cli: Cli, project: Project, option: str, names: str
) -> None:
    project({"npm": {}, "pypi": {}})
    done = cli("deploy", "--yes", option, names)
    assert (done.code, done.out) == (2, "")
    assert "no platform is named" in done.err


def test_an_unknown_option_has_its_suggestion_in_the_hint(cli: Cli) -> None:
    done = cli("--colour", "always", "status")
    assert done.code == 2
    assert done.err == "error: no such option `--colour`\n\nhint: did you mean `--color`?\n"


def test_an_unknown_option_that_resembles_none_points_at_the_help(cli: Cli) -> None:
    assert "hint: `deployforge status -h` tells what it takes" in cli("status", "--xyzzy").err


def test_an_option_without_its_value_points_at_the_help_of_its_command(cli: Cli) -> None:
    assert "hint: `deployforge deploy -h` tells what it takes" in cli("deploy", "--from-stage").err


def test_a_missing_argument_is_one_sentence(cli: Cli) -> None:
    error = json.loads(cli("completion", "--json").out)["error"]
    assert error["message"] == "Missing argument 'SHELL'. Choose from: bash, zsh, fish, powershell"


def test_an_unknown_id_of_an_error_says_where_ids_come_from(cli: Cli) -> None:
    done = cli("help", "DF9999")
    assert done.code == 2
    assert "hint: an id ends the line of its error" in done.err


def test_an_unknown_channel_of_a_project_without_any_says_how_to_add_one(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("notify", "test", "slack")
    assert done.code != 0
    assert "hint: add `monitoring: {error_notifications: [slack]}`" in done.err


def test_a_far_fetched_suggestion_is_not_made(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("notify", "send", "nope", "text")
    assert "did you mean" not in done.err
    assert "hint: known: " in done.err


@pytest.mark.parametrize("words", [["logs", "9" * 30], ["runs", "--limit", "9" * 30]], ids=" ".join)
def test_a_number_that_is_far_too_large_is_a_mistake(cli: Cli, project: Project, words: list[str]) -> None:
    project({"npm": {}})
    assert cli("deploy", "--yes").code == 0
    done = cli(*words)
    assert done.code in (2, 3)
    assert "hint: " in done.err


@pytest.mark.parametrize("words", [["rehearse", "--report"], ["templates", "render", "--to"]], ids=" ".join)
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_done(
    cli: Cli, project: Project, words: list[str]
) -> None:
    project({"npm": {}})
    (cli.folder / "file").write_text("in the way")
    done = cli(*words, "file/folder")
    assert (done.code, done.out) == (2, "")
    assert "error: file/folder cannot be written" in done.err
    assert "build" not in done.err


@pytest.mark.parametrize("words", [[], ["deploy"], ["config", "check"], ["exit-codes"], ["DF0002"]], ids=" ".join)
def test_help_is_json_too(cli: Cli, words: list[str]) -> None:
    assert cli("help", *words, "--json").json["schema"].startswith("deployforge.")


def test_help_on_a_command_of_a_command(cli: Cli) -> None:
    assert "Usage: deployforge config check" in cli("help", "config", "check").out
    assert "did you mean `check`?" in cli("help", "config", "chek").err
    assert cli("help", "deploy", "check").code == 2


def test_the_version_of_the_program_is_json_too(cli: Cli) -> None:
    assert cli("--version", "--json").json["schema"] == "deployforge.version/1"
